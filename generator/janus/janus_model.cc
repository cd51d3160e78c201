#include "generator/janus/janus_model.h"

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/json.h"
#include "core/tensor/ops.h"
#include "generator/end_ids.h"
#include "generator/limits.h"

namespace janus {
namespace {

// Without a tokenizer the numbers come from the model's own JSON, as far as they stand there.
SpecialIds special_ids_from_json(const Checkpoint& checkpoint) {
  constexpr int64_t kMost = 1 << 30;
  SpecialIds special;
  const auto id = [](const JsonObject& source, const char* key) {
    return static_cast<int32_t>(source.integer(key, -1, -1, kMost));
  };
  const JsonObject config(checkpoint.config(), checkpoint.files().name() + "/config.json");
  special.placeholder = id(config, "image_token_id");
  const std::string file = "generation_config.json";
  if (!checkpoint.files().contains(file)) return special;
  const nlohmann::json json = checkpoint.files().json(file);
  const JsonObject source(json, checkpoint.files().name() + "/" + file);
  special.pad = id(source, "pad_token_id");
  return special;
}

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

// Planes [3, h, w] -> channels-last [1, h, w, 3].
Tensor planes_to_tensor(Device& device, const std::vector<float>& planes, int64_t height, int64_t width) {
  std::vector<float> values(planes.size());
  for (int64_t pixel = 0; pixel < height * width; ++pixel) {
    for (int64_t channel = 0; channel < 3; ++channel) {
      values[pixel * 3 + channel] = planes[channel * height * width + pixel];
    }
  }
  return ops::from_host(device, values, {1, height, width, 3});
}

// What the VQ tokenizer sees: always -1..1, whatever the vision tower is fed.
PreprocessConfig vq_preprocess(PreprocessConfig config) {
  config.do_normalize = true;
  config.rescale_factor = PreprocessConfig().rescale_factor;
  config.image_mean = PreprocessConfig().image_mean;
  config.image_std = PreprocessConfig().image_std;
  return config;
}

// planes: prepared by vq_preprocess() -> [1, h, w, embed_dim].
Tensor image_latent(const JanusNetworks& networks, const std::vector<float>& planes) {
  const int64_t size = networks.config.preprocess.image_size;
  return networks.vq_model.encode_latent(planes_to_tensor(networks.device(), planes, size, size));
}

LoadOptions load_options(const Checkpoint& checkpoint, const ModelOptions& options) {
  LoadOptions load{.plan = options.plan};
  if (!options.progress) return load;
  constexpr int64_t kMegabyte = 1'000'000;
  int64_t total = 0;
  for (const auto& [name, tensor] : checkpoint.tensors())
    total += static_cast<int64_t>(tensor.data.bytes.size());
  load.on_read = [progress = options.progress, total, done = int64_t{0}](int64_t bytes) mutable {
    progress("loading (MB)", done / kMegabyte, total / kMegabyte);
    done += bytes;
  };
  return load;
}

}  // namespace

JanusModel::JanusModel(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                       const ModelOptions& options)
    : device_(std::move(device)),
      networks_(JanusNetworks::load(checkpoint, *device_, options.type, load_options(checkpoint, options))),
      info_(make_info(networks_.config)) {
  JanusEngineModel::Text text{.model_name = checkpoint.files().name()};
  try {
    tokenizer_ = open_tokenizer(checkpoint.files());
    text.special = find_special_ids(*tokenizer_);
  } catch (const Error& error) {
    // A model without a readable tokenizer still works on ids and images; who asks for text gets the reason.
    tokenizer_.reset();
    text.no_tokenizer = error.what();
    text.special = special_ids_from_json(checkpoint);
  }
  text.tokenizer = tokenizer_.get();
  text.ends = read_end_ids(checkpoint, tokenizer_.get(), info_.vocab_size);
  if (text.special.end < 0 && !text.ends.empty()) text.special.end = text.ends.front();
  text.special.system_prompt = networks_.config.processor.system_prompt;
  engine_model_.emplace(networks_, std::move(text));
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
  return preprocess(image, stage == EmbedStage::latent ? vq_preprocess(config) : config);
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
  std::vector<float> several;
  if (prepared.size() > 1) {
    for (const std::vector<float>& planes : prepared)
      several.insert(several.end(), planes.begin(), planes.end());
  }
  const std::span<const float> pixels = prepared.size() > 1 ? several : prepared.front();
  add(stage == EmbedStage::vision ? networks_.vision_tower(pixels) : engine_model_->encode_images(pixels, {}),
      static_cast<int64_t>(prepared.size()));
  return arrays;
}

}  // namespace janus
