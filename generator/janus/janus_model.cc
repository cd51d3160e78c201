#include "generator/janus/janus_model.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/tensor/ops.h"
#include "generator/answer_text.h"
#include "generator/janus/generation.h"
#include "generator/janus/janus_batch.h"
#include "generator/janus/understanding.h"

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
  special.end = id(source, "eos_token_id");
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

// The images of one prompt: image k has seed + k.
std::vector<Drawing> drawings_of(std::span<const int32_t> prompt_ids, const GenerateOptions& options) {
  std::vector<Drawing> drawings;
  for (int k = 0; k < options.count; ++k) {
    drawings.push_back({.prompt_ids = {prompt_ids.begin(), prompt_ids.end()},
                        .guidance = options.guidance,
                        .sampling = options.sampling});
    drawings.back().sampling.seed += static_cast<uint32_t>(k);
  }
  return drawings;
}

// Planes [3, h, w] <-> channels-last [1, h, w, 3].
Tensor planes_to_tensor(Device& device, const std::vector<float>& planes, int64_t height, int64_t width) {
  std::vector<float> values(planes.size());
  for (int64_t pixel = 0; pixel < height * width; ++pixel) {
    for (int64_t channel = 0; channel < 3; ++channel) {
      values[pixel * 3 + channel] = planes[channel * height * width + pixel];
    }
  }
  return ops::from_host(device, values, {1, height, width, 3});
}

Array tensor_to_planes(const Tensor& tensor) {
  const std::vector<float> values = ops::to_host(tensor);
  const int64_t pixels = tensor.size(1) * tensor.size(2);
  Array array{.shape = {3, tensor.size(1), tensor.size(2)}, .values = std::vector<float>(values.size())};
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (int64_t channel = 0; channel < 3; ++channel) {
      array.values[channel * pixels + pixel] = values[pixel * 3 + channel];
    }
  }
  return array;
}

