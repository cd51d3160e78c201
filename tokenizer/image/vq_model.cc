#include "tokenizer/image/vq_model.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {

const VqNames kOriginalVq{.encoder_levels = "conv_blocks",
                          .decoder_levels = "conv_blocks",
                          .block = "res",
                          .mid_block1 = "mid.0",
                          .mid_attention = "mid.1",
                          .mid_block2 = "mid.2"};
const VqNames kTransformersVq{.encoder_levels = "down",
                              .decoder_levels = "up",
                              .block = "block",
                              .mid_block1 = "mid.block_1",
                              .mid_attention = "mid.attn_1",
                              .mid_block2 = "mid.block_2"};

namespace {

constexpr int64_t kPixelChannels = 3;
constexpr float kNormalizeEps = 1e-12F;

MidBlock load_mid(const Weights& w, int64_t channels, const VqNames& names) {
  return MidBlock::load(w / names.mid_block1, w / names.mid_attention, w / names.mid_block2, channels);
}

}  // namespace

VqModel::Level VqModel::Level::load(const Weights& w, const VqNames& names, int64_t count, int64_t in,
                                    int64_t out, bool attention) {
  Level level;
  for (int64_t index = 0; index < count; ++index) {
    level.blocks.push_back(ResBlock::load(w / names.block / index, index == 0 ? in : out, out));
    if (attention) level.attentions.push_back(AttentionBlock::load(w / "attn" / index, out));
  }
  return level;
}

Tensor VqModel::Level::operator()(const Tensor& x, const std::function<void()>& after_block) const {
  Tensor h = x;
  for (size_t index = 0; index < blocks.size(); ++index) {
    h = blocks[index](h);
    if (!attentions.empty()) h = attentions[index](h);
    if (after_block) after_block();
  }
  if (upsample) h = (*upsample)(h);
  if (downsample) h = (*downsample)(h);
  return h;
}

VqModel::Encoder VqModel::Encoder::load(const Weights& w, const VqConfig& config, const VqNames& names) {
  Encoder encoder;
  encoder.conv_in = Conv2d::load(w / "conv_in", kPixelChannels, config.base_channels, 3);
  int64_t channels = config.base_channels;
  const auto count = static_cast<int64_t>(config.level_channels.size());
  for (int64_t index = 0; index < count; ++index) {
    const Weights l = w / names.encoder_levels / index;
    const int64_t out = config.level_channels[index];
    const bool smallest = index == count - 1;
    Level level = Level::load(l, names, config.num_res_blocks, channels, out, smallest);
    if (!smallest) level.downsample = Downsample::load(l / "downsample", out);
    encoder.levels.push_back(std::move(level));
    channels = out;
  }
  encoder.mid = load_mid(w, channels, names);
  encoder.norm_out = GroupNorm::load(w / "norm_out", channels);
  encoder.conv_out = Conv2d::load(w / "conv_out", channels, config.latent_channels, 3);
  return encoder;
}

Tensor VqModel::Encoder::operator()(const Tensor& x) const {
  Tensor h = same_conv3x3(conv_in, x);
  for (const Level& level : levels) h = level(h);
  return silu_conv3x3(norm_out, conv_out, mid(h));
}

VqModel::Decoder VqModel::Decoder::load(const Weights& w, const VqConfig& config, const VqNames& names) {
  Decoder decoder;
  const auto count = static_cast<int64_t>(config.level_channels.size());
  int64_t channels = config.level_channels.back();
  decoder.conv_in = Conv2d::load(w / "conv_in", config.latent_channels, channels, 3);
  decoder.mid = load_mid(w, channels, names);
  // The decoder's levels count in the order they run, from the smallest size up.
  for (int64_t index = 0; index < count; ++index) {
    const Weights l = w / names.decoder_levels / index;
    const int64_t out = config.level_channels[count - 1 - index];
    Level level = Level::load(l, names, config.num_res_blocks + 1, channels, out, /*attention=*/index == 0);
    if (index != count - 1) level.upsample = Upsample::load(l / "upsample", out);
    decoder.levels.push_back(std::move(level));
    channels = out;
  }
  decoder.norm_out = GroupNorm::load(w / "norm_out", channels);
  decoder.conv_out = Conv2d::load(w / "conv_out", channels, kPixelChannels, 3);
  return decoder;
}

