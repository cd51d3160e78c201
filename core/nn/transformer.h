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
  // `w` is the scope that holds `embed_tokens`, `layers` and `norm`.
  static Transformer load(const Weights& w, const TransformerConfig& config);

  const TransformerConfig& config() const { return config_; }
  const Embedding& embed_tokens() const { return embed_tokens_; }
  Device& device() const { return embed_tokens_.weight.device(); }
  // The bytes of the weights that every new token reads: all layers, without the embeddings.
  size_t layer_bytes() const;
  // The type that most of these weights have.
  DType layer_dtype() const { return layers_.empty() ? DType::f32 : layers_[0].gate_proj.weight.dtype(); }

  Tensor embed(std::span<const int32_t> ids) const;  // -> [T, D]
  // Appends T tokens to each of `rows` of the cache and returns their hidden states after the final norm.
  // They must not be kept where on_layer lets the cache grow. x: [B, T, D], rows: B -> [B, T, D]. Throws if a
  // row would exceed the capacity. A row's result does not depend on the others. With T = 1 a row may stand
  // several times, one after another: it gets as many tokens, with the results of one call a token.
  // rope_positions: for each row the position that its first new token is rotated for, where the tokens that
  // it holds are not all that stand before it; empty: their number.
  Tensor forward(const Tensor& x, KvCache& cache, std::span<const int32_t> rows,
                 const LayerHook& on_layer = {}, std::span<const int32_t> rope_positions = {}) const;

  // Describes this decoder, and a cache into which it has read a prompt, to a device that decodes by itself.
  // The caller adds table, head, items and noise. Returns nothing where the layers have biases.
  std::optional<DeviceDecodePlan> device_decode_plan(const KvCache& cache) const;

 private:
  struct Layer {
    RmsNorm input_layernorm, post_attention_layernorm;
    Linear q_proj, k_proj, v_proj, o_proj;
    Linear gate_proj, up_proj, down_proj;
  };
  // Returns h plus the attention's result for it.
  Tensor attend(const Layer& layer, const Tensor& h, const CacheView& view) const;

  TransformerConfig config_;
  Embedding embed_tokens_;
  std::vector<Layer> layers_;
  RmsNorm norm_;
  mutable Tensor rope_table_;  // grown on demand
};

}  // namespace janus
