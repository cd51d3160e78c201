// The shallow networks between the latent of an image and the decoder's tokens: an encoder and a decoder of
// ConvNeXt blocks that the time modulates. Channels-last.
// Source: deepseek-ai/Janus, janusflow/models/uvit.py (ShallowUViTEncoder, ShallowUViTDecoder); Woo et al.,
// "ConvNeXt V2", 2023; Perez et al., "FiLM", 2018.
#pragma once

#include <span>
#include <vector>

#include "core/nn/layers.h"
#include "generator/janusflow/flow_config.h"

namespace janus {

// The time as sines and cosines: [cos(t f), sin(t f)], f = 10000^(-i / half). -> `width` values.
std::vector<float> time_features(float time, int64_t width);

// time features -> Linear, SiLU, Linear.
struct TimeEmbedding {
  Linear linear_1, linear_2;

  static TimeEmbedding load(const Weights& w, int64_t features, int64_t width);
  Tensor operator()(float time) const;  // -> [1, time_width]
};

// y = x + linear_2(GRN(gelu(linear_1(norm(depthwise x))))); then y * (1 + scale) + shift, both of the time.
struct ConvNextBlock {
  Tensor depthwise_weight;  // [C, 1, 7, 7], stored type
  Tensor depthwise_bias;    // [C]
  RmsNorm norm;
  Linear channelwise_linear_1, channelwise_linear_2;
  Tensor channelwise_norm_weight, channelwise_norm_bias;  // [4 C]
  Linear cond_embeds_mapper;                              // time embedding -> [2 C], scale first

  static ConvNextBlock load(const Weights& w, int64_t channels, int64_t time_width, float eps);
  // time: silu of the time embedding, [1, time_width] -> [2, C], scale and shift.
  Tensor modulation(const Tensor& time) const;
  // x: [B, h, w, C], modulation: [2, C] -> as x.
  Tensor operator()(const Tensor& x, const Tensor& modulation) const;
};

// The modulations of blocks at a time, as ConvNextBlock::modulation.
std::vector<Tensor> modulations(std::span<const ConvNextBlock> blocks, const Tensor& time);

struct UvitEncoder {
  TimeEmbedding time_embed;
  Conv2d in_conv;
  std::vector<ConvNextBlock> blocks;

  static UvitEncoder load(const Weights& w, const UvitConfig& config);
  // latent: [B, patch * h, patch * w, latent_channels], modulations: of the blocks -> [B, h, w, C], which is
  // also what skips to the decoder.
  Tensor operator()(const Tensor& latent, std::span<const Tensor> modulations) const;
};

struct UvitDecoder {
  RmsNorm input_norm;
  std::vector<ConvNextBlock> blocks;
  RmsNorm norm;
  Linear unpatch_conv;  // a 1 x 1 convolution

  static UvitDecoder load(const Weights& w, const UvitConfig& config);
  // x, skip: [B, h, w, C], modulations: of the blocks -> [B, h, w, latent_channels * patch * patch];
  // shuffle_patches makes the latent's places of it.
  Tensor operator()(const Tensor& x, const Tensor& skip, std::span<const Tensor> modulations) const;
};

// x * sigmoid(x).
Tensor silu(const Tensor& x);
// Two tensors [.., C] side by side -> [.., 2 C].
Tensor side_by_side(const Tensor& left, const Tensor& right);
// Of each place's [channels, patch, patch] the places of a larger image, as torch's PixelShuffle:
// [height, width, channels * patch * patch] -> [height * patch, width * patch, channels].
std::vector<float> shuffle_patches(std::span<const float> x, int64_t height, int64_t width, int64_t channels,
                                   int64_t patch);

}  // namespace janus
