#include "cli/commands/score_texts.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/sources/image_run.h"
#include "cli/sources/sources.h"
#include "generator/engine/engine.h"

namespace janus::cli {
namespace {

Json record_of(const LoadedImage& image) { return {{"path", image.listed.path}, {"key", image.listed.key}}; }

Json scores_json(const std::vector<std::string>& texts, const std::vector<Score>& scores) {
  Json list = Json::array();
  for (size_t i = 0; i < texts.size(); ++i) {
    list.push_back({{"text", texts[i]},
                    {"ids", scores[i].ids},
                    {"logprobs", scores[i].logprobs},
                    {"total", scores[i].total}});
  }
  return list;
}

}  // namespace

Outcome score_texts(TextScoring& scoring, const CommonOptions& common, Console& console) {
  scoring.sources.seed = static_cast<uint32_t>(common.seed);
  check_sources(scoring.sources);
  ProgressDisplay display(console);
  display.update("loading the model", 0, 0);
  const ChosenModel chosen =
      open_chosen_model(common, {.prompt_images = 1, .new_tokens = 1}, console, display.callback());
  display.hide();
  Engine engine(*chosen.model);
  std::map<int64_t, std::vector<Score>> results;  // by place, of the image in work

  const auto prepare = [&](const Image& image) {
    return preprocess(image, chosen.model->preprocess_config());
  };
  // One after another: the engine reads the texts behind one look at the image.
  const auto work = [&](std::vector<LoadedImage>& images) {
    results.clear();
    for (LoadedImage& image : images) {
      if (!image.fault.empty()) continue;
      const std::optional<Fault> fault = fault_of([&] {
        results[image.listed.place] =
            engine.score({.turns = {{.question = scoring.prompt, .images = 1}},
                          .images = {std::make_shared<const std::vector<float>>(std::move(image.pixels))},
                          .answers = scoring.texts,
                          .special_tokens = scoring.special_tokens});
      });
      if (fault) image.fault = fmt::format("{}: {}", image.listed.key, fault->message);
    }
  };
  const auto write = [&](const LoadedImage& image) {
    Json record = record_of(image);
    if (image.fault.empty()) {
      record["scores"] = scores_json(scoring.texts, results.at(image.listed.place));
    } else {
      record["error"] = image.fault;
    }
    print_json(record, console);
  };
  const InterruptNotice interrupt;  // from here on one ends it in order
  FeedProgress progress;
  const FeedTerms terms{.phase = "scoring", .finished = "scored"};
  const ImageRun run{scoring.sources, terms, "janus score --image", /*batch=*/1, prepare, work, write};
  return run_images(run, interrupt, progress, console);
}

}  // namespace janus::cli
