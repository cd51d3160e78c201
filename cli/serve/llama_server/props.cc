#include "cli/serve/llama_server/props.h"

#include <janus/version.h>

#include "generator/engine/engine_model.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

Json sampling_json(const SamplingOptions& sampling) {
  return {{"temperature", rounded(sampling.temperature)},
          {"top_k", sampling.top_k},
          {"top_p", rounded(sampling.top_p)},
          {"seed", -1}};  // random where a request has none
}

}  // namespace

Json props_json(const ServedModel& served) {
  const ModelSummary& summary = served.summary();
  const ModelInfo& info = served.model().info();
  const AnswerRequest answer;
  const ImageRequest image;
  const ImageDefaults defaults = served.model().engine_model().image_defaults();
  Json params = sampling_json(answer.sampling);
  params["max_tokens"] = answer.max_tokens;
  params["n_predict"] = answer.max_tokens;
  Json image_params = sampling_json(image.sampling);
  Json images{{"size", fmt::format("{0}x{0}", info.image_size)}};
  if (defaults.flows()) {
    image_params = {{"steps", defaults.steps}, {"seed", -1}};
  } else {
    images["codes"] = {info.codes_height, info.codes_width};
  }
  image_params["guidance"] = rounded(defaults.guidance);
  images["params"] = std::move(image_params);
  return {
      {"default_generation_settings",
       {{"n_ctx", info.context_length}, {"speculative", false}, {"params", std::move(params)}}},
      {"total_slots", summary.rows},
      {"model_alias", summary.name},
      // Where files lie on the machine is nobody's business.
      {"model_path", summary.name},
      {"modalities", {{"vision", true}, {"audio", false}}},
      {"image_generation", std::move(images)},
      {"build_info", fmt::format("janus {}", JANUS_VERSION)},
  };
}

}  // namespace janus::cli
