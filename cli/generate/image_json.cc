#include "cli/generate/image_json.h"

#include <algorithm>
#include <array>

#include "cli/app/command.h"
#include "cli/io/image_input.h"
#include "cli/journal/journal.h"
#include "cli/model/provenance.h"
#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/json_line.h"
#include "generator/settings_text.h"

namespace janus::cli {
namespace {

Json prompts_json(const WorkItem& item) {
  Json prompts{{"prompt", item.prompt}};
  if (!item.negative_prompt.empty()) prompts["negative_prompt"] = item.negative_prompt;
  return prompts;
}

Json sampling_json(const WorkItem& item) {
  if (item.steps) return {{"cfg_scale", *item.guidance}, {"steps", *item.steps}};
  return {{"cfg_scale", *item.guidance},
          {"temperature", item.sampling.temperature},
          {"top_k", item.sampling.top_k},
          {"top_p", item.sampling.top_p}};
}

// Whether the quality in which files of this name are written is another than the usual one.
bool has_quality(const std::string& path, const WorkItem& item) {
  return image_format_of(path).value_or(ImageFormat::png) != ImageFormat::png &&
         item.quality != kUsualQuality;
}

// All that decides what stands at the output in `place`.
Json request_json(const WorkItem& item, size_t place, const GenerateSettings& settings,
                  const CommonOptions& common, const std::string& model) {
  Json request = prompts_json(item);
  request["seed"] = item.best_of ? item.seed : item.seed + static_cast<uint32_t>(place);
  request.update(sampling_json(item));
  if (item.best_of) {
    request["best_of"] = item.count;
    request["keep"] = item.outputs.size();
    request["rank"] = place;
    request["ranker"] = settings.ranker;
  }
  if (item.tiled) request["tiled"] = item.count;
  if (item.special_tokens) request["special_tokens"] = true;
  if (item.enlarge > 1) request["upscale"] = item.enlarge;
  if (has_quality(item.outputs[place].image, item)) request["quality"] = item.quality;
  request["model"] = model;
  request["type"] = common.type;
  return request;
}

}  // namespace

Json image_settings(const WorkItem& item, const Candidate& candidate, ImageFormat format,
                    const ChosenModel& chosen, const CommonOptions& common) {
  Json settings = prompts_json(item);
  settings["seed"] = candidate.seed;
  settings.update(sampling_json(item));
  if (item.special_tokens) settings["special_tokens"] = true;
  settings["width"] = candidate.image.width * item.enlarge;
  settings["height"] = candidate.image.height * item.enlarge;
  if (item.enlarge > 1) settings["upscale"] = item.enlarge;
  if (format != ImageFormat::png) settings["quality"] = item.quality;
  settings.update(provenance_json(chosen, common));
  return settings;
}

Json image_record(const WorkItem& item, const Output& output, const Candidate& candidate,
                  const ChosenModel& chosen, const CommonOptions& common, bool printed) {
  Json record{{"output", output.image}};
  record.update(prompts_json(item));
  record["seed"] = candidate.seed;
  record["index"] = output.index;
  if (printed) record["guidance"] = *item.guidance;
  record.update(sampling_json(item));
  if (item.special_tokens) record["special_tokens"] = true;
  if (printed && !item.steps) record["codes"] = candidate.codes.codes;
  record.update(provenance_json(chosen, common));
  record["timings"] = timings_json(chosen.load_ms, candidate.timings);
  if (candidate.timings.passes > 0) record["timings"]["passes"] = candidate.timings.passes;
  return record;
}

std::string request_sha256(const WorkItem& item, size_t place, const GenerateSettings& settings,
                           const CommonOptions& common, const std::string& model) {
  // Under the keys of the first version, so that records of earlier runs stay good.
  const Json request = request_json(item, place, settings, common, model);
  Json hashed;
  for (const auto& [key, value] : request.items()) {
    hashed[key == "cfg_scale" ? "guidance" : key] = value;
  }
  return sha256_of(to_hashed_line(hashed));
}

void check_record(const std::string& line, const std::string& records, const WorkItem& item, size_t place,
                  const GenerateSettings& settings, const CommonOptions& common,
                  const std::function<std::string()>& fingerprint) {
  const RecordSummary record = read_summary(line).value();
  const std::string& path = item.outputs[place].image;
  // Records of earlier versions may tell the model by its name alone, or not at all.
  const bool named = record.fingerprint.empty();
  const std::string name = name_of_model(common.model);
  constexpr const char* kRemedy = "choose another -o, or give --overwrite to make it anew";
  check(record.sha256 == request_sha256(item, place, settings, common, named ? name : record.model),
        "output, {}: expected the prompt and settings of the earlier run in {}, found others; {}", path,
        records, kRemedy);
  if (named) return;
  std::string asked;
  const std::optional<std::string> fault = error_of([&] { asked = fingerprint(); });
  if (fault && record.model == name) return;
  if (fault) throw Error(*fault);
  check(record.fingerprint == asked,
        "output, {}: expected the model of the earlier run in {}, {}, found another, {}; {}", path, records,
        record.model, record.model == name ? "under its name" : name, kRemedy);
}

bool is_asked_for(const std::string& path, const WorkItem& item, size_t place,
                  const GenerateSettings& settings, const CommonOptions& common,
                  const std::function<std::string()>& fingerprint) {
  Json asked = request_json(item, place, settings, common, name_of_model(common.model));
  std::optional<Json> found;
  const std::optional<std::string> fault = error_of([&] { found = settings_of(ImageInput(path).text()); });
  if (fault || !found) return false;
  if (item.best_of) {
    asked.erase("keep");  // which the image does not tell
    // Of several, the image's own seed is one of the candidates'.
    const Json& candidates = found->contains("candidates") ? (*found)["candidates"] : Json::array();
    const bool known = candidates.is_array() && !candidates.empty() && candidates.front().is_object();
    (*found)["seed"] = known ? candidates.front().value("seed", Json()) : Json();
  }
  if (found->value("quality", Json()) == kUsualQuality) found->erase("quality");
  constexpr std::array kKeys{"prompt",      "negative_prompt", "seed",    "cfg_scale", "steps",
                             "temperature", "top_k",           "top_p",   "best_of",   "rank",
                             "ranker",      "tiled",           "quality", "upscale",   "special_tokens",
                             "type"};
  const auto alike = [&](const char* key) {
    return asked.contains(key) == found->contains(key) &&
           (!asked.contains(key) || asked[key] == (*found)[key]);
  };
  if (!std::all_of(kKeys.begin(), kKeys.end(), alike)) return false;
  // The same model may have another name today, and another one the same name.
  const std::string made_by = text_setting(*found, "model_fingerprint");
  return made_by.empty() ? alike("model") : made_by == fingerprint();
}

}  // namespace janus::cli
