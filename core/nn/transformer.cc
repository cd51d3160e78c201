#include "core/nn/transformer.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/ops.h"

namespace janus {

Transformer Transformer::load(const Weights& w, const TransformerConfig& config) {
  const int64_t width = config.hidden_size, feed_forward = config.intermediate_size;
  const int64_t query_width = config.num_attention_heads * config.head_dim;
  const int64_t key_width = config.num_key_value_heads * config.head_dim;

  Transformer model;
  model.config_ = config;
  model.embed_tokens_ = Embedding::load(w / "embed_tokens", config.vocab_size, width);
  for (int64_t index = 0; index < config.num_hidden_layers; ++index) {
    const Weights l = w / "layers" / index;
    const Weights attention = l / "self_attn", mlp = l / "mlp";
    const bool bias = config.attention_bias;
    model.layers_.push_back({
        .input_layernorm = RmsNorm::load(l / "input_layernorm", width, config.rms_norm_eps),
        .post_attention_layernorm = RmsNorm::load(l / "post_attention_layernorm", width, config.rms_norm_eps),
        .q_proj = Linear::load(attention / "q_proj", width, query_width, bias),
        .k_proj = Linear::load(attention / "k_proj", width, key_width, bias),
        .v_proj = Linear::load(attention / "v_proj", width, key_width, bias),
        .o_proj = Linear::load(attention / "o_proj", query_width, width, bias),
        .gate_proj = Linear::load(mlp / "gate_proj", width, feed_forward, config.mlp_bias),
        .up_proj = Linear::load(mlp / "up_proj", width, feed_forward, config.mlp_bias),
        .down_proj = Linear::load(mlp / "down_proj", feed_forward, width, config.mlp_bias),
    });
  }
  model.norm_ = RmsNorm::load(w / "norm", width, config.rms_norm_eps);
  return model;
}

size_t Transformer::layer_bytes() const {
  size_t bytes = norm_.weight.bytes();
  for (const Layer& layer : layers_) {
    bytes += layer.input_layernorm.weight.bytes() + layer.post_attention_layernorm.weight.bytes();
    for (const Linear* linear : {&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj, &layer.gate_proj,
                                 &layer.up_proj, &layer.down_proj}) {
      bytes += linear->weight.bytes() + (linear->bias.empty() ? 0 : linear->bias.bytes());
    }
  }
  return bytes;
}

Tensor Transformer::embed(std::span<const int32_t> ids) const { return embed_tokens_(ids); }

Tensor Transformer::attend(const Layer& layer, const Tensor& h, const CacheView& view) const {
  const auto heads = static_cast<int>(config_.num_attention_heads);
  const LinearView projections[] = {layer.q_proj.view(), layer.k_proj.view(), layer.v_proj.view()};
  // Queries [B, T, H * Dh], keys and values [B, T, Hkv * Dh].
  std::vector<Tensor> parts = ops::linear_multi(layer.input_layernorm(h), projections);
  const Tensor mixed = ops::rope_cached_attention(parts[0], parts[1], parts[2], heads, rope_table_, view);
  return ops::linear_add(mixed, layer.o_proj.view(), h);
}

Tensor Transformer::forward(const Tensor& x, KvCache& cache, std::span<const int32_t> rows,
                            const LayerHook& on_layer, std::span<const int32_t> rope_positions) const {
  const int64_t tokens = x.size(1);
  std::vector<int32_t> starts(rows.size()), positions;
  for (size_t b = 0; b < rows.size(); ++b) {
    const int32_t row = rows[b];
    const bool again = b > 0 && rows[b - 1] == row;
    const int64_t position = again ? positions.back() + tokens : cache.length(row);
    check(position + tokens <= cache.capacity(row),
          "cache row {}: expected at most {} tokens, found {}; ask for a shorter answer or prompt", row,
          cache.capacity(row), position + tokens);
    positions.push_back(static_cast<int32_t>(position));
  }
  int64_t table_size = cache.longest();
  for (const int32_t position : rope_positions) table_size = std::max(table_size, position + tokens);
  if (rope_table_.empty() || rope_table_.size(0) < table_size) {
    rope_table_ =
        ops::rope_table(x.device(), table_size, static_cast<int>(config_.head_dim), config_.rope_theta);
  }

  Tensor h = x;  // [B, T, D]
  for (size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    // on_layer may have made the cache grow, which moves its rows.
    for (size_t b = 0; b < rows.size(); ++b) starts[b] = cache.start(rows[b]);
    const CacheView view{cache.keys_[index], cache.values_[index], starts, positions, rope_positions};
    h = attend(layer, h, view);
    const Tensor activated =
        ops::linear_swiglu(layer.post_attention_layernorm(h), layer.gate_proj.view(), layer.up_proj.view());
    h = ops::linear_add(activated, layer.down_proj.view(), h);
    if (on_layer) on_layer(static_cast<int64_t>(index) + 1, static_cast<int64_t>(layers_.size()));
  }
  for (int32_t row : rows) cache.extend(row, tokens);
  return norm_(h);
}

std::optional<DeviceDecodePlan> Transformer::device_decode_plan(const KvCache& cache) const {
  if (config_.attention_bias || config_.mlp_bias || rope_table_.empty()) return std::nullopt;
  DeviceDecodePlan plan{.layers = {},
                        .norm = norm_.weight,
                        .rms_norm_eps = norm_.eps,
                        .heads = static_cast<int>(config_.num_attention_heads),
                        .rope_table = rope_table_,
                        .table = {},
                        .head = {},
                        .items = {}};
  for (size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    plan.layers.push_back({.input_layernorm = layer.input_layernorm.weight,
                           .post_attention_layernorm = layer.post_attention_layernorm.weight,
                           .q_proj = layer.q_proj.weight,
                           .k_proj = layer.k_proj.weight,
                           .v_proj = layer.v_proj.weight,
                           .o_proj = layer.o_proj.weight,
                           .gate_proj = layer.gate_proj.weight,
                           .up_proj = layer.up_proj.weight,
                           .down_proj = layer.down_proj.weight,
                           .keys = cache.keys_[index],
                           .values = cache.values_[index]});
  }
  return plan;
}

}  // namespace janus
