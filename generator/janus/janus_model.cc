#include "generator/janus/janus_model.h"

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/coder_pixels.h"
#include "generator/limits.h"
#include "generator/load_options.h"

namespace janus {
namespace {

ModelInfo make_info(const JanusConfig& config) {
  ModelInfo info;
  info.family = "janus";
  info.layout = config.names->layout;
  info.image_size = static_cast<int>(config.vision.image_size);
  info.image_tokens = static_cast<int>(config.image_tokens());
  info.codes_height = info.codes_width = static_cast<int>(config.vision.grid());
  info.codebook_size = config.vq.codebook_size;
  info.context_length = config.language.max_position_embeddings;
  info.hidden_size = config.language.hidden_size;
  info.intermediate_size = config.language.intermediate_size;
  info.layers = config.language.num_hidden_layers;
  info.heads = config.language.num_attention_heads;
  info.kv_heads = config.language.num_key_value_heads;
  info.vocab_size = config.language.vocab_size;
  return info;
}

// planes: prepared by coder_preprocess() -> [1, h, w, embed_dim].
Tensor image_latent(const JanusNetworks& networks, const std::vector<float>& planes) {
  const int64_t size = networks.config.preprocess.image_size;
  return networks.vq_model.encode_latent(planes_to_tensor(networks.device(), planes, size, size));
}

}  // namespace

JanusModel::JanusModel(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                       const ModelOptions& options)
    : device_(std::move(device)),
      networks_(JanusNetworks::load(checkpoint, *device_, options.type, load_options(checkpoint, options))),
      info_(make_info(networks_.config)) {
  ModelText read = read_model_text(checkpoint, info_.vocab_size, networks_.config.processor.system_prompt);
  tokenizer_ = std::move(read.tokenizer);
  engine_model_.emplace(networks_, std::move(read.text));
}

ImageCodes JanusModel::encode(const Image& image) const {
  const Tensor latent = image_latent(networks_, prepare(image, EmbedStage::latent));
  return {.height = static_cast<int>(latent.size(1)),
          .width = static_cast<int>(latent.size(2)),
          .codes = networks_.vq_model.quantize(latent)};
}

Array JanusModel::decode(const ImageCodes& codes) const {
  check_codes(codes, info_.codes_height, info_.codes_width, info_.codebook_size);
  const Tensor pixels = networks_.vq_model.decode(codes.codes, codes.height, codes.width);
  Array array{.shape = {pixels.size(1), pixels.size(2), pixels.size(3)}, .values = ops::to_host(pixels)};
  check_finite(array.values, "decoder of images");
  return array;
}

std::vector<float> JanusModel::prepare(const Image& image, EmbedStage stage) const {
  const PreprocessConfig& config = networks_.config.preprocess;
  return preprocess(image, stage == EmbedStage::latent ? coder_preprocess(config) : config);
}

std::vector<Array> JanusModel::embed(std::span<const std::vector<float>> prepared, EmbedStage stage) const {
  std::vector<Array> arrays;
  if (stage == EmbedStage::pixels) {
    const int64_t size = info_.image_size;
    for (const std::vector<float>& planes : prepared)
      arrays.push_back({.shape = {3, size, size}, .values = planes});
    return arrays;
  }
  // values: [B, .., D], an image a row.
  const auto add = [&](const Tensor& values, int64_t images) {
    const int64_t width = values.shape().back(), vectors = values.elements() / width / images;
    const std::vector<float> all = ops::to_host(values);
    for (int64_t i = 0; i < images; ++i) {
      const auto begin = all.begin() + i * vectors * width;
      arrays.push_back({.shape = {vectors, width}, .values = {begin, begin + vectors * width}});
      if (all_finite(arrays.back().values)) continue;
      if (stage == EmbedStage::latent) fail_not_finite("encoder of images");
      engine_model_->check_image_embeddings(prepared[i]);
      fail_not_finite("vision tower");
    }
  };
  if (stage == EmbedStage::latent) {
    for (const std::vector<float>& planes : prepared) add(image_latent(networks_, planes), 1);
    return arrays;
  }
  std::vector<float> pixels;
  for (const std::vector<float>& planes : prepared) pixels.insert(pixels.end(), planes.begin(), planes.end());
  add(stage == EmbedStage::vision ? networks_.vision_tower(pixels) : engine_model_->encode_images(pixels, {}),
      static_cast<int64_t>(prepared.size()));
  return arrays;
}

}  // namespace janus
