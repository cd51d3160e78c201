// The autoencoder of latent diffusion models, as JanusFlow draws with that of SDXL: pixels to a latent and
// back. Source: diffusers, models/autoencoders/autoencoder_kl.py and vae.py (AutoencoderKL); Rombach et al.,
// "High-resolution image synthesis with latent diffusion models", 2022.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/image/conv_blocks.h"

namespace janus {

// What the tensors are called: diffusers' names, those before its attention was renamed, and LDM's.
struct VaeNames {
  const char* spelling;
  const char* mid_block1;
  const char* mid_attention;
  const char* mid_block2;
  const char* encoder_levels;
  const char* decoder_levels;
  const char* block;
  const char* downsample;
  const char* upsample;
  const char* norm_out;
  bool decoder_from_largest;  // levels are numbered by size, not in the order in which the decoder runs them
  BlockStyle style;
};
// The scope of an autoencoder's tensors: the top, or below what whole diffusion models put before them.
Weights vae_scope(const Weights& top);
// A tensor's name without what vae_scope() may find before it.
std::string plain_vae_name(const std::string& name);
// Tells the spelling by the tensors below `w`. Throws Error where none of the three is there.
const VaeNames& vae_names(const Weights& w);

struct VaeConfig {
  static constexpr double kSdxlScaling = 0.13025, kOldScaling = 0.18215;

  int64_t latent_channels = 4;
  std::vector<int64_t> level_channels;  // from full size down
  int64_t layers_per_block = 1;         // of the encoder; the decoder has one more
  int groups = 32;
  double scaling_factor = kOldScaling;

  // diffusers' config.json, with its defaults, held against the tensors below `w`. Throws Error naming a key
  // that does not fit them or asks for what is not computed.
  static VaeConfig from_json(const nlohmann::json& json, const std::string& where, const Weights& w,
                             const VaeNames& names);
  // Without one: sizes from the tensors, and what they do not tell as in SDXL's.
  static VaeConfig from_tensors(const Weights& w, const VaeNames& names);

  // Whether the scaling factor is that of autoencoders before SDXL's, which has these sizes: an old copy of
  // its config.json says so.
  bool has_old_scaling() const;

  // Pixels a place of the latent is wide and high.
  int64_t factor() const { return int64_t{1} << (level_channels.size() - 1); }
};

class Vae {
 public:
  // Reads the config, which may be null, and all tensors, whatever their spelling, also below
  // "first_stage_model"; matrices become `type`, of the part "vae". Notes in the checkpoint where the scaling
  // factor is an old one, or taken for SDXL's. Throws Error for another kind of model.
  static Vae load(const Checkpoint& checkpoint, Device& device, WeightType type = WeightType::native,
                  LoadOptions options = {});

  const VaeConfig& config() const { return config_; }

  // latent: [height, width, latent_channels] as diffusion leaves it -> [1, height * factor, width * factor,
  // 3], nominal range -1..1, not clamped. on_block: after each block, and may end it by throwing.
  Tensor decode(std::span<const float> latent, int64_t height, int64_t width,
                const LayerHook& on_block = {}) const;
  // pixels: [1, h, w, 3] in -1..1, h and w multiples of the factor -> the mean of the latent as diffusion
  // takes it, [h / factor, w / factor, latent_channels].
  std::vector<float> encode(const Tensor& pixels) const;

  // The type of the convolutions' weights.
  DType dtype() const { return decoder_.conv_in.weight.dtype(); }

 private:
  struct Encoder {
    struct Level {
      std::vector<ResBlock> blocks;
      std::optional<Downsample> downsample;
    };
    Conv2d conv_in;
    std::vector<Level> levels;
    MidBlock mid;
    GroupNorm norm_out;
    Conv2d conv_out;

    static Encoder load(const Weights& w, const VaeConfig& config, const VaeNames& names);
    // [B, h, w, 3] -> means and logarithms of variances [B, h / factor, w / factor, 2 * latent_channels].
    Tensor operator()(const Tensor& x) const;
  };
  struct Decoder {
    struct Level {
      std::vector<ResBlock> blocks;
      std::optional<Upsample> upsample;
    };
    Conv2d conv_in;
    MidBlock mid;
    std::vector<Level> levels;  // in the order in which they run
    GroupNorm norm_out;
    Conv2d conv_out;

    static Decoder load(const Weights& w, const VaeConfig& config, const VaeNames& names);
    // [B, h, w, latent_channels] -> [B, h * factor, w * factor, 3].
    Tensor operator()(const Tensor& x, const LayerHook& on_block) const;
  };

  VaeConfig config_;
  Linear quant_conv_;  // the rows of the means
  Linear post_quant_conv_;
  Encoder encoder_;
  Decoder decoder_;
};

}  // namespace janus
