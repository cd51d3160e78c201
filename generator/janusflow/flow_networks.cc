#include "generator/janusflow/flow_networks.h"

#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/load_options.h"
#include "generator/vae_source.h"

namespace janus {
namespace {

// Tensors that checkpoints hold and nothing evaluates.
bool known_unused(const std::string& name, const FlowConfig& config) {
  const std::string tower = FlowNames::kVisionTower;
  if (name.starts_with(tower + ".attn_pool.") || name.ends_with(".rotary_emb.inv_freq")) return true;
  if (name.starts_with(kVaeTensors)) return true;  // read when an image is made
  // Blocks behind the selected one.
  return config.vision.select_layer != -1 && name.starts_with(tower + "." + kOriginalSiglip.blocks + ".");
}

void check_all_read(const Checkpoint& checkpoint, const FlowConfig& config) {
  for (const std::string& name : checkpoint.unread()) {
    check(known_unused(name, config),
          "{}: expected a tensor of a JanusFlow model, found one that nothing reads, in {}; take config.json "
          "and "
          "weights from one model, or save the model without it",
          name, checkpoint.find(name).file);
  }
}

Linear load_lm_head(const Weights& w, const TransformerConfig& config, const Embedding& embed_tokens) {
  // As for Janus the tensors count, whatever the tie flag says.
  if (!w.contains("weight")) return {.weight = embed_tokens.weight, .bias = {}};
  return Linear::load(w, config.hidden_size, config.vocab_size, /*with_bias=*/false);
}

// One tensor as each of `count` batch rows.
Tensor repeated(const Tensor& x, int64_t count) {
  if (count == 1) return x;
  const std::vector<Tensor> parts(static_cast<size_t>(count), x);
  return ops::concatenate(parts);
}

}  // namespace

FlowNetworks FlowNetworks::load(const Checkpoint& checkpoint, Device& device, const PartTypes& types,
                                LoadOptions options) {
  types.check();
  const Weights root(checkpoint, device, WeightType::native, std::move(options));
  FlowNetworks model;
  model.config = read_flow_config(checkpoint, root);
  const FlowConfig& config = model.config;
  const int64_t width = config.language.hidden_size, channels = config.uvit.channels;

  check_not_smaller(checkpoint, types.language, FlowNames::kLanguageModel);

  const Weights language = root.part("language", types.language), heads = root.part("heads", types.heads),
                vision = root.part("vision", types.vision);
  model.vision_tower = Siglip::load(vision / FlowNames::kVisionTower, config.vision, kOriginalSiglip);
  model.vision_und_enc_aligner = Linear::load(vision / FlowNames::kVisionAligner, config.vision.width, width);
  model.beg_of_und_embed = vision.get(FlowNames::kBeginImage, {1, width});
  model.language_model = Transformer::load(language / FlowNames::kLanguageModel, config.language);
  model.lm_head =
      load_lm_head(heads / FlowNames::kLmHead, config.language, model.language_model.embed_tokens());
  model.encoder = UvitEncoder::load(heads / FlowNames::kEncoder, config.uvit);
  model.vision_gen_enc_aligner = Linear::load(heads / FlowNames::kEncoderAligner, channels, width);
  model.vision_gen_dec_aligner_norm =
      RmsNorm::load(heads / FlowNames::kDecoderAlignerNorm, width, config.language.rms_norm_eps);
  model.vision_gen_dec_aligner = Linear::load(heads / FlowNames::kDecoderAligner, width, channels);
  model.decoder = UvitDecoder::load(heads / FlowNames::kDecoder, config.uvit);
  model.cache_dtype = types.language == WeightType::f32 ? DType::f32 : DType::bf16;
  check_all_read(checkpoint, config);
  return model;
}

Tensor FlowNetworks::embed_images(std::span<const float> pixels, const LayerHook& on_layer) const {
  const Tensor patches = vision_und_enc_aligner(vision_tower(pixels, on_layer));  // [B, N, D]
  const int64_t images = patches.size(0), count = patches.size(1), width = patches.size(2);
  const Tensor all(patches.device(), DType::f32, Shape{images * (1 + count), width});
  const Tensor rows = patches.reshape({images * count, width});
  for (int64_t image = 0; image < images; ++image) {
    const int64_t first = image * (1 + count);
    ops::copy(beg_of_und_embed, all.rows(first, 1));
    ops::copy(rows.rows(image * count, count), all.rows(first + 1, count));
  }
  return all.reshape({images, 1 + count, width});
}

Tensor FlowNetworks::latent_embeddings(const Tensor& features) const {
  const Shape tokens{features.size(0), features.size(1) * features.size(2), features.size(3)};
  return vision_gen_enc_aligner(features.reshape(tokens));
}

std::vector<float> FlowNetworks::velocity(const Tensor& hidden, const Tensor& skip,
                                          std::span<const Tensor> modulations) const {
  const int64_t rows = hidden.size(0), height = skip.size(1), width = skip.size(2);
  const Tensor x = vision_gen_dec_aligner(vision_gen_dec_aligner_norm(hidden));
  const Tensor places =
      decoder(x.reshape({rows, height, width, skip.size(3)}), repeated(skip, rows), modulations);
  const std::vector<float> values = ops::to_host(places);
  const size_t one = values.size() / static_cast<size_t>(rows);
  std::vector<float> velocity;
  for (int64_t row = 0; row < rows; ++row) {
    const std::vector<float> shuffled =
        shuffle_patches(std::span(values).subspan(static_cast<size_t>(row) * one, one), height, width,
                        config.uvit.latent_channels, config.uvit.patch);
    velocity.insert(velocity.end(), shuffled.begin(), shuffled.end());
  }
  return velocity;
}

}  // namespace janus
