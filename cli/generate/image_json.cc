#include "cli/generate/image_json.h"

#include "core/base/digest.h"

namespace janus::cli {
namespace {

Json prompts_json(const WorkItem& item) {
  Json prompts{{"prompt", item.prompt}};
  if (!item.negative_prompt.empty()) prompts["negative_prompt"] = item.negative_prompt;
  return prompts;
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
  return sha256_of(to_line(request));
}

}  // namespace janus::cli
