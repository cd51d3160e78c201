// janus caption: captions for folders, lists and archives of images, in runs that may be broken off at any
// time.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/app/command.h"
#include "cli/app/question_style.h"
#include "cli/app/window_options.h"
#include "cli/caption/pipeline.h"
#include "cli/caption/questions.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/interrupt.h"
#include "cli/io/output_file.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/sources/feed_report.h"
#include "cli/sources/file_kind.h"
#include "cli/sources/source_options.h"
#include "cli/sources/sources.h"
#include "core/base/error.h"
#include "generator/builtin_model.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {
namespace {

// The command line as it is typed, before it is known to make sense.
struct CaptionWords {
  CaptionSettings settings;
  QuestionWords questions;
};

void require(bool condition, const std::string& option, const std::string& expected,
             const std::string& found) {
  if (condition) return;
  throw UsageError(fmt::format("option {}, command line: expected {}, found {}; see janus caption --help",
                               option, expected, found));
}

// What can be told to be wrong from the command line alone.
void check_words(const CaptionWords& words) {
  const CaptionSettings& settings = words.settings;
  const std::string& output = settings.output;
  require(output.empty() || output == kStandardStream || is_record_list_name(output), "-o",
          "a name that ends in .jsonl or .ndjson, or -", "\"" + output + "\"");
  require(settings.csv.empty() || (!output.empty() && output != kStandardStream), "--csv",
          "-o with a file beside it", "none");
  require(!settings.prune || (!output.empty() && output != kStandardStream), "--prune",
          "-o with a file beside it", "none");
  require(settings.csv.empty() || has_extension(settings.csv, ".csv"), "--csv", "a name that ends in .csv",
          "\"" + settings.csv + "\"");
  for (const std::string& path : settings.sources.paths) {
    if (path.empty())
      throw UsageError(
          "argument PATH, command line: expected some text, found none; see janus caption --help");
    require(settings.sidecar.empty() || !is_archive_name(path), "--sidecar", "pictures in files of their own",
            "\"" + path + "\"");
  }
}

// Lists, pictures and questions that are files of their own.
void check_not_inputs(const CaptionWords& words) {
  std::vector<std::string> inputs = input_files(words.settings.sources);
  if (!words.questions.prompt_file.empty()) inputs.push_back(words.questions.prompt_file);
  if (!words.settings.output.empty()) check_not_input(words.settings.output, inputs);
  if (!words.settings.output.empty()) inputs.push_back(words.settings.output);
  if (!words.settings.csv.empty()) check_not_input(words.settings.csv, inputs);
}

std::string summary(const CaptionProgress& progress, int64_t pruned, bool stopped) {
  std::string text = feed_counts(progress, "captioned");
  if (pruned > 0) text += fmt::format(", {} {} pruned", pruned, pruned == 1 ? "record" : "records");
  if (stopped)
    text += "; stopped before the end: the same command goes on from here";
  else if (progress.errors() > progress.transient)
    text += "; --retry-errors tries the errors again";
  else if (progress.errors() > 0)
    text += "; the same command tries the errors again";
  return text;
}

Outcome outcome_of(const CaptionProgress& progress, const CaptionOutput& output) {
  const bool faults =
      progress.failed + progress.still_failed + progress.source_faults + output.sidecar_faults() > 0;
  return faults ? Outcome::some_failed : Outcome::done;
}

// A folder stands for a file in it.
bool place_in_folder(std::string& path, const char* name) {
  if (!is_folder_name(path)) return false;
  path = (std::filesystem::path(path) / name).string();
  return true;
}

Outcome caption(CaptionWords& words, const CommonOptions& common, Console& console) {
  words.settings.replacing.settle();
  words.questions.settle();
  const bool in_folder = place_in_folder(words.settings.output, "captions.jsonl");
  const bool table_in_folder = place_in_folder(words.settings.csv, "captions.csv");
  check_words(words);
  CaptionSettings settings = words.settings;
  settings.asks = read_questions(words.questions);
  const auto seed = static_cast<uint32_t>(common.seed);
  settings.sources.seed = seed;
  check_sources(settings.sources);
  check_not_inputs(words);
  if (in_folder) make_folders(folder_of(settings.output));
  if (table_in_folder) make_folders(folder_of(settings.csv));

  RunFacts facts{.model = name_of_model(common.model),
                 .fingerprint = {},
                 .type = common.type,
                 .device = {},
                 .prompt_hash = prompt_hash(settings, common.max_tokens, seed),
                 .max_tokens = common.max_tokens,
                 .seed = seed};
  CaptionOutput output(settings, facts, console);
  FoundModel found_model = find_model(common, console);
  facts.fingerprint = found_model.fingerprint;
  output.go_on();
  CaptionProgress progress;
  ProgressDisplay display(console);
  const ChosenModel chosen = open_chosen_model(
      std::move(found_model), common,
      {.prompt_images = 1, .new_tokens = common.max_tokens, .rows = static_cast<int>(settings.batch)},
      console, display.callback(),
      fmt::format(", which knows drawn shapes only, no photographs; for a real model: {}", kGetModel));
  display.hide();
  facts.load_ms = chosen.load_ms;
  facts.device = chosen.model->device().name();

  std::vector<AnswerRequest> questions;
  for (const Ask& ask : settings.asks) {
    questions.push_back({.turns = {{.question = ask.prompt, .images = 1}},
                         .max_tokens = static_cast<int>(common.max_tokens),
                         .sampling = settings.sampling.with_seed(seed),
                         .special_tokens = settings.special_tokens});
    check_answer_prompt(chosen.model->engine_model(), questions.back());
  }
  const InterruptNotice interrupt;  // from here on one ends it in order
  display.follow([&progress, watch = FeedWatch()] {
    return watch.status_of(
        progress,
        {.phase = "captioning", .finished = "captioned", .unit = "tokens", .units = progress.tokens});
  });
  run_captions(
      {settings, *chosen.model, questions, output, console, progress, [&] { return interrupt.came(); }});
  const int64_t pruned = progress.listed_all ? output.prune() : 0;
  output.finish();
  display.hide();
  const bool found = progress.done() + progress.source_faults > 0 || interrupt.came();
  if (!found)
    throw Error(nothing_found("janus caption", settings.sources.paths.front(), progress.passed_over));
  console.notice(summary(progress, pruned, interrupt.came()));
  return outcome_of(progress, output);
}

void declare(OptionSet& options, CaptionWords& words) {
  CaptionSettings& settings = words.settings;
  options.required_arguments("PATH", settings.sources.paths,
                             std::string(kSourceHelp) + ", - for such a list on standard input");
  options.option(
      "-o,--output", "FILE", some_text(settings.output),
      "records, one JSON object a line; a file that is there is gone on with; a folder for captions.jsonl in "
      "it (default: standard output)");
  declare_questions(options, words.questions);
  options.option("--sidecar", "EXT", one_of(settings.sidecar, {".txt", ".caption", ".json"}),
                 "a file beside each picture: {range}; pictures that have one are passed over");
  options.flag(
      "--sidecar-anywhere", settings.sidecar_anywhere,
      "beside pictures that a list names outside its own folder, too (of - outside the current one)");
  declare_replacing(options, settings.replacing, "replace sidecars that are there");
  options.option("--csv", "FILE", some_text(settings.csv), "a table of all records too, written at the end");
  options.flag("--retry-errors", settings.retry_errors,
               "try every picture again whose record is an error, not only those that could not be read");
  options.flag("--mixed", settings.mixed,
               "ask every picture, beside records of another model or question in the same output");
  options.flag("--prune", settings.prune, "drop the records of pictures that are gone");
  options.option("-b,--batch", "N", number(settings.batch, {1, 256}), "answers drawn at once, {range}");
  declare_sources(options, settings.sources);
  declare_sampling(options, settings.sampling, Sampled::words);
  declare_special_tokens(options, settings.special_tokens);
  declare_draft(options, settings.draft);
}

}  // namespace

Command caption_command() {
  auto words = std::make_shared<CaptionWords>();
  return {
      .name = "caption",
      .summary = "captions folders, lists and archives of pictures; goes on where it stopped",
      .examples =
          {"janus caption photos/ -o captions.jsonl",
           "janus caption photos/ --sidecar .txt --style tags --split , --prefix ohwx",
           "janus caption 'shards/*.tar' -o captions.jsonl --ask short=\"Describe it briefly.\" --ask "
           "text=\"What is written in it?\"",
           "find . -name '*.jpg' -print0 | janus caption - -0 -o captions.jsonl --shard 1/4"},
      .declare = [words](OptionSet& options) { declare(options, *words); },
      .run =
          [words](const CommonOptions& common, Console& console) {
            Outcome outcome{};
            with_records([&] { outcome = caption(*words, common, console); });
            return outcome;
          },
      .notes = style_notes(),
      .unused = {"--json", "--vae"},
  };
}

}  // namespace janus::cli
