#include "cli/commands/score_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "cli/io/image_input.h"
#include "cli/io/interrupt.h"
#include "cli/io/progress.h"
#include "cli/io/text_lines.h"
#include "cli/model/chosen_model.h"
#include "cli/model/provenance.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

constexpr const char* kCorrect = "correct the line";

struct Line {
  int64_t number = 0;
  Json item;
  std::vector<std::string> images, texts;
  std::string prompt;
  bool chooses = false;
};

// One text, or a list of them; nothing where the key is absent.
std::vector<std::string> texts_of(const JsonObject& object, const char* key) {
  if (!object.contains(key)) return {};
  const nlohmann::json& value = object.json().at(key);
  if (value.is_string()) return {value.get<std::string>()};
  const bool texts =
      value.is_array() && std::all_of(value.begin(), value.end(), [](auto& one) { return one.is_string(); });
  check(texts, "{}: expected a text or a list of texts as \"{}\", found {}; {}", object.where(), key,
        excerpt(value), kCorrect);
  return value.get<std::vector<std::string>>();
}

// A path of the list counts from the list's folder.
std::string beside_list(const std::string& list, const std::string& path) {
  const std::filesystem::path given(path);
  return given.is_absolute() || list == "-" ? path
                                            : (std::filesystem::path(list).parent_path() / given).string();
}

Line read_line(const LineScoring& scoring, const std::string& text, const std::string& where) {
  const nlohmann::json json = parse_json(text, where, DuplicateKeys::last_wins, kCorrect);
  const JsonObject object(json, where, kCorrect);
  Line line;
  line.item = parse_json<Json>(text, where, DuplicateKeys::last_wins, kCorrect);
  for (const std::string& image : texts_of(object, "image")) {
    check(!image.empty() && image != "-" && image.find('\0') == std::string::npos,
          "{}: expected an image's path as \"image\", found \"{}\"; {}", where, image, kCorrect);
    line.images.push_back(beside_list(scoring.path, image));
  }
  line.prompt = object.string("prompt", scoring.prompt);
  check(!is_blank(line.prompt), "{}: expected a question as \"prompt\", found none; {}", where, kCorrect);
  line.chooses = object.contains("choices");
  check(line.chooses != object.contains("texts"),
        "{}: expected \"choices\" (one of which is the answer) or \"texts\" (each is scored), found {}; {}",
        where, line.chooses ? "both" : "neither", kCorrect);
  line.texts = texts_of(object, line.chooses ? "choices" : "texts");
  if (line.chooses) {
    const std::string fault = fault_of_choices(line.texts);
    check(fault.empty(), "{}: expected two different answers or more as \"choices\", found {}; {}", where,
          fault, kCorrect);
  }
  check(!line.texts.empty() &&
            std::none_of(line.texts.begin(), line.texts.end(), [](auto& one) { return one.empty(); }),
        "{}: expected texts that are not empty, found {}; {}", where,
        line.texts.empty() ? "no text" : "an empty one", kCorrect);
  return line;
}

std::vector<Line> read_lines(const LineScoring& scoring) {
  std::vector<Line> lines;
  for (const auto& [line, number, where] : read_text_lines(scoring.path, "questions")) {
    check(is_utf8(line), "{}: expected text in UTF-8, found other bytes; {}", where, kCorrect);
    lines.push_back(read_line(scoring, line, where));
    lines.back().number = number;
  }
  check(!lines.empty(),
        "questions, {}: expected at least one line, found none; write objects with \"image\", \"prompt\" and "
        "\"choices\" or \"texts\"",
        scoring.path);
  return lines;
}

// Images of the line before, which benchmarks often ask about again.
class LastImages {
 public:
  LastImages(const ChosenModel& chosen, int64_t pixel_limit, Console& console)
      : chosen_(chosen), pixel_limit_(pixel_limit), console_(console) {}

  std::vector<PromptImage> of(const std::vector<std::string>& paths) {
    std::map<std::string, PromptImage> images;
    std::vector<PromptImage> found;
    for (const std::string& path : paths) {
      auto known = last_.find(path);
      images[path] = known != last_.end() ? known->second
                                          : prompt_image(read_input_image(path, console_, pixel_limit_),
                                                         chosen_.model->preprocess_config());
      found.push_back(images[path]);
    }
    last_ = std::move(images);
    return found;
  }

 private:
  const ChosenModel& chosen_;
  int64_t pixel_limit_;
  Console& console_;
  std::map<std::string, PromptImage> last_;
};

void score_line(const LineScoring& scoring, const Line& line, Engine& engine, LastImages& images,
                Json& record) {
  ScoreRequest request{.turns = {{.question = line.prompt, .images = static_cast<int>(line.images.size())}},
                       .images = images.of(line.images),
                       .special_tokens = scoring.special_tokens};
  if (line.chooses) {
    record.update(choice_json(choose(engine, std::move(request), line.texts, scoring.by), scoring.by));
    return;
  }
  request.answers = line.texts;
  const std::vector<Score> scores = engine.score(std::move(request));
  Json list = Json::array();
  for (size_t i = 0; i < scores.size(); ++i) list.push_back(scored_json(line.texts[i], scores[i]));
  record["scores"] = std::move(list);
}

}  // namespace

Outcome score_lines(const LineScoring& scoring, const CommonOptions& common, Console& console) {
  const std::vector<Line> lines = read_lines(scoring);
  size_t most_images = 1;
  for (const Line& line : lines) most_images = std::max(most_images, line.images.size());
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  const ChosenModel chosen =
      open_chosen_model(common, {.prompt_images = static_cast<int>(most_images), .new_tokens = 1}, console,
                        progress.callback());
  Engine engine(*chosen.model);
  LastImages images(chosen, scoring.pixel_limit, console);
  const InterruptNotice interrupt;  // from here on one ends it in order
  size_t done = 0, failed = 0;
  for (; done < lines.size() && !interrupt.came(); ++done) {
    const Line& line = lines[done];
    progress.update("scoring", static_cast<int64_t>(done), static_cast<int64_t>(lines.size()));
    Json record{{"line", line.number}, {"item", line.item}};
    const std::optional<std::string> fault =
        error_of([&] { score_line(scoring, line, engine, images, record); });
    if (fault) {
      ++failed;
      record["error"] = *fault;
      progress.hide();
      console.error(fmt::format("{} line {}: {}", scoring.path, line.number, *fault));
    }
    record.update(provenance_json(chosen, common));
    print_json(record, console);
  }
  progress.hide();
  console.notice(fmt::format("{} of {} questions are scored, {} failed{}", done - failed, lines.size(),
                             failed, done < lines.size() ? "; stopped before the end" : ""));
  if (failed == 0) return Outcome::done;
  return failed == lines.size() ? Outcome::all_failed : Outcome::some_failed;
}

}  // namespace janus::cli
