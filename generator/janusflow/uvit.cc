#include "generator/janusflow/uvit.h"

#include <cmath>

#include "core/tensor/ops.h"
#include "tokenizer/image/conv_blocks.h"

namespace janus {
namespace {

constexpr int64_t kKernel = 7, kWidening = 4;
constexpr Conv2dOptions kSamePadding7x7{
    .stride = 1, .pad_top = 3, .pad_left = 3, .pad_bottom = 3, .pad_right = 3};
constexpr float kResponseEps = 1e-6F;  // the reference's, whatever norm_eps says
constexpr float kLongestPeriod = 10000.0F;

std::vector<ConvNextBlock> load_blocks(const Weights& w, int64_t count, int64_t channels, int64_t time_width,
                                       float eps) {
  std::vector<ConvNextBlock> blocks;
  for (int64_t index = 0; index < count; ++index) {
    blocks.push_back(ConvNextBlock::load(w / "mid_block" / "res_blocks" / index, channels, time_width, eps));
  }
  return blocks;
}

// For layers that take [B, T, D].
Tensor flat(const Tensor& x) { return x.reshape({x.size(0), x.size(1) * x.size(2), x.size(3)}); }

}  // namespace

std::vector<float> time_features(float time, int64_t width) {
  const int64_t half = width / 2;
  std::vector<float> features(static_cast<size_t>(width));
  for (int64_t i = 0; i < half; ++i) {
    const float exponent = -std::log(kLongestPeriod) * static_cast<float>(i) / static_cast<float>(half);
    const float angle = time * std::exp(exponent);
    features[i] = std::cos(angle);
    features[half + i] = std::sin(angle);
  }
  return features;
}

Tensor silu(const Tensor& x) {
  const std::vector<float> ones(static_cast<size_t>(x.elements()), 1.0F);
  return ops::swiglu(x, ops::from_host(x.device(), ones, x.shape()));
}

Tensor side_by_side(const Tensor& left, const Tensor& right) {
  const int64_t channels = left.shape().back(), rows = left.elements() / channels;
  Tensor out(left.device(), DType::f32, Shape{rows, 2 * channels});
  ops::copy(left.reshape({rows, channels}), out.columns(0, channels));
  ops::copy(right.reshape({rows, channels}), out.columns(channels, channels));
  return out.reshape({left.size(0), left.size(1), left.size(2), 2 * channels});
}

std::vector<float> shuffle_patches(std::span<const float> x, int64_t height, int64_t width, int64_t channels,
                                   int64_t patch) {
  std::vector<float> out(x.size());
  const int64_t wide = width * patch;
  for (int64_t place = 0; place < height * width; ++place) {
    const float* from = x.data() + place * channels * patch * patch;
    const int64_t top = place / width * patch, left = place % width * patch;
    for (int64_t i = 0; i < channels * patch * patch; ++i) {
      const int64_t channel = i / (patch * patch), dy = i / patch % patch, dx = i % patch;
      out[((top + dy) * wide + left + dx) * channels + channel] = from[i];
    }
  }
  return out;
}

TimeEmbedding TimeEmbedding::load(const Weights& w, int64_t features, int64_t width) {
  return {.linear_1 = Linear::load(w / "linear_1", features, width),
          .linear_2 = Linear::load(w / "linear_2", width, width)};
}

Tensor TimeEmbedding::operator()(float time) const {
  const int64_t features = linear_1.weight.size(1);
  const Tensor x = ops::from_host(linear_1.weight.device(), time_features(time, features), {1, features});
  return linear_2(silu(linear_1(x)));
}

ConvNextBlock ConvNextBlock::load(const Weights& w, int64_t channels, int64_t time_width, float eps) {
  const int64_t wide = kWidening * channels;
  return {
      .depthwise_weight = w.matrix("depthwise.weight", {channels, 1, kKernel, kKernel}),
      .depthwise_bias = w.get("depthwise.bias", {channels}),
      .norm = RmsNorm::load(w / "norm", channels, eps),
      .channelwise_linear_1 = Linear::load(w / "channelwise_linear_1", channels, wide),
      .channelwise_linear_2 = Linear::load(w / "channelwise_linear_2", wide, channels),
      .channelwise_norm_weight = w.get("channelwise_norm.weight", {1, 1, 1, wide}).reshape({wide}),
      .channelwise_norm_bias = w.get("channelwise_norm.bias", {1, 1, 1, wide}).reshape({wide}),
      .cond_embeds_mapper = Linear::load(w / "cond_embeds_mapper", time_width, 2 * channels),
  };
}

Tensor ConvNextBlock::modulation(const Tensor& time) const {
  return cond_embeds_mapper(time).reshape({2, depthwise_bias.size(0)});
}

std::vector<Tensor> modulations(std::span<const ConvNextBlock> blocks, const Tensor& time) {
  std::vector<Tensor> made;
  for (const ConvNextBlock& block : blocks) made.push_back(block.modulation(time));
  return made;
}

Tensor ConvNextBlock::operator()(const Tensor& x, const Tensor& modulation) const {
  const int64_t channels = x.size(3);
  const Tensor seen = ops::depthwise_conv2d(x, depthwise_weight, depthwise_bias, kSamePadding7x7);
  const Tensor wide = ops::gelu_erf(channelwise_linear_1(flat(norm(seen))));
  const Tensor answered =
      ops::global_response_norm(wide.reshape({x.size(0), x.size(1), x.size(2), kWidening * channels}),
                                channelwise_norm_weight, channelwise_norm_bias, kResponseEps);
  const Tensor y = ops::linear_add(flat(answered), channelwise_linear_2.view(), flat(x));
  const auto vector = [&](int64_t row) { return modulation.rows(row, 1).reshape({channels}); };
  return ops::scale_shift(y, vector(0), vector(1)).reshape(x.shape());
}

UvitEncoder UvitEncoder::load(const Weights& w, const UvitConfig& config) {
  return {.time_embed = TimeEmbedding::load(w / "time_embed", config.channels, config.time_width),
          .in_conv = Conv2d::load(w / "in_conv", config.latent_channels, config.channels, config.patch),
          .blocks =
              load_blocks(w, config.encoder_blocks, config.channels, config.time_width, config.encoder_eps)};
}

Tensor UvitEncoder::operator()(const Tensor& latent, std::span<const Tensor> modulations) const {
  Tensor x = in_conv(latent, {.stride = static_cast<int>(in_conv.weight.size(2))});
  for (size_t index = 0; index < blocks.size(); ++index) x = blocks[index](x, modulations[index]);
  return x;
}

UvitDecoder UvitDecoder::load(const Weights& w, const UvitConfig& config) {
  const int64_t both = 2 * config.channels, out = config.latent_channels * config.patch * config.patch;
  const Weights last = w / "out_convs" / 0;
  return {.input_norm = RmsNorm::load(w / "input_norm", config.channels, config.decoder_eps),
          .blocks = load_blocks(w, config.decoder_blocks, both, config.time_width, config.decoder_eps),
          .norm = RmsNorm::load(last / "norm", both, config.decoder_eps),
          .unpatch_conv = load_pointwise(last / "unpatch_conv", both, out)};
}

Tensor UvitDecoder::operator()(const Tensor& x, const Tensor& skip,
                               std::span<const Tensor> modulations) const {
  Tensor h = side_by_side(input_norm(x), skip);
  for (size_t index = 0; index < blocks.size(); ++index) h = blocks[index](h, modulations[index]);
  const Tensor out = unpatch_conv(flat(norm(h)));
  return out.reshape({h.size(0), h.size(1), h.size(2), out.size(2)});
}

}  // namespace janus
