// The autoregressive core: a Llama decoder (RMSNorm, half-split rotary positions, SwiGLU, grouped-query
// attention), embeddings in, hidden states out. Heads belong to the callers.
// Source: transformers, models/llama/modeling_llama.py.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

#include "core/nn/layers.h"
#include "core/tensor/decoding.h"

namespace janus {

struct TransformerConfig {
  int64_t hidden_size = 4096;
  int64_t intermediate_size = 11008;
  int64_t num_hidden_layers = 32;
  int64_t num_attention_heads = 32;
  int64_t num_key_value_heads = 32;
  int64_t head_dim = 128;
  int64_t vocab_size = 32000;
  int64_t max_position_embeddings = 2048;
  float rms_norm_eps = 1e-6F;
  float rope_theta = 10000.0F;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tie_word_embeddings = false;

  // Overlays `json` on the defaults of LlamaConfig. Throws Error naming the key that is of the wrong type,
  // out of range, or asks for what this decoder does not do (rope scaling, another activation). `where` is
  // for messages.
  static TransformerConfig from_json(const nlohmann::json& json, const std::string& where);
};

// Keys and values of every layer for a number of sequences of their own lengths.
class KvCache {
 public:
  // Capacity in tokens a row. dtype: f32 or bf16.
  KvCache(Device& device, const TransformerConfig& config, int64_t rows, int64_t capacity, DType dtype);

  int64_t rows() const { return static_cast<int64_t>(lengths_.size()); }
  int64_t capacity() const { return capacity_; }
  int64_t length(int64_t row) const { return lengths_[row]; }
  // Forgets all but the first `length` tokens of a row. Throws if it holds fewer.
  void truncate(int64_t row, int64_t length);
  // Counts tokens that a device wrote behind a row's others by itself (core/tensor/decoding.h).
  void extend(int64_t row, int64_t tokens);
  // Makes row `to` hold what row `from` holds.
  void copy_row(int64_t from, int64_t to);

  static size_t bytes(const TransformerConfig& config, int64_t rows, int64_t capacity, DType dtype);

 private:
  friend class Transformer;
  std::vector<Tensor> keys_, values_;  // one a layer: [R, Hkv, capacity, Dh]
  std::vector<int64_t> lengths_;
  int64_t capacity_ = 0;
};

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

  // What a device has to know of this decoder, and of a cache that it has read a prompt into, to draw by
  // itself; the caller adds table, head, items and noise. Nothing where the layers have biases.
  std::optional<DecodingPlan> decoding_plan(const KvCache& cache) const;

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
