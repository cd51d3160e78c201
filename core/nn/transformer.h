// The autoregressive core: a Llama decoder (RMSNorm, half-split rotary positions, SwiGLU, grouped-query
// attention), embeddings in, hidden states out. Heads belong to the callers.
// Source: transformers, models/llama/modeling_llama.py.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

#include "core/nn/device_decode_plan.h"
#include "core/nn/kv_cache.h"
#include "core/nn/layers.h"
#include "core/nn/transformer_config.h"

namespace janus {

class Transformer {
 public:
  // `w` stands where `embed_tokens`, `layers` and `norm` are.
  static Transformer load(const Weights& w, const TransformerConfig& config);

  const TransformerConfig& config() const { return config_; }
  const Embedding& embed_tokens() const { return embed_tokens_; }
  Device& device() const { return embed_tokens_.weight.device(); }
  // Of the weights that every new token reads: all layers, without the embeddings.
  size_t layer_bytes() const;
  // Of most of these weights.
  DType layer_dtype() const { return layers_.empty() ? DType::f32 : layers_[0].gate_proj.weight.dtype(); }

  Tensor embed(std::span<const int32_t> ids) const;  // -> [T, D]
  // Appends T tokens to each of `rows` of the cache and returns their hidden states after the final norm.
  // x: [B, T, D], rows: B distinct cache rows -> [B, T, D]. Throws if a row would exceed the capacity.
  // The result of a row does not depend on the others.
  Tensor forward(const Tensor& x, KvCache& cache, std::span<const int32_t> rows,
                 const LayerHook& on_layer = {}) const;

  // What a device has to know of this decoder, and of a cache that it has read a prompt into, to decode by
  // itself; the caller adds table, head, items and noise. Nothing where the layers have biases.
  std::optional<DeviceDecodePlan> device_decode_plan(const KvCache& cache) const;

 private:
  struct Layer {
    RmsNorm input_layernorm, post_attention_layernorm;
    Linear q_proj, k_proj, v_proj, o_proj;
    Linear gate_proj, up_proj, down_proj;
  };
  // h plus what the attention makes of it.
  Tensor attend(const Layer& layer, const Tensor& h, const CacheView& view) const;

  TransformerConfig config_;
  Embedding embed_tokens_;
  std::vector<Layer> layers_;
  RmsNorm norm_;
  mutable Tensor rope_table_;  // grown on demand
};

}  // namespace janus
