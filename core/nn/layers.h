// The layers that hold weights: plain structs, read from a scope of a checkpoint, called like functions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/tensor/tensor.h"

namespace janus {

// Called after each layer of a long pass with the number done and the number of all. May throw to end the
// pass.
using LayerHook = std::function<void(int64_t done, int64_t total)>;

// y = x weight^T + bias.
struct Linear {
  Tensor weight;  // [F, D], stored type
  Tensor bias;    // [F] f32, or empty

  static Linear load(const Weights& w, int64_t in, int64_t out, bool with_bias = true);
  Tensor operator()(const Tensor& x) const;  // [.., D] -> [.., F]
  LinearView view() const { return {weight, bias}; }
};

struct Embedding {
  Tensor weight;  // [V, D], stored type

  static Embedding load(const Weights& w, int64_t count, int64_t width);
  Tensor operator()(std::span<const int32_t> ids) const;  // -> [T, D]
};

struct RmsNorm {
  Tensor weight;  // [D]
  float eps = 1e-6F;

  static RmsNorm load(const Weights& w, int64_t width, float eps);
  Tensor operator()(const Tensor& x) const;  // [.., D] -> [.., D]
};

struct LayerNorm {
  Tensor weight, bias;  // [D]
  float eps = 1e-6F;

  static LayerNorm load(const Weights& w, int64_t width, float eps);
  Tensor operator()(const Tensor& x) const;  // [.., D] -> [.., D]
};

// Channels-last group normalisation.
struct GroupNorm {
  Tensor weight, bias;  // [C]
  int groups = 32;
  float eps = 1e-6F;

  static GroupNorm load(const Weights& w, int64_t channels, int groups = 32, float eps = 1e-6F);
  Tensor operator()(const Tensor& x, bool silu = false) const;  // [B, h, w, C] -> [B, h, w, C]
  GroupNormOptions options() const;                             // for operations that apply it on the way
};

struct Conv2d {
  Tensor weight;  // [F, C, kh, kw], stored type
  Tensor bias;    // [F]

  static Conv2d load(const Weights& w, int64_t in, int64_t out, int64_t kernel);
  Tensor operator()(const Tensor& x,
                    const Conv2dOptions& options = {}) const;  // [B, h, w, C] -> [B, h', w', F]
};

// Linear layers with the exact GELU between them: the ViT's MLP, the aligners, the image head.
struct Mlp {
  std::vector<Linear> layers;

  Tensor operator()(const Tensor& x) const;  // [.., D] -> [.., F]
};

}  // namespace janus
