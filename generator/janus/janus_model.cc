#include "generator/janus/janus_model.h"

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/coder_pixels.h"
#include "generator/image_arrays.h"
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
  if (stage == EmbedStage::pixels) return pixel_arrays(prepared, info_.image_size);
  if (stage == EmbedStage::latent) {
    std::vector<Array> arrays;
    for (const std::vector<float>& planes : prepared) {
      arrays.push_back(std::move(arrays_of_images(image_latent(networks_, planes), 1).front()));
      check_finite(arrays.back().values, "encoder of images");
    }
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