// -> [1, h, w, embed_dim].
Tensor picture_latent(const JanusNetworks& networks, const Image& image) {
  // The VQ tokenizer always sees -1..1, whatever the vision tower is fed.
  PreprocessConfig config = networks.config.preprocess;
  config.do_normalize = true;
  config.rescale_factor = PreprocessConfig().rescale_factor;
  config.image_mean = PreprocessConfig().image_mean;
  config.image_std = PreprocessConfig().image_std;
  const int64_t size = config.image_size;
  return networks.vq_model.encode_latent(
      planes_to_tensor(networks.device(), preprocess(image, config), size, size));
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
      info_(make_info(networks_.config)),
      images_at_once_(options.images_at_once) {
  try {
    tokenizer_ = open_tokenizer(checkpoint.files());
    special_ = find_special_ids(*tokenizer_);
  } catch (const Error& error) {
    // A model without a readable tokenizer still works on ids and pictures; who asks for text gets the
    // reason.
    tokenizer_.reset();
    no_tokenizer_ = error.what();
    special_ = special_ids_from_json(checkpoint);
  }
}

const TextTokenizer& JanusModel::tokenizer() const {
  if (!tokenizer_) throw Error(no_tokenizer_);
  return *tokenizer_;
}

Answer JanusModel::describe(std::span<const Image> images, const DescribeOptions& options,
                            const TextSink& on_text, const Progress& progress) const {
  const std::vector<int32_t> ids = understanding_prompt(tokenizer(), special_, options.prompt,
                                                        static_cast<int>(images.size()), info_.image_tokens);
  AnswerText text(tokenizer());
  const auto show = [&](const std::string& piece) {
    if (on_text && !piece.empty()) on_text(piece);
  };
  Answer result = answer(
      networks_, images, ids, special_, options, [&](int32_t id) { show(text.push(id)); }, progress);
  show(text.finish());
  result.text = text.text();
  return result;
}

Answer JanusModel::describe_ids(std::span<const Image> images, std::span<const int32_t> prompt_ids,
                                const DescribeOptions& options, const Progress& progress) const {
  return answer(networks_, images, prompt_ids, special_, options, nullptr, progress);
}

std::unique_ptr<AnswerBatch> JanusModel::open_batch(const BatchOptions& options) const {
  return std::make_unique<JanusBatch>(networks_, tokenizer(), special_, options);
}

Timings JanusModel::generate(const GenerateOptions& options, const ImageSink& on_image,
                             const Progress& progress) const {
  const std::vector<int32_t> ids = generation_prompt(tokenizer(), special_, options.prompt);
  return draw_images(networks_, drawings_of(ids, options), special_.pad,
                     {.on_image = on_image, .on_line = {}, .progress = progress}, images_at_once_);
}

Timings JanusModel::generate_ids(std::span<const int32_t> prompt_ids, const GenerateOptions& options,
                                 const ImageSink& on_image, const Progress& progress) const {
  check(special_.pad >= 0,
        "model: expected pad_token_id in generation_config.json, found none; guidance needs it");
  return draw_images(networks_, drawings_of(prompt_ids, options), special_.pad,
                     {.on_image = on_image, .on_line = {}, .progress = progress}, images_at_once_);
}

Timings JanusModel::generate_each(std::span<const ImageRequest> requests, const DrawHooks& hooks) const {
  std::vector<Drawing> drawings;
  for (const ImageRequest& request : requests) {
    drawings.push_back({.prompt_ids = generation_prompt(tokenizer(), special_, request.prompt),
                        .guidance = request.guidance,
                        .sampling = request.sampling});
  }
  return draw_images(networks_, drawings, special_.pad, hooks, images_at_once_);
}

void JanusModel::check_prompt(const std::string& prompt) const {
  check_prompt_fits(networks_, generation_prompt(tokenizer(), special_, prompt).size());
}

std::vector<Score> JanusModel::score_texts(std::span<const Image> images, const std::string& prompt,
                                           std::span<const std::string> texts) const {
  const std::vector<int32_t> prompt_ids = understanding_prompt(
      tokenizer(), special_, prompt, static_cast<int>(images.size()), info_.image_tokens);
  std::vector<std::vector<int32_t>> answers;
  for (const std::string& text : texts) answers.push_back(tokenizer().encode(text, /*add_begin=*/false));
  return score_answers(networks_, images, prompt_ids, special_, answers);
}

Score JanusModel::score_text(std::span<const Image> images, const std::string& prompt,
                             const std::string& text) const {
  return score_texts(images, prompt, {&text, 1}).front();
}

Score JanusModel::score_codes(const std::string& prompt, const ImageCodes& codes, float guidance) const {
  return score_image_codes(networks_, generation_prompt(tokenizer(), special_, prompt), special_.pad, codes,
                           guidance);
}

ImageCodes JanusModel::encode(const Image& image) const {
  const Tensor latent = picture_latent(networks_, image);
  return {.height = static_cast<int>(latent.size(1)),
          .width = static_cast<int>(latent.size(2)),
          .codes = networks_.vq_model.quantize(latent)};
}

Array JanusModel::decode(const ImageCodes& codes) const {
  const int side = info_.codes_height;
  check(codes.height == side && codes.width == side, "codes: expected the model's {} x {}, found {} x {}",
        side, side, codes.height, codes.width);
  return tensor_to_planes(networks_.vq_model.decode(codes.codes, codes.height, codes.width));
}

Array JanusModel::embed(const Image& image, EmbedStage stage) const {
  if (stage == EmbedStage::pixels) {
    const int64_t size = info_.image_size;
    return {.shape = {3, size, size}, .values = preprocess(image, networks_.config.preprocess)};
  }
  Tensor values;  // [1, .., D]
  switch (stage) {
    case EmbedStage::vision:
      values = picture_features(networks_, image);
      break;
    case EmbedStage::latent:
      values = picture_latent(networks_, image);
      break;
    default:
      values = picture_embeddings(networks_, image);
  }
  const int64_t width = values.shape().back();
  return {.shape = {values.elements() / width, width}, .values = ops::to_host(values)};
}

}  // namespace janus
