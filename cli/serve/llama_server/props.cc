#include "cli/serve/llama_server/props.h"

#include <janus/version.h>

#include <algorithm>

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
  const ModelCard& card = served.card();
  const ModelInfo& info = served.model().info();
  const AnswerRequest answer;
  const ImageRequest image;
  Json params = sampling_json(answer.sampling);
  params["max_tokens"] = answer.max_tokens;
  params["n_predict"] = answer.max_tokens;
  Json image_params = sampling_json(image.sampling);
  image_params["guidance"] = image.guidance;
  return {
      {"default_generation_settings",
       {{"n_ctx", info.context_length}, {"speculative", false}, {"params", std::move(params)}}},
      {"total_slots", card.rows},
      {"model_alias", card.name},
      // Where files lie on the machine is nobody's business.
      {"model_path", card.name},
      {"modalities", {{"vision", true}, {"audio", false}}},
      {"image_generation",
       {{"size", fmt::format("{0}x{0}", info.image_size)},
        {"codes", {info.codes_height, info.codes_width}},
        {"params", std::move(image_params)}}},
      {"build_info", fmt::format("janus {}", JANUS_VERSION)},
  };
}

}  // namespace janus::cli
