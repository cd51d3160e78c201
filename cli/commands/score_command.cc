// janus score: how likely the model finds a given answer, or a given image.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/app/command.h"
#include "cli/app/sampling_options.h"
#include "cli/commands/score_lines.h"
#include "cli/commands/score_texts.h"
#include "cli/io/image_input.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/sources/source_options.h"
#include "cli/sources/sources.h"
#include "core/base/error.h"
#include "generator/engine/request.h"
#include "generator/settings_text.h"

namespace janus::cli {
namespace {

struct ScoreSettings {
  TextScoring about;  // images, and answers about them
  std::string lines;  // or a list of questions
  std::string by = "mean";
  std::string codes, made;  // or an image as codes, or as a file, that a prompt was to give
  std::string prompt, negative_prompt;
  double guidance = ScoreRequest{}.guidance;
  bool special_tokens = false;
  const OptionEntry* guidance_option = nullptr;
  const OptionEntry* by_option = nullptr;
};

[[noreturn]] void refuse(const std::string& expected, const std::string& found) {
  throw UsageError(
      fmt::format("command line: expected {}, found {}; see janus score --help", expected, found));
}

void check_form(const ScoreSettings& settings) {
  std::string given;
  for (const auto& [name, there] :
       {std::pair("IMAGE", !settings.made.empty()),
        std::pair("--image", !settings.about.sources.paths.empty()),
        std::pair("--codes", !settings.codes.empty()), std::pair("--jsonl", !settings.lines.empty())}) {
    if (there) given += (given.empty() ? "" : " and ") + std::string(name);
  }
  if (given.empty() || given.find(' ') != std::string::npos) {
    refuse(
        "one of IMAGE and --codes (an image that is scored), --image (one that --text is about) and --jsonl "
        "(a list of questions)",
        given.empty() ? "none" : given);
  }
  const SourceSettings& sources = settings.about.sources;
  if (!sources.paths.empty()) {
    if (settings.about.texts.empty()) refuse("--text beside --image", "none");
    if (settings.guidance_option->on_command_line())
      refuse("--cfg-scale beside IMAGE or --codes alone", "it beside --image");
  } else {
    if (settings.prompt.empty() && !settings.codes.empty()) refuse("--prompt beside --codes", "none");
    if (!settings.lines.empty() && settings.guidance_option->on_command_line())
      refuse("--cfg-scale beside IMAGE or --codes alone", "it beside --jsonl");
    if (!settings.about.texts.empty()) refuse("--image IMAGE beside --text", "it beside " + given);
    if (chooses_images(sources)) refuse("--where and its like beside --image alone", "them beside " + given);
  }
  if (settings.lines.empty() && settings.by_option->on_command_line())
    refuse("--choose-by beside --jsonl alone", "it beside " + given);
}

Outcome score_list(const ScoreSettings& settings, const CommonOptions& common, Console& console) {
  return score_lines({.path = settings.lines,
                      .prompt = settings.prompt.empty() ? DescribeOptions{}.prompt : settings.prompt,
                      .by = choose_by(settings.by),
                      .special_tokens = settings.special_tokens,
                      .pixel_limit = settings.about.sources.pixel_limit},
                     common, console);
}

void print_score(const char* what, const Score& score, Console& console) {
  print_json({{what, score.ids}, {"logprobs", score.logprobs}, {"total", score.total}}, console);
}

Outcome score_text(ScoreSettings& settings, const CommonOptions& common, Console& console) {
  TextScoring& about = settings.about;
  about.prompt = settings.prompt.empty() ? DescribeOptions{}.prompt : settings.prompt;
  about.special_tokens = settings.special_tokens;
  if (!is_one_image(about.sources) || about.texts.size() > 1) {
    if (std::count(about.sources.paths.begin(), about.sources.paths.end(), "-") > 0)
      refuse("--image - with one --text (@- is a list of paths on standard input)", "more");
    return score_texts(about, common, console);
  }
  Image image = read_input_image(about.sources.paths.front(), console, about.sources.pixel_limit);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen =
      open_chosen_model(common, {.prompt_images = 1, .new_tokens = 1}, console, progress.callback());
  progress.update("scoring the text", 0, 0);
  const std::vector<Score> scores =
      chosen.model->score({.turns = {{.question = about.prompt, .images = 1}},
                           .images = {prompt_image(image, chosen.model->preprocess_config())},
                           .answers = about.texts,
                           .special_tokens = about.special_tokens});
  progress.hide();
  print_score("ids", scores.front(), console);
  return Outcome::done;
}

// Takes from a generated image what it was to show, where the command line has no prompt.
void take_prompt(ScoreSettings& settings, const ImageInput& file) {
  if (!settings.prompt.empty()) return;
  const Json found = settings_of(file.text()).value_or(Json::object());
  settings.prompt = text_setting(found, "prompt");
  check(!settings.prompt.empty(),
        "image, {}: expected the prompt of janus generate in it, found none; say with -p what it was to show",
        settings.made);
  settings.negative_prompt = text_setting(found, "negative_prompt");
  settings.special_tokens = settings.special_tokens || found.value("special_tokens", Json()) == true;
}

Outcome score_image(ScoreSettings& settings, const CommonOptions& common, Console& console) {
  ImageCodes codes;
  Image image;
  if (settings.made.empty()) {
    codes = read_codes(settings.codes);
  } else {
    const ImageInput file(settings.made);
    take_prompt(settings, file);
    image = file.image(console, settings.about.sources.pixel_limit);
  }
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen = open_chosen_model(common, {.generated_images = 1, .encodes = !settings.made.empty()},
                                         console, progress.callback());
  progress.update("scoring the picture", 0, 0);
  if (!settings.made.empty()) codes = chosen.model->need_image_coder().encode(image);
  // Without guidance there is nothing to lead away from.
  const std::string negative_prompt = settings.guidance == 1 ? "" : settings.negative_prompt;
  const std::vector<Score> scores = chosen.model->score({.prompt = settings.prompt,
                                                         .negative_prompt = negative_prompt,
                                                         .codes = std::move(codes),
                                                         .guidance = static_cast<float>(settings.guidance),
                                                         .special_tokens = settings.special_tokens});
  progress.hide();
  print_score("codes", scores.front(), console);
  return Outcome::done;
}

void declare(const std::shared_ptr<ScoreSettings>& settings, OptionSet& options) {
  options.argument("IMAGE", input_path(settings->made),
                   "score this image, as encode turns it into codes; - for standard input");
  options.values("--image", "IMAGE", input_paths(settings->about.sources.paths),
                 fmt::format("score --text as the answer about this image, - for standard input; or a line "
                             "an image about many: {}, @- for such a list on standard input; may be "
                             "repeated",
                             kSourceHelp));
  options.values("--text", "TEXT", settings->about.texts,
                 "the answer, exactly as it would be written; may be repeated, for scores of several");
  options.option("--jsonl", "FILE", input_path(settings->lines),
                 "score a list: objects with image (a path, or several; from FILE's folder), prompt, and "
                 "choices, of which the likeliest is told, or texts, each scored exactly as it is written; - "
                 "for standard input");
  settings->by_option = &declare_choose_by(options, settings->by, "with --jsonl: ");
  options.option("--codes", "FILE", input_path(settings->codes),
                 "score this image, a file of janus encode; - for standard input");
  options.option("-p,--prompt", "TEXT", prompt_text(settings->prompt, DescribeOptions{}.prompt),
                 "the question {default}, or what the image was to show (default of IMAGE: what its settings "
                 "say, where janus generate wrote it)");
  declare_special_tokens(options, settings->special_tokens);
  declare_sources(options, settings->about.sources);
  settings->guidance_option = &declare_guidance(
      options, settings->guidance, "with IMAGE or --codes: score under guidance, {range}; 1 = none");
}

}  // namespace

Command score_command() {
  auto settings = std::make_shared<ScoreSettings>();
  return {
      .name = "score",
      .summary = "log-probability of an answer about an image, or of an image given a prompt",
      .examples = {"janus score --image photo.jpg --text \"A cat.\"",
                   "janus score --image photos/ -p \"Cat or dog?\" --text Cat --text Dog",
                   "janus score --jsonl questions.jsonl > scores.jsonl", "janus score out.png",
                   "janus score -p \"a red circle on a white background\" photo.jpg",
                   "janus score -p \"a red circle on a white background\" --codes codes.json --cfg-scale 5"},
      .declare = [settings](OptionSet& options) { declare(settings, options); },
      .run =
          [settings](const CommonOptions& common, Console& console) {
            check_form(*settings);
            if (!settings->lines.empty()) return score_list(*settings, common, console);
            return settings->about.sources.paths.empty() ? score_image(*settings, common, console)
                                                         : score_text(*settings, common, console);
          },
      .unused = {"--max-tokens", "--vae"},
  };
}

}  // namespace janus::cli
