#include "cli/generate/work_list.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "cli/app/command.h"
#include "cli/generate/output_names.h"
#include "cli/generate/prompt_slip.h"
#include "cli/generate/read_settings.h"
#include "cli/io/file_names.h"
#include "cli/io/image_output.h"
#include "cli/io/output_file.h"
#include "cli/io/output_pattern.h"
#include "cli/io/text_lines.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& expected, const std::string& found) {
  throw UsageError(fmt::format("option {}, command line: expected {}, found {}; see janus generate --help",
                               option, expected, found));
}

// Options whose other one is missing are refused, not passed over.
void check_beside(const std::vector<const OptionEntry*>& options, const char* other, bool there) {
  for (const OptionEntry* option : options) {
    if (!there && option->on_command_line())
      refuse(option->long_name(), std::string(other) + " beside it", "none");
  }
}

void check_layout(const GenerateSettings& settings) {
  const Layout layout = layout_of(settings.layout);
  if (layout == Layout::numbered) return;
  if (!is_folder_name(settings.output)) refuse("--layout", "a folder (NAME/) as -o", settings.output);
  if (layout != Layout::dpg) return;
  constexpr const char* kNone = "no --layout dpg beside it, which puts several images on one";
  if (settings.best_of > 0) refuse("--best-of", kNone, "both");
  if (!settings.codes_output.empty()) refuse("--codes-out", kNone, "both");
  if (settings.enlarge > 1) refuse("--upscale", kNone, "both");
  if (settings.count > kLayoutImages) {
    refuse("--batch-count", fmt::format("at most {} images on one", kLayoutImages),
           std::to_string(settings.count));
  }
}

void check_forms(const GenerateSettings& settings, const CommonOptions& common) {
  const bool list = !settings.prompts.empty();
  if (settings.prompt.empty() && !list && settings.from.empty()) {
    throw UsageError(
        "argument PROMPT, command line: expected one (what the image shows), found none; see janus generate "
        "--help");
  }
  if (!settings.prompt.empty() && list) refuse("--prompts", "no PROMPT beside it", "both");
  if (list && settings.output.empty()) refuse("--output", "a folder for the images of a list", "none");
  const bool streams = settings.output == kStandardStream || settings.codes_output == kStandardStream;
  require_one_on_stream(settings.output, common.json);
  require_one_on_stream(settings.codes_output, common.json);
  if (streams && list) refuse("--prompts", "images in files", "-");
  if (!settings.negative_prompt.empty() && settings.guidance == 1) {
    refuse("--negative-prompt", "a --cfg-scale other than 1", "1, which leads away from nothing");
  }
  if (streams && settings.count > 1) {
    refuse("--batch-count", "1 image for standard output", std::to_string(settings.count));
  }
  if (streams && settings.keep > 1)
    refuse("--keep", "1 image for standard output", std::to_string(settings.keep));
  if (!settings.codes_output.empty() && settings.output == settings.codes_output &&
      !is_folder_name(settings.output))
    refuse("--codes-out", "another name than --output", "the same");
  if (settings.best_of > 0 && settings.count > 1) {
    refuse("--best-of", "no --batch-count beside it (--keep says how many are kept)", "both");
  }
  if (settings.best_of > 0 && settings.keep > settings.best_of) {
    refuse("--keep", fmt::format("at most the {} of --best-of", settings.best_of),
           std::to_string(settings.keep));
  }
  check_layout(settings);
  check_beside(settings.with_best_of, "--best-of", settings.best_of > 0);
  check_beside(settings.with_prompts, "--prompts", list);
  check_beside(settings.with_preview, "--preview", !settings.preview.empty());
  if (settings.preview == kStandardStream) refuse("--preview", "a file", "-");
  if (settings.records == kStandardStream) refuse("--records", "a file", "-");
}

// A line of a list before numbers and names are given out.
struct ListLine {
  WorkItem item;
  int64_t kept = 1;
  std::optional<uint32_t> seed{};
  std::string output{};  // a name of its own
};

// The list may come from elsewhere: it names files in the folder of OUT, and no others.
void check_own_output(const std::string& output, const std::string& where) {
  const std::filesystem::path path(output);
  const bool within = path.is_relative() && output != kStandardStream &&
                      output.find('\0') == std::string::npos &&
                      std::find(path.begin(), path.end(), "..") == path.end();
  check(within && OutputPattern::well_formed(output) && image_format_of(output).has_value(),
        "{}: expected a picture's name in the folder of -o as \"output\", found \"{}\"; correct the "
        "line",
        where, output);
}

ListLine read_json_line(const GenerateSettings& settings, const std::string& text, const std::string& where) {
  constexpr const char* kCorrect = "correct the line";
  const nlohmann::json json = parse_json(text, where, DuplicateKeys::last_wins, kCorrect);
  const JsonObject line(json, where, kCorrect);
  for (const auto& [key, value] : json.items()) {
    check(is_known_key(key), "{}: expected keys among {}, found \"{}\"; {}", where, setting_keys(), key,
          kCorrect);
  }
  ListLine result;
  result.item = item_of(settings, "");
  WorkItem& item = result.item;
  read_settings(line, kCorrect, item);
  check(!item.best_of || !line.contains("count"),
        "{}: expected no \"count\" with --best-of, found one; --keep says how many are kept", where);
  item.count = line.integer("count", item.count, kImageCounts.low, kImageCounts.high);
  if (line.contains("seed"))
    result.seed = static_cast<uint32_t>(line.required_integer("seed", kSeeds.low, kSeeds.high));
  result.output = line.string("output", "");
  if (!result.output.empty()) check_own_output(result.output, where);
  return result;
}

