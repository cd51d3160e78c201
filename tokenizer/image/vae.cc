#include "tokenizer/image/vae.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

constexpr int64_t kPixelChannels = 3;

MidBlock load_mid(const Weights& w, int64_t channels, const VaeNames& names, const BlockStyle& style) {
  return MidBlock::load(w / names.mid_block1, w / names.mid_attention, w / names.mid_block2, channels, style);
}

BlockStyle style_of(const VaeConfig& config, const VaeNames& names) {
  BlockStyle style = names.style;
  style.groups = config.groups;
  return style;
}

std::vector<ResBlock> load_blocks(const Weights& w, int64_t count, int64_t in, int64_t out,
                                  const BlockStyle& style) {
  std::vector<ResBlock> blocks;
  for (int64_t index = 0; index < count; ++index)
    blocks.push_back(ResBlock::load(w / index, index == 0 ? in : out, out, style));
  return blocks;
}

void check_all_read(const Checkpoint& checkpoint) {
  for (const std::string& name : checkpoint.unread()) {
    // A whole diffusion model holds its autoencoder among others.
    check(
        !name.starts_with("encoder.") && !name.starts_with("decoder.") &&
            !name.starts_with("first_stage_model."),
        "{}: expected a tensor of the autoencoder that config.json describes, found one that nothing reads, "
        "in {}; take config.json and weights from one model",
        name, checkpoint.find(name).file);
  }
}

}  // namespace

Vae::Encoder Vae::Encoder::load(const Weights& w, const VaeConfig& config, const VaeNames& names) {
  const BlockStyle style = style_of(config, names);
  Encoder encoder;
  int64_t channels = config.level_channels.front();
  encoder.conv_in = Conv2d::load(w / "conv_in", kPixelChannels, channels, 3);
  const auto count = static_cast<int64_t>(config.level_channels.size());
  for (int64_t index = 0; index < count; ++index) {
    const Weights level = w / names.encoder_levels / index;
    const int64_t out = config.level_channels[index];
    Level made{.blocks = load_blocks(level / names.block, config.layers_per_block, channels, out, style),
               .downsample = std::nullopt};
    if (index + 1 < count) made.downsample = Downsample::load(level / names.downsample, out);
    encoder.levels.push_back(std::move(made));
    channels = out;
  }
  encoder.mid = load_mid(w, channels, names, style);
  encoder.norm_out = GroupNorm::load(w / names.norm_out, channels, config.groups);
  encoder.conv_out = Conv2d::load(w / "conv_out", channels, 2 * config.latent_channels, 3);
  return encoder;
}

Tensor Vae::Encoder::operator()(const Tensor& x) const {
  Tensor h = same_conv3x3(conv_in, x);
  for (const Level& level : levels) {
    for (const ResBlock& block : level.blocks) h = block(h);
    if (level.downsample) h = (*level.downsample)(h);
  }
  return silu_conv3x3(norm_out, conv_out, mid(h));
}

Vae::Decoder Vae::Decoder::load(const Weights& w, const VaeConfig& config, const VaeNames& names) {
  const BlockStyle style = style_of(config, names);
  Decoder decoder;
  int64_t channels = config.level_channels.back();
  decoder.conv_in = Conv2d::load(w / "conv_in", config.latent_channels, channels, 3);
  decoder.mid = load_mid(w, channels, names, style);
  const auto count = static_cast<int64_t>(config.level_channels.size());
  for (int64_t index = 0; index < count; ++index) {
    const int64_t size = count - 1 - index;  // counted from full size down
    const Weights level = w / names.decoder_levels / (names.decoder_from_largest ? size : index);
    const int64_t out = config.level_channels[size];
    Level made{.blocks = load_blocks(level / names.block, config.layers_per_block + 1, channels, out, style),
               .upsample = std::nullopt};
    if (size > 0) made.upsample = Upsample::load(level / names.upsample, out);
    decoder.levels.push_back(std::move(made));
    channels = out;
  }
  decoder.norm_out = GroupNorm::load(w / names.norm_out, channels, config.groups);
  decoder.conv_out = Conv2d::load(w / "conv_out", channels, kPixelChannels, 3);
  return decoder;
}

