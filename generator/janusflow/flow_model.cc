#include "generator/janusflow/flow_model.h"

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/load_options.h"
#include "generator/pass_costs.h"

namespace janus {
namespace {

ModelInfo make_info(const FlowConfig& config) {
  ModelInfo info;
  info.family = "janusflow";
  info.layout = "original";
  info.image_size = static_cast<int>(config.vision.image_size);
  info.image_tokens = static_cast<int>(config.image_tokens());
  info.context_length = config.language.max_position_embeddings;
  info.hidden_size = config.language.hidden_size;
  info.intermediate_size = config.language.intermediate_size;
  info.layers = config.language.num_hidden_layers;
  info.heads = config.language.num_attention_heads;
  info.kv_heads = config.language.num_key_value_heads;
  info.vocab_size = config.language.vocab_size;
  return info;
}

}  // namespace

FlowModel::FlowModel(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                     const ModelOptions& options)
    : device_(std::move(device)),
      networks_(FlowNetworks::load(checkpoint, *device_, options.type, load_options(checkpoint, options))),
      vae_(checkpoint, networks_.config, *device_, options),
      info_(make_info(networks_.config)) {
  ModelText read = read_model_text(checkpoint, info_.vocab_size, networks_.config.processor.system_prompt);
  tokenizer_ = std::move(read.tokenizer);
  engine_model_.emplace(networks_, vae_, std::move(read.text));
}

PassCost FlowModel::cost(Part part, int64_t tokens, int) const {
  switch (part) {
    case Part::vision:
      return vision_cost(networks_.config.vision, {.layers = {networks_.vision_und_enc_aligner}});
    case Part::prefill:
      return prefill_cost(networks_.language_model, networks_.lm_head, tokens);
    case Part::text_decode:
      return step_cost(networks_.language_model, networks_.cache_dtype, {.layers = {networks_.lm_head}}, 1,
                       tokens);
    default:
      fail(
          "part: expected one of vision, prefill and text decode for JanusFlow, found a part of code images");
  }
}

std::vector<float> FlowModel::prepare(const Image& image, EmbedStage stage) const {
  check(stage != EmbedStage::latent,
        "stage: expected pixels, vision or aligned, found latent, which JanusFlow has of an autoencoder "
        "beside it, "
        "and this version does not make; take another stage");
  return preprocess(image, networks_.config.preprocess);
}

std::vector<Array> FlowModel::embed(std::span<const std::vector<float>> prepared, EmbedStage stage) const {
  std::vector<Array> arrays;
  if (stage == EmbedStage::pixels) {
    const int64_t size = info_.image_size;
    for (const std::vector<float>& planes : prepared)
      arrays.push_back({.shape = {3, size, size}, .values = planes});
    return arrays;
  }
  std::vector<float> pixels;
  for (const std::vector<float>& planes : prepared) pixels.insert(pixels.end(), planes.begin(), planes.end());
  const Tensor values =
      stage == EmbedStage::vision ? networks_.vision_tower(pixels) : engine_model_->encode_images(pixels, {});
  const int64_t vectors = values.size(1), width = values.size(2);  // [B, vectors, width]
  const std::vector<float> all = ops::to_host(values);
  for (size_t image = 0; image < prepared.size(); ++image) {
    const auto begin = all.begin() + static_cast<int64_t>(image) * vectors * width;
    arrays.push_back({.shape = {vectors, width}, .values = {begin, begin + vectors * width}});
    if (all_finite(arrays.back().values)) continue;
    engine_model_->check_image_embeddings(prepared[image]);
    fail_not_finite("vision tower");
  }
  return arrays;
}

}  // namespace janus
