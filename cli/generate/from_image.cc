#include "cli/generate/from_image.h"

#include <fmt/format.h>

#include "cli/app/command.h"
#include "cli/commands/image_settings.h"
#include "cli/commands/parameters_text.h"
#include "cli/generate/read_settings.h"
#include "cli/io/image_input.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace janus::cli {
namespace {

// The settings in an image, and what the image is to be where they say nothing.
struct Found {
  Json settings;
  WorkItem otherwise;
};

Found settings_in(const GenerateSettings& settings, Console& console) {
  const ImageText text = ImageInput(settings.from).text();
  if (std::optional<Json> own = settings_of(text)) return {std::move(*own), {}};
  const auto parameters = text.find(kParametersKeyword);
  check(parameters != text.end(),
        "image, {}: expected the settings that janus generate puts into an image, found none; they get lost "
        "where another program saves it: give the image as it was written",
        settings.from);
  ForeignSettings foreign = parse_parameters(parameters->second);
  console.notice(fmt::format(
      "{}: settings of another program; {} are taken{}", settings.from, fmt::join(foreign.taken, ", "),
      foreign.left.empty() ? "" : fmt::format("; {} mean nothing here", fmt::join(foreign.left, ", "))));
  return {std::move(foreign.settings), item_of(settings, "")};
}

}  // namespace

void take_settings_of_image(GenerateSettings& settings, CommonOptions& common, Console& console) {
  if (!settings.prompts.empty()) {
    throw UsageError(
        "option --from, command line: expected no --prompts beside it, whose lines may be what janus info "
        "--json prints "
        "of images, found both; see janus generate --help");
  }
  Found found = settings_in(settings, console);
  const std::string where = "image, " + settings.from;
  const std::string remedy = "the image is damaged, or of a later janus: give the settings as options";
  // What the command line has need not be right in the image.
  const OptionSet& options = *settings.options;
  const auto given = [&](const char* option, const char* key) {
    if (options.given(option)) found.settings.erase(key);
    return options.given(option);
  };
  if (!settings.prompt.empty()) found.settings["prompt"] = settings.prompt;
  if (common.seed_option->on_command_line()) found.settings["seed"] = common.seed;
  const bool cfg_scale = given("--cfg-scale", "cfg_scale"),
             negative = given("--negative-prompt", "negative_prompt");
  const bool temperature = given("--temperature", "temperature"), top_k = given("--top-k", "top_k"),
             top_p = given("--top-p", "top_p");
  const bool upscale = given("--upscale", "upscale"), quality = given("--quality", "quality"),
             special = given("--special-tokens", "special_tokens");
  // Guidance and negative prompt are held against each other: where one is the command line's, with that.
  WorkItem item = found.otherwise;
  if (cfg_scale) item.guidance = settings.guidance;
  if (negative) item.negative_prompt = settings.negative_prompt;
  // Who turns guidance off has nothing to lead away from.
  if (cfg_scale && settings.guidance == 1 && !negative) found.settings.erase("negative_prompt");
  const nlohmann::json plain = parse_json(to_line(found.settings), where);
  const JsonObject object(plain, where);
  read_settings(object, remedy, item);
  common.seed = object.integer("seed", common.seed, kSeeds.low, kSeeds.high);
  settings.prompt = item.prompt;
  settings.guidance = item.guidance;
  settings.negative_prompt = item.negative_prompt;
  if (!temperature) settings.sampling.temperature = item.sampling.temperature;
  if (!top_k) settings.sampling.top_k = item.sampling.top_k;
  if (!top_p) settings.sampling.top_p = item.sampling.top_p;
  if (!upscale) settings.enlarge = item.enlarge;
  if (!quality) settings.quality = item.quality;
  if (!special) settings.special_tokens = item.special_tokens;
  settings.made_with = item.made_with;
}

std::string differences(const std::vector<WorkItem>& work, const ChosenModel& chosen,
                        const CommonOptions& common) {
  std::string first;
  int64_t more = 0;
  for (const WorkItem& item : work) {
    const std::string difference = difference_of(item.made_with, chosen, common);
    if (difference.empty()) continue;
    more += first.empty() ? 0 : 1;
    if (first.empty()) first = difference;
  }
  return more == 0 ? first : fmt::format("{} (and {} more so)", first, more);
}

}  // namespace janus::cli
