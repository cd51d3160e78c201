// janus describe: answers about images, streamed as they come.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "cli/app/command.h"
#include "cli/app/question_style.h"
#include "cli/app/sampling_options.h"
#include "cli/app/window_options.h"
#include "cli/commands/choices.h"
#include "cli/io/image_input.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/io/safe_text.h"
#include "cli/io/text_stream.h"
#include "cli/io/wrapped_text.h"
#include "cli/model/builtin_limits.h"
#include "cli/model/chosen_model.h"
#include "cli/model/provenance.h"
#include "core/base/mapped_file.h"
#include "generator/engine/engine.h"

namespace janus::cli {
namespace {

struct DescribeSettings {
  std::vector<std::string> images;
  std::string prompt = DescribeOptions{}.prompt, style;
  std::string choices, by = "mean";
  SamplingSettings sampling{AnswerRequest{}.sampling};
  bool together = false, table = false, special_tokens = false;
  int draft = kAutoWindow;
  int64_t pixel_limit = kUsualPixelLimit;
  const OptionEntry* prompt_option = nullptr;
  const OptionEntry* style_option = nullptr;
  const OptionEntry* by_option = nullptr;
  const OptionSet* options = nullptr;
};

// What all questions of one run share.
struct DescribeRun {
  const DescribeSettings& settings;
  const CommonOptions& common;
  Console& console;
  ProgressDisplay& progress;
  const ChosenModel& chosen;
  Engine& engine;
  std::vector<std::string> choices{};
};

AnswerRequest request_of(const DescribeRun& run, std::span<const Image> images, uint32_t seed) {
  AnswerRequest request{
      .turns = {{.question = run.settings.prompt, .images = static_cast<int>(images.size())}},
      .max_tokens = static_cast<int>(run.common.max_tokens),
      .sampling = run.settings.sampling.with_seed(seed),
      .special_tokens = run.settings.special_tokens};
  for (const Image& image : images) {
    request.images.push_back(prompt_image(image, run.chosen.model->preprocess_config()));
  }
  return request;
}

Json record_of(const DescribeRun& run, const Json& image, const Answer& answer, uint32_t seed) {
  Json record;
  record["image"] = image;
  record["prompt"] = run.settings.prompt;
  record["text"] = answer.text;
  record["ids"] = answer.ids;
  record["finish_reason"] = answer.finish_reason == FinishReason::stop ? "stop" : "length";
  record["seed"] = seed;
  record.update(provenance_json(run.chosen, run.common));
  record["timings"] = timings_json(run.chosen.load_ms, answer.timings);
  return record;
}

// A question that stands where an image is expected.
void check_no_question(const std::string& path) {
  std::error_code fault;
  if (path.find(' ') == path.npos || path.find('/') != path.npos || std::filesystem::exists(path, fault))
    return;
  check(
      !std::filesystem::path(path).extension().empty() && !path.ends_with('?'),
      "picture {}: expected a file, found words, a question it seems; give it with -p, before or behind the "
      "images",
      path);
}

// An image's name before its answer: on a terminal a line end in it would make lines that look like others'.
std::string shown_name(const std::string& image, const DescribeRun& run) {
  return run.console.results_on_terminal() ? one_line(image) : image;
}

// Columns of a table that names take, with the gap behind them.
size_t name_columns(const DescribeRun& run) {
  size_t widest = 0;
  for (const std::string& image : run.settings.images)
    widest = std::max(widest, columns_of(shown_name(image, run)));
  return widest + 2;
}

// An answer as a cell of a table: one line, or on a terminal wrapped behind its name, and further out where
// names take most of the width.
std::string cell_of(std::string text, const DescribeRun& run) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  const size_t width = run.console.result_width(), column = name_columns(run);
  return width == 0 ? text : wrapped(text, width, column, std::min(column, width / 3));
}

// One of the given answers to the question.
void ask_for_choice(const DescribeRun& run, std::span<const Image> images, const Json& image,
                    TextStream& stream) {
  AnswerRequest question = request_of(run, images, 0);
  const ChooseBy by = choose_by(run.settings.by);
  run.progress.update("scoring the choices", 0, 0);
  const Choice choice = choose(run.engine,
                               {.turns = std::move(question.turns),
                                .images = std::move(question.images),
                                .special_tokens = question.special_tokens},
                               run.choices, by);
  run.progress.hide();
  if (run.common.json) {
    Json record{{"image", image}, {"prompt", run.settings.prompt}};
    record.update(choice_json(choice, by));
    record.update(provenance_json(run.chosen, run.common));
    print_json(record, run.console);
    return;
  }
  stream.add(choice.choices[choice.best].text);
  stream.end();
  for (const ScoredChoice& one : choice.choices) {
    run.console.detail(
        fmt::format("{}: log-probability {:.3f}, {:.3f} a token", one.text, one.score.total, one.mean()));
  }
}

// One question about the images at `paths`; the answer goes through `stream`, or out as a record whose
// image is `image`.
void ask(const DescribeRun& run, std::span<const std::string> paths, const Json& image, uint32_t seed,
         TextStream& stream) {
  std::vector<Image> images;
  for (const std::string& path : paths) {
    check_no_question(path);
    images.push_back(read_input_image(path, run.console, run.settings.pixel_limit));
  }
  if (!run.choices.empty()) return ask_for_choice(run, images, image, stream);
  AnswerSink sink{.on_progress = run.progress.callback()};
  if (!run.common.json && !run.settings.table) {
    sink.on_text = [&](std::string_view piece) {
      if (run.console.results_on_terminal()) run.progress.hide();
      stream.add(piece);
    };
  }
  const Answer answer = run.engine.answer(request_of(run, images, seed), std::move(sink));
  run.progress.hide();
  check_mapped_files();
  if (run.common.json) {
    print_json(record_of(run, image, answer, seed), run.console);
  } else if (run.settings.table) {
    stream.add(cell_of(answer.text, run));
    stream.end();
  } else {
    stream.end();
  }
  run.console.detail(describe_timings(answer.timings));
}

// A preset's question, or the one given.
std::string question_of(const DescribeSettings& settings) {
  if (!settings.style.empty() && !settings.prompt_option->on_command_line()) {
    return prompt_of_style(settings.style);
  }
  return settings.prompt;
}

void check_form(const DescribeSettings& settings, const CommonOptions& common) {
  const auto refuse = [](const char* option, const char* expected, const char* found) {
    throw UsageError(fmt::format("option {}, command line: expected {}, found {}; see janus describe --help",
                                 option, expected, found));
  };
  if (settings.prompt_option->on_command_line() && settings.style_option->on_command_line()) {
    refuse("--style", "either it or --prompt", "both");
  }
  if (settings.choices.empty() && settings.by_option->on_command_line())
    refuse("--choose-by", "--choices beside it", "none");
  for (const char* option : {"--temperature", "--top-k", "--top-p", "--draft"}) {
    if (!settings.choices.empty() && settings.options->given(option))
      refuse(option, "no --choices beside it, of which the likeliest is taken", "both");
  }
  if (settings.table && common.json) refuse("--table", "either it or --json", "both");
  if (settings.table && settings.together) refuse("--table", "an answer an image", "--together");
}

// What stands before the answer about image `index`.
std::string heading_of(const DescribeRun& run, size_t index) {
  const std::string name = shown_name(run.settings.images[index], run);
  if (!run.settings.table) return run.settings.images.size() > 1 ? name + ": " : "";
  return name + std::string(name_columns(run) - columns_of(name), ' ');
}

void tell_failure(const std::string& image, const std::string& fault, const CommonOptions& common,
                  Console& console) {
  console.error(fault);
  if (common.json) print_json({{"image", image}, {"error", fault}}, console);
}

// Whether no image is there to be asked about, which is told then. Throws Error where one of those that are
// asked about together is not.
bool all_absent(const DescribeSettings& settings, const CommonOptions& common, Console& console) {
  std::vector<std::string> faults;
  for (const std::string& image : settings.images) {
    const std::optional<std::string> fault = error_of([&] {
      check_no_question(image);
      check_image_is_there(image);
    });
    if (fault && settings.together) throw Error(*fault);
    if (!fault && !settings.together) return false;
    if (fault) faults.push_back(*fault);
  }
  for (size_t i = 0; i < faults.size(); ++i) tell_failure(settings.images[i], faults[i], common, console);
  return !faults.empty();
}

Outcome describe_each(const DescribeRun& run) {
  const std::vector<std::string>& images = run.settings.images;
  size_t failed = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    if (images.size() > 1) run.progress.begin_item("image", i, images.size());
    auto seed = static_cast<uint32_t>(run.common.seed + static_cast<int64_t>(i));
    TextStream stream(run.console, heading_of(run, i));
    std::optional<std::string> fault = error_of([&] { ask(run, {&images[i], 1}, images[i], seed, stream); });
    if (!fault) continue;
    ++failed;
    run.progress.hide();
    if (stream.begun()) stream.end();
    tell_failure(images[i], *fault, run.common, run.console);
  }
  if (failed == 0) return Outcome::done;
  return failed == images.size() ? Outcome::all_failed : Outcome::some_failed;
}

