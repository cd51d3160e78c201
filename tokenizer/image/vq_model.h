// The image tokenizer: a VQ autoencoder between pixels and codes of a codebook whose rows count only by
// direction. Source: deepseek-ai/Janus, models/vq_model.py (VQModel); Sun et al., "Autoregressive model beats
// diffusion: Llama for scalable image generation", 2024.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/image/conv_blocks.h"

namespace janus {

// What the tokenizer's tensors are called in a checkpoint layout.
struct VqNames {
  const char* encoder_levels;  // below "encoder"
  const char* decoder_levels;  // below "decoder"
  const char* block;
  const char* mid_block1;
  const char* mid_attention;
  const char* mid_block2;
};
extern const VqNames kOriginalVq;
extern const VqNames kTransformersVq;

struct VqConfig {
  int64_t codebook_size = 16384;
  int64_t embed_dim = 8;
  int64_t latent_channels = 256;
  int64_t base_channels = 128;
  std::vector<int64_t> level_channels{128, 128, 256, 256, 512};  // from full size down
  int64_t num_res_blocks = 2;  // a level of the encoder; the decoder has one more

  // transformers' JanusVQVAEConfig. Throws Error naming a key that asks for what this tokenizer does not do.
  static VqConfig from_json(const nlohmann::json& json, const std::string& where);
  // The original layout's config does not hold them: sizes come from the tensors below `w`.
  static VqConfig from_tensors(const Weights& w, const VqNames& names);

  // Pixels a code is wide and high.
  int64_t factor() const { return int64_t{1} << (level_channels.size() - 1); }
};

class VqModel {
 public:
  static VqModel load(const Weights& w, const VqConfig& config, const VqNames& names);

  const VqConfig& config() const { return config_; }

  // codes: h * w of one image, row by row, each in [0, codebook_size) -> [1, h * factor, w * factor, 3],
  // nominal range -1..1, not clamped. on_block: after each block, and may end it by throwing.
  Tensor decode(std::span<const int32_t> codes, int64_t height, int64_t width,
                const LayerHook& on_block = {}) const;
  // pixels: [1, h, w, 3] in -1..1, h and w multiples of the factor -> [1, h / factor, w / factor, embed_dim],
  // before quantisation.
  Tensor encode_latent(const Tensor& pixels) const;
  // The code of the nearest codebook row for each position, both normalised; the lowest among equals.
  // Throws Error where a product of the two is not finite.
  std::vector<int32_t> quantize(const Tensor& latent) const;

  // The type of the convolutions' weights.
  DType dtype() const { return decoder_.conv_in.weight.dtype(); }

 private:
  struct Level {
    std::vector<ResBlock> blocks;
    std::vector<AttentionBlock> attentions;  // one a block at the smallest size, else none
    std::optional<Upsample> upsample;
    std::optional<Downsample> downsample;

    // `count` blocks from `in` to `out` channels.
    static Level load(const Weights& w, const VqNames& names, int64_t count, int64_t in, int64_t out,
                      bool attention);
    // [B, h, w, in] -> [B, h', w', out]. after_block may be empty.
    Tensor operator()(const Tensor& x, const std::function<void()>& after_block = {}) const;
  };
  struct Encoder {
    Conv2d conv_in;
    std::vector<Level> levels;
    MidBlock mid;
    GroupNorm norm_out;
    Conv2d conv_out;

    static Encoder load(const Weights& w, const VqConfig& config, const VqNames& names);
    Tensor operator()(const Tensor& x) const;  // [B, h, w, 3] -> [B, h / factor, w / factor, latent_channels]
  };
  struct Decoder {
    Conv2d conv_in;
    MidBlock mid;
    std::vector<Level> levels;
    GroupNorm norm_out;
    Conv2d conv_out;

    static Decoder load(const Weights& w, const VqConfig& config, const VqNames& names);
    // [B, h, w, latent_channels] -> [B, h * factor, w * factor, 3].
    Tensor operator()(const Tensor& x, const LayerHook& on_block = {}) const;
  };

  VqConfig config_;
  Tensor codebook_;  // [codes, embed_dim] f32, rows of length 1
  Linear quant_conv_, post_quant_conv_;
  Encoder encoder_;
  Decoder decoder_;
};

}  // namespace janus
