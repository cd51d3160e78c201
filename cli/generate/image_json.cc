#include "cli/generate/image_json.h"

#include <janus/version.h>

#include <array>
#include <span>

#include "cli/commands/image_settings.h"
#include "cli/io/input_file.h"
#include "core/base/digest.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

Json prompts_json(const WorkItem& item) {
  Json prompts{{"prompt", item.prompt}};
  if (!item.negative_prompt.empty()) prompts["negative_prompt"] = item.negative_prompt;
  return prompts;
}

// All that decides what stands at the output in `place`.
Json request_json(const WorkItem& item, size_t place, const GenerateSettings& settings,
                  const CommonOptions& common) {
  Json request = prompts_json(item);
  request["seed"] = item.best_of ? item.seed : item.seed + static_cast<uint32_t>(place);
  request["guidance"] = item.guidance;
  request["temperature"] = item.sampling.temperature;
  request["top_k"] = item.sampling.top_k;
  request["top_p"] = item.sampling.top_p;
  if (item.best_of) {
    request["best_of"] = item.count;
    request["keep"] = item.outputs.size();
    request["rank"] = place;
    request["ranker"] = settings.ranker;
  }
  if (item.special_tokens) request["special_tokens"] = true;
  if (settings.enlarge > 1) request["upscale"] = settings.enlarge;
  request["model"] = name_of_model(common.model);
  request["type"] = common.type;
  return request;
}

}  // namespace

Json image_settings(const WorkItem& item, const Candidate& candidate, const ChosenModel& chosen,
                    const CommonOptions& common) {
  Json settings = prompts_json(item);
  settings.update({{"seed", candidate.seed},
                   {"guidance", item.guidance},
                   {"temperature", item.sampling.temperature},
                   {"top_k", item.sampling.top_k},
                   {"top_p", item.sampling.top_p},
                   {"width", candidate.image.width},
                   {"height", candidate.image.height},
                   {"model", chosen.name},
                   {"type", common.type},
                   {"device", chosen.model->device().name()},
                   {"version", JANUS_VERSION}});
  if (item.special_tokens) settings["special_tokens"] = true;
  return settings;
}

Json image_record(const WorkItem& item, const Output& output, const Candidate& candidate,
                  const ChosenModel& chosen, bool with_codes) {
  Json record{{"output", output.image}};
  record.update(prompts_json(item));
  record["seed"] = candidate.seed;
  record["index"] = output.index;
  record["guidance"] = item.guidance;
  record["temperature"] = item.sampling.temperature;
  if (with_codes) record["codes"] = candidate.codes.codes;
  record["model"] = chosen.name;
  record["device"] = chosen.model->device().name();
  record["timings"] = timings_json(chosen.load_ms, candidate.timings);
  return record;
}

std::string request_sha256(const WorkItem& item, size_t place, const GenerateSettings& settings,
                           const CommonOptions& common) {
  return sha256_of(to_line(request_json(item, place, settings, common)));
}

bool is_asked_for(const std::string& path, const WorkItem& item, size_t place,
                  const GenerateSettings& settings, const CommonOptions& common) {
  Json asked = request_json(item, place, settings, common);
  std::optional<Json> found;
  try {
    const std::string bytes = read_input(path, "image");
    found = settings_of(read_image_text(std::as_bytes(std::span(bytes)), path));
  } catch (const Error&) {
    return false;
  }
  if (!found) return false;
  if (item.best_of) {
    asked.erase("keep");  // which the image does not tell
    // Of several, the image's own seed is one of the candidates'.
    const Json& candidates = found->contains("candidates") ? (*found)["candidates"] : Json::array();
    const bool known = candidates.is_array() && !candidates.empty() && candidates.front().is_object();
    (*found)["seed"] = known ? candidates.front().value("seed", Json()) : Json();
  }
  constexpr std::array kKeys{"prompt",         "negative_prompt", "seed",    "guidance", "temperature",
                             "top_k",          "top_p",           "best_of", "rank",     "ranker",
                             "special_tokens", "upscale",         "model",   "type"};
  return std::all_of(kKeys.begin(), kKeys.end(), [&](const char* key) {
    return asked.contains(key) == found->contains(key) &&
           (!asked.contains(key) || asked[key] == (*found)[key]);
  });
}

}  // namespace janus::cli