Outcome describe(DescribeSettings& settings, const CommonOptions& common, Console& console) {
  check_form(settings, common);
  settings.prompt = question_of(settings);
  std::vector<std::string> choices;
  if (!settings.choices.empty()) choices = read_choices(settings.choices, "--choices");
  if (all_absent(settings, common, console)) return Outcome::all_failed;
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  const size_t together = settings.together ? settings.images.size() : 1;
  ChosenModel chosen = open_chosen_model(
      common, {.prompt_images = static_cast<int>(together), .new_tokens = common.max_tokens}, console,
      progress.callback(),
      fmt::format(", which knows drawn shapes only, no photographs; for a real model: {}", kGetModel));
  progress.hide();
  tell_builtin_limits(chosen, settings.prompt, console);
  if (choices.empty()) console.notice(fmt::format("seed {}", common.seed));
  Engine engine(*chosen.model, {.answer_window = settings.draft});
  DescribeRun run{settings, common, console, progress, chosen, engine, choices};
  if (!settings.together) return describe_each(run);
  TextStream stream(console, "");
  ask(run, settings.images, settings.images, static_cast<uint32_t>(common.seed), stream);
  return Outcome::done;
}

}  // namespace

Command describe_command() {
  auto settings = std::make_shared<DescribeSettings>();
  return {
      .name = "describe",
      .summary = "answers a question about each image",
      .examples = {"janus describe photo.jpg",
                   "janus describe *.png -p \"What colour is the object?\" --json",
                   "janus describe before.png after.png --together -p \"What has changed?\"",
                   "janus describe *.jpg --style tags --table",
                   "janus describe photo.jpg -p \"Is there a dog?\" --choices Yes,No",
                   "curl -s https://example.org/cat.jpg | janus describe -"},
      .declare =
          [settings](OptionSet& options) {
            options.required_arguments("IMAGE", settings->images, "image files, - for one on standard input");
            settings->prompt_option =
                &options.option("-p,--prompt", "TEXT", prompt_text(settings->prompt), "the question");
            settings->style_option =
                &options.option("--style", "NAME", one_of(settings->style, question_styles()),
                                "a question made for you: {range}");
            settings->options = &options;
            options.option("--choices", "LIST", some_text(settings->choices),
                           "answer by the one of these that is likeliest, \"A,B,C\" or a JSON list; --json "
                           "has the log-probabilities of all");
            settings->by_option = &declare_choose_by(options, settings->by, "with --choices: ");
            options.flag("--table", settings->table, "a line an image: its name, and the answer in a column");
            declare_sampling(options, settings->sampling, Sampled::words);
            declare_special_tokens(options, settings->special_tokens);
            declare_draft(options, settings->draft);
            declare_pixel_limit(options, settings->pixel_limit);
            options.flag("--together", settings->together, "one question about all images at once");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return describe(*settings, common, console); },
      .notes = style_notes(),
      .unused = kAnswersOnly,
  };
}

}  // namespace janus::cli
