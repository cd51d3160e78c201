// janus score: how likely the model finds a given answer, or a given image.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "cli/app/command.h"
#include "cli/app/sampling_options.h"
#include "cli/io/image_input.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "generator/engine/request.h"

namespace janus::cli {
namespace {

struct ScoreSettings {
  std::string image, text, codes, prompt;
  double guidance = ScoreRequest{}.guidance;
  bool special_tokens = false;
  const OptionEntry* guidance_option = nullptr;
};

[[noreturn]] void refuse(const std::string& expected, const std::string& found) {
  throw UsageError(
      fmt::format("command line: expected {}, found {}; see janus score --help", expected, found));
}

void check_form(const ScoreSettings& settings) {
  if (settings.image.empty() == settings.codes.empty()) {
    refuse("either --image or --codes", settings.image.empty() ? "neither" : "both");
  }
  if (settings.codes.empty()) {
    if (settings.text.empty()) refuse("--text beside --image", "none");
    if (settings.guidance_option->on_command_line())
      refuse("--cfg-scale beside --codes alone", "it beside --image");
  } else {
    if (settings.prompt.empty()) refuse("--prompt beside --codes", "none");
    if (!settings.text.empty()) refuse("--text beside --image alone", "it beside --codes");
  }
}

void print_score(const char* what, const Score& score, Console& console) {
  print_json({{what, score.ids}, {"logprobs", score.logprobs}, {"total", score.total}}, console);
}

Outcome score_text(const ScoreSettings& settings, const CommonOptions& common, Console& console) {
  Image image = read_input_image(settings.image, console);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen =
      open_chosen_model(common, {.prompt_images = 1, .new_tokens = 1}, console, progress.callback());
  progress.update("scoring the text", 0, 0);
  std::string prompt = settings.prompt.empty() ? DescribeOptions{}.prompt : settings.prompt;
  const std::vector<Score> scores =
      chosen.model->score({.turns = {{.question = prompt, .images = 1}},
                           .images = {prompt_image(image, chosen.model->preprocess_config())},
                           .answers = {settings.text},
                           .special_tokens = settings.special_tokens});
  progress.hide();
  print_score("ids", scores.front(), console);
  return Outcome::done;
}

Outcome score_codes(const ScoreSettings& settings, const CommonOptions& common, Console& console) {
  ImageCodes codes = read_codes(settings.codes);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen = open_chosen_model(common, {.generated_images = 1}, console, progress.callback());
  progress.update("scoring the codes", 0, 0);
  const std::vector<Score> scores = chosen.model->score({.prompt = settings.prompt,
                                                         .codes = std::move(codes),
                                                         .guidance = static_cast<float>(settings.guidance),
                                                         .special_tokens = settings.special_tokens});
  progress.hide();
  print_score("codes", scores.front(), console);
  return Outcome::done;
}

void declare(const std::shared_ptr<ScoreSettings>& settings, OptionSet& options) {
  options.option("--image", "IMAGE", some_text(settings->image),
                 "score --text as the answer about this image");
  options.option("--text", "TEXT", some_text(settings->text), "the answer, exactly as it would be written");
  options.option("--codes", "FILE", some_text(settings->codes), "score this image, a file of janus encode");
  options.option("-p,--prompt", "TEXT", prompt_text(settings->prompt, DescribeOptions{}.prompt),
                 "the question {default}, or what the image was to show");
  declare_special_tokens(options, settings->special_tokens);
  settings->guidance_option =
      &declare_guidance(options, settings->guidance, "with --codes: score under guidance, {range}; 1 = none");
}

}  // namespace

Command score_command() {
  auto settings = std::make_shared<ScoreSettings>();
  return {
      .name = "score",
      .summary = "log-probability of an answer about an image, or of an image given a prompt",
      .examples = {"janus score --image photo.jpg --text \"A cat.\"",
                   "janus score --image photo.jpg -p \"Cat or dog?\" --text \"Cat\"",
                   "janus score -p \"a red circle on a white background\" --codes codes.json --cfg-scale 5"},
      .declare = [settings](OptionSet& options) { declare(settings, options); },
      .run =
          [settings](const CommonOptions& common, Console& console) {
            check_form(*settings);
            return settings->codes.empty() ? score_text(*settings, common, console)
                                           : score_codes(*settings, common, console);
          },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