std::vector<ListLine> read_benchmark(const GenerateSettings& settings, Layout layout) {
  const std::filesystem::path folder = std::filesystem::path(list_output(settings.output)).parent_path();
  std::vector<ListLine> lines;
  for (LayoutPrompt& prompt : read_layout_prompts(layout, settings.prompts)) {
    ListLine& line = lines.emplace_back(ListLine{.item = item_of(settings, prompt.prompt)});
    line.output = std::move(prompt.output);
    line.item.tiled = layout == Layout::dpg;
    line.kept = line.item.best_of ? settings.keep : line.item.tiled ? 1 : line.item.count;
    for (Companion& companion : prompt.beside)
      line.item.beside.push_back({(folder / companion.path).string(), std::move(companion.text)});
  }
  return lines;
}

std::vector<ListLine> read_list(const GenerateSettings& settings) {
  if (const Layout layout = layout_of(settings.layout); layout != Layout::numbered)
    return read_benchmark(settings, layout);
  const std::string& path = settings.prompts;
  const std::vector<TextLine> texts = read_text_lines(path, "prompts");
  const bool json = path == "-" ? !texts.empty() && strip_left(texts.front().text).starts_with('{')
                                : has_extension(path, ".jsonl") || has_extension(path, ".ndjson") ||
                                      has_extension(path, ".json");
  std::vector<ListLine> lines;
  for (const auto& [line, number, where] : texts) {
    check(is_utf8(line), "{}: expected text in UTF-8, found other bytes; check that it is a list of prompts",
          where);
    lines.push_back(json ? read_json_line(settings, line, where) : ListLine{.item = item_of(settings, line)});
    lines.back().kept = lines.back().item.best_of ? settings.keep : lines.back().item.count;
  }
  check(!lines.empty(), "prompts, {}: expected at least one prompt, found none; write one a line", path);
  return lines;
}

void name_outputs(std::vector<ListLine>& lines, const GenerateSettings& settings, const CommonOptions& common,
                  const OutputNames& made, std::vector<WorkItem>& work) {
  int64_t all = 0, index = 0, seeds_used = 0;
  for (const ListLine& line : lines) all += line.kept;
  check(all <= kMostImages, "prompts, {}: expected at most {} images, found {}; split the list",
        settings.prompts, kMostImages, all);
  std::set<std::string> names;
  for (ListLine& line : lines) {
    WorkItem& item = line.item;
    item.seed = line.seed.value_or(static_cast<uint32_t>(common.seed + seeds_used));
    seeds_used += item.count;
    for (int64_t k = 0; k < line.kept; ++k, ++index) {
      Output output =
          made.output(item, {.place = k, .kept = line.kept, .index = index, .all = all}, line.output);
      check(names.insert(output.image).second,
            "prompts, {}: expected another output for each image, found {} twice; correct the list",
            settings.prompts, output.image);
      check(output.codes.empty() || names.insert(output.codes).second,
            "prompts, {}: expected another file of codes for each image, found {} twice; give --codes-out a "
            "name with %05d",
            settings.prompts, output.codes);
      item.outputs.push_back(std::move(output));
    }
    item.wanted.assign(item.outputs.size(), true);
    work.push_back(std::move(item));
  }
  if (settings.output.empty()) make_names_free(work);
  for (const auto& [option, path] :
       {std::pair("--grid", settings.grid), std::pair("--preview", settings.preview),
        std::pair("--records", settings.records)}) {
    if (names.count(path) > 0) refuse(option, "another name than those of the images", path);
  }
}

}  // namespace

WorkItem item_of(const GenerateSettings& settings, const std::string& prompt) {
  WorkItem item;
  item.prompt = prompt;
  item.negative_prompt = settings.negative_prompt;
  item.guidance = settings.guidance;
  item.steps = settings.steps;
  item.sampling = settings.sampling;
  item.special_tokens = settings.special_tokens;
  item.enlarge = settings.enlarge;
  item.quality = settings.quality;
  item.made_with = settings.made_with;
  item.best_of = settings.best_of > 0;
  item.count = item.best_of ? settings.best_of : settings.count;
  return item;
}

void WorkItem::settle(const ImageDefaults& defaults) {
  if (!guidance) guidance = defaults.guidance;
  if (!steps && defaults.flows()) steps = defaults.steps;
}

ImageRequest WorkItem::request(int64_t k) const {
  const auto whole = [](int64_t value) { return static_cast<int>(value); };
  const auto real = [](double value) { return static_cast<float>(value); };
  return {.prompt = prompt,
          .negative_prompt = negative_prompt,
          .guidance = guidance ? std::optional(real(*guidance)) : std::nullopt,
          .steps = steps ? std::optional(whole(*steps)) : std::nullopt,
          .sampling = sampling.with_seed(seed + static_cast<uint32_t>(k)),
          .special_tokens = special_tokens};
}

std::vector<WorkItem> plan_work(const GenerateSettings& settings, const CommonOptions& common) {
  check_forms(settings, common);
  check_no_path(settings.prompt);
  std::vector<WorkItem> work;
  std::vector<ListLine> lines;
  // The names are of the command line alone: refused before the list is read.
  const OutputNames names(settings);
  if (settings.prompts.empty()) {
    lines.push_back({.item = item_of(settings, settings.prompt)});
    lines.back().kept = settings.best_of > 0 ? settings.keep : settings.count;
  } else {
    lines = read_list(settings);
  }
  name_outputs(lines, settings, common, names, work);
  // Of a list there may be a million.
  if (!settings.quality_option->on_command_line()) return work;
  std::vector<std::string> written{settings.grid, settings.preview};
  for (const WorkItem& item : work) {
    for (const Output& output : item.outputs) written.push_back(output.image);
  }
  check_quality(*settings.quality_option, written);
  return work;
}

}  // namespace janus::cli
