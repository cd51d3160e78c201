#include "cli/generate/from_image.h"

#include <fmt/format.h>

#include "cli/app/command.h"
#include "cli/generate/read_settings.h"
#include "cli/io/image_input.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "generator/parameters_text.h"
#include "generator/settings_text.h"

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
  WorkItem item = std::move(found.otherwise);
  // What the command line has need not be right in the image, and is held against the rest of it.
  const OptionSet& options = *settings.options;
  const auto keep = [&](const char* option, const char* key, auto& target, const auto& typed) {
    if (!options.given(option)) return;
    target = typed;
    found.settings.erase(key);
  };
  if (!settings.prompt.empty()) found.settings["prompt"] = settings.prompt;
  if (common.seed_option->on_command_line()) found.settings["seed"] = common.seed;
  keep("--cfg-scale", "cfg_scale", item.guidance, settings.guidance);
  keep("--steps", "steps", item.steps, settings.steps);
  keep("--negative-prompt", "negative_prompt", item.negative_prompt, settings.negative_prompt);
  keep("--temperature", "temperature", item.sampling.temperature, settings.sampling.temperature);
  keep("--top-k", "top_k", item.sampling.top_k, settings.sampling.top_k);
  keep("--top-p", "top_p", item.sampling.top_p, settings.sampling.top_p);
  keep("--upscale", "upscale", item.enlarge, settings.enlarge);
  keep("--quality", "quality", item.quality, settings.quality);
  keep("--special-tokens", "special_tokens", item.special_tokens, settings.special_tokens);
  // Who turns guidance off has nothing to lead away from.
  if (options.given("--cfg-scale") && settings.guidance == 1 && !options.given("--negative-prompt"))
    found.settings.erase("negative_prompt");
  const nlohmann::json plain = parse_json(to_line(found.settings), where);
  const JsonObject object(plain, where);
  read_settings(object, remedy, item);
  settings.has_image_steps = object.contains("steps");
  common.seed = object.integer("seed", common.seed, kSeeds.low, kSeeds.high);
  settings.prompt = item.prompt;
  settings.guidance = item.guidance;
  settings.steps = item.steps;
  settings.negative_prompt = item.negative_prompt;
  settings.sampling = item.sampling;
  settings.enlarge = item.enlarge;
  settings.quality = item.quality;
  settings.special_tokens = item.special_tokens;
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