Tensor VqModel::Decoder::operator()(const Tensor& x, const LayerHook& on_block) const {
  int64_t done = 0, total = 1;
  for (const Level& level : levels) total += static_cast<int64_t>(level.blocks.size());
  const auto after_block = [&] {
    if (on_block) on_block(++done, total);
  };
  Tensor h = mid(same_conv3x3(conv_in, x));
  after_block();
  for (const Level& level : levels) h = level(h, after_block);
  return silu_conv3x3(norm_out, conv_out, h);
}

VqModel VqModel::load(const Weights& w, const VqConfig& config, const VqNames& names) {
  VqModel model;
  model.config_ = config;
  model.codebook_ = ops::l2_normalize(
      w.get("quantize.embedding.weight", {config.codebook_size, config.embed_dim}), kNormalizeEps);
  model.quant_conv_ = load_pointwise(w / "quant_conv", config.latent_channels, config.embed_dim);
  model.post_quant_conv_ = load_pointwise(w / "post_quant_conv", config.embed_dim, config.latent_channels);
  model.encoder_ = Encoder::load(w / "encoder", config, names);
  model.decoder_ = Decoder::load(w / "decoder", config, names);
  return model;
}

Tensor VqModel::decode(std::span<const int32_t> codes, int64_t height, int64_t width,
                       const LayerHook& on_block) const {
  check(height > 0 && width > 0 && static_cast<int64_t>(codes.size()) == height * width,
        "codes: expected {} x {}, found {} of them; make them with janus encode", height, width,
        codes.size());
  for (int32_t code : codes) {
    check(code >= 0 && code < config_.codebook_size, "codes: expected numbers from 0 to {}, found {}",
          config_.codebook_size - 1, code);
  }
  // A device that samples other codes meanwhile goes on with it.
  const Tensor codebook = Tensor::wrap(codebook_.device().side_stream(), codebook_.dtype(), codebook_.shape(),
                                       codebook_.raw(), nullptr);
  const Tensor entries = ops::embedding(codebook, codes).reshape({1, height * width, config_.embed_dim});
  const Tensor latent = post_quant_conv_(entries).reshape({1, height, width, config_.latent_channels});
  return decoder_(latent, on_block);
}

Tensor VqModel::encode_latent(const Tensor& pixels) const {
  const int64_t factor = config_.factor();
  check(pixels.rank() == 4 && pixels.size(1) % factor == 0 && pixels.size(2) % factor == 0,
        "picture to encode: expected sides that are multiples of {}, found {}", factor,
        pixels.shape().to_string());
  const Tensor h = encoder_(pixels);  // [1, h, w, latent_channels]
  const Tensor flat = h.reshape({h.size(0), h.size(1) * h.size(2), h.size(3)});
  return quant_conv_(flat).reshape({h.size(0), h.size(1), h.size(2), config_.embed_dim});
}

std::vector<int32_t> VqModel::quantize(const Tensor& latent) const {
  const int64_t count = latent.elements() / config_.embed_dim;
  const Tensor rows = ops::l2_normalize(latent.reshape({count, config_.embed_dim}), kNormalizeEps);
  // Between vectors of length 1 the nearest is the one of largest product.
  const std::vector<float> products = ops::to_host(ops::linear(rows, codebook_));  // [N, codes]
  if (!all_finite(products)) {
    check_finite(ops::to_host(latent), "encoder of images");
    fail_not_finite("codebook");
  }
  std::vector<int32_t> codes;
  for (int64_t row = 0; row < count; ++row) {
    const auto begin = products.begin() + row * config_.codebook_size;
    codes.push_back(static_cast<int32_t>(std::max_element(begin, begin + config_.codebook_size) - begin));
  }
  return codes;
}

}  // namespace janus