Tensor Vae::Decoder::operator()(const Tensor& x, const LayerHook& on_block) const {
  int64_t done = 0, total = 1;
  for (const Level& level : levels) total += static_cast<int64_t>(level.blocks.size());
  const auto after_block = [&] {
    if (on_block) on_block(++done, total);
  };
  Tensor h = mid(same_conv3x3(conv_in, x));
  after_block();
  for (const Level& level : levels) {
    for (const ResBlock& block : level.blocks) {
      h = block(h);
      after_block();
    }
    if (level.upsample) h = (*level.upsample)(h);
  }
  return silu_conv3x3(norm_out, conv_out, h);
}

Vae Vae::load(const Checkpoint& checkpoint, Device& device, WeightType type, LoadOptions options) {
  const Weights w =
      vae_scope(Weights(checkpoint, device, WeightType::native, std::move(options)).part("vae", type));
  const VaeNames& names = vae_names(w);
  Vae vae;
  if (checkpoint.config().is_null()) {
    vae.config_ = VaeConfig::from_tensors(w, names);
    checkpoint.note(
        fmt::format("autoencoder, {}: it has no config.json; its scaling factor is taken for {}, "
                    "as SDXL's",
                    checkpoint.files().name(), vae.config_.scaling_factor));
  } else {
    const std::string where = checkpoint.files().path("config.json");
    vae.config_ = VaeConfig::from_json(checkpoint.config(), where, w, names);
    if (vae.config_.has_old_scaling()) {
      checkpoint.note(
          fmt::format("{}: scaling_factor: {} is that of autoencoders before SDXL's ({}): if images come out "
                      "washed out, download the autoencoder again",
                      where, vae.config_.scaling_factor, VaeConfig::kSdxlScaling));
    }
  }
  const VaeConfig& config = vae.config_;
  const int64_t latent = config.latent_channels;
  const Linear moments = load_pointwise(w / "quant_conv", 2 * latent, 2 * latent);
  vae.quant_conv_ = {.weight = moments.weight.rows(0, latent), .bias = moments.bias.rows(0, latent)};
  vae.post_quant_conv_ = load_pointwise(w / "post_quant_conv", latent, latent);
  vae.encoder_ = Encoder::load(w / "encoder", config, names);
  vae.decoder_ = Decoder::load(w / "decoder", config, names);
  check_all_read(checkpoint);
  return vae;
}

Tensor Vae::decode(std::span<const float> latent, int64_t height, int64_t width,
                   const LayerHook& on_block) const {
  const int64_t channels = config_.latent_channels;
  check(height > 0 && width > 0 && static_cast<int64_t>(latent.size()) == height * width * channels,
        "latent: expected {} x {} x {} values, found {}", height, width, channels, latent.size());
  std::vector<float> scaled(latent.begin(), latent.end());
  for (float& value : scaled) value /= static_cast<float>(config_.scaling_factor);
  Device& device = post_quant_conv_.weight.device();
  const Tensor x = ops::from_host(device, scaled, {1, height * width, channels});
  return decoder_(post_quant_conv_(x).reshape({1, height, width, channels}), on_block);
}

std::vector<float> Vae::encode(const Tensor& pixels) const {
  const int64_t factor = config_.factor();
  check(pixels.rank() == 4 && pixels.size(0) == 1 && pixels.size(1) % factor == 0 &&
            pixels.size(2) % factor == 0,
        "picture to encode: expected sides that are multiples of {}, found {}", factor,
        pixels.shape().to_string());
  const Tensor h = encoder_(pixels);
  std::vector<float> mean =
      ops::to_host(quant_conv_(h.reshape({1, h.size(1) * h.size(2), 2 * config_.latent_channels})));
  for (float& value : mean) value *= static_cast<float>(config_.scaling_factor);
  return mean;
}

}  // namespace janus
