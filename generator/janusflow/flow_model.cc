#include "generator/janusflow/flow_model.h"

#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/coder_pixels.h"
#include "generator/image_arrays.h"
#include "generator/janusflow/flow_costs.h"
#include "generator/janusflow/latent_layout.h"
#include "generator/load_options.h"

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
  info.latent_channels = static_cast<int>(config.uvit.latent_channels);
  info.latent_side = static_cast<int>(config.latent_side());
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
  if (part == Part::vae_decode) return vae_decode_cost(vae_.need(), info_.latent_side);
  return flow_cost(networks_, part, tokens);
}

std::vector<float> FlowModel::prepare(const Image& image, EmbedStage stage) const {
  const PreprocessConfig& config = networks_.config.preprocess;
  return preprocess(image, stage == EmbedStage::latent ? coder_preprocess(config) : config);
}

std::vector<float> FlowModel::latent_of(const std::vector<float>& planes) const {
  return vae_.encode(planes_to_tensor(*device_, planes, info_.image_size, info_.image_size));
}

Array FlowModel::encode(const Image& image) const {
  const int64_t channels = info_.latent_channels, side = info_.latent_side;
  return {.shape = {channels, side, side},
          .values = latent_planes(latent_of(prepare(image, EmbedStage::latent)), channels)};
}

Array FlowModel::decode(const Array& latent) const {
  const int64_t channels = info_.latent_channels, side = info_.latent_side, size = info_.image_size;
  check(latent.shape == std::vector<int64_t>{channels, side, side},
        "latent: expected the shape [{}, {}, {}] of this model, found [{}]; make it with janus encode",
        channels, side, side, fmt::join(latent.shape, ", "));
  check(all_finite(latent.values),
        "latent: expected finite numbers, found others; make it with janus encode");
  return {.shape = {size, size, 3}, .values = vae_.decode(latent_channels_last(latent.values, channels))};
}

std::vector<Array> FlowModel::embed(std::span<const std::vector<float>> prepared, EmbedStage stage) const {
  if (stage == EmbedStage::pixels) return pixel_arrays(prepared, info_.image_size);
  if (stage == EmbedStage::latent) {
    const int64_t channels = info_.latent_channels, side = info_.latent_side;
    std::vector<Array> arrays;
    for (const std::vector<float>& planes : prepared)
      arrays.push_back({.shape = {side * side, channels}, .values = latent_of(planes)});
    return arrays;
  }
  return vision_arrays(
      prepared,
      [&](std::span<const float> pixels) {
        return stage == EmbedStage::vision ? networks_.vision_tower(pixels)
                                           : engine_model_->encode_images(pixels, {});
      },
      *engine_model_);
}

}  // namespace janus
