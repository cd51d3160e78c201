#include "generator/pass_costs.h"

namespace janus {
namespace {

double bytes_of(const Mlp& mlp) {
  double bytes = 0;
  for (const Linear& linear : mlp.layers) bytes += bytes_of(linear);
  return bytes;
}

double weights_of(const Mlp& mlp) {
  double weights = 0;
  for (const Linear& linear : mlp.layers) weights += static_cast<double>(linear.weight.elements());
  return weights;
}

double layer_weights(const TransformerConfig& c) {
  const double heads = static_cast<double>(2 * c.num_attention_heads + 2 * c.num_key_value_heads);
  return static_cast<double>(c.num_hidden_layers) * static_cast<double>(c.hidden_size) *
         (heads * static_cast<double>(c.head_dim) + 3 * static_cast<double>(c.intermediate_size));
}

}  // namespace

double bytes_of(const Linear& linear) {
  return static_cast<double>(linear.weight.bytes()) + (linear.bias.empty() ? 0.0 : linear.bias.bytes());
}

double attention_operations(double queries, double keys, double width) { return 4 * queries * keys * width; }

double bytes_a_weight(DType dtype) {
  const Format& format = format_of(dtype);
  return static_cast<double>(format.block_bytes) / format.block;
}

PassCost step_cost(const Transformer& language_model, DType cache_dtype, const Mlp& head, int64_t rows,
                   int64_t context) {
  const TransformerConfig& config = language_model.config();
  const auto count = static_cast<double>(rows);
  const double cache = static_cast<double>(KvCache::bytes(config, rows * context, cache_dtype));
  const double width = static_cast<double>(config.num_attention_heads * config.head_dim);
  return {.bytes = static_cast<double>(language_model.layer_bytes()) + bytes_of(head) + cache,
          .operations = 2 * count * (layer_weights(config) + weights_of(head)) +
                        static_cast<double>(config.num_hidden_layers) *
                            attention_operations(count, static_cast<double>(context), width),
          .weights = language_model.layer_dtype()};
}

PassCost pass_cost(const Transformer& language_model, int64_t tokens, int64_t context) {
  const TransformerConfig& config = language_model.config();
  const auto count = static_cast<double>(tokens);
  const double width = static_cast<double>(config.num_attention_heads * config.head_dim);
  // A token attends to those before it: of the new ones half of all pairs.
  const double keys = static_cast<double>(context) + count / 2;
  return {.bytes = static_cast<double>(language_model.layer_bytes()),
          .operations = 2 * count * layer_weights(config) + static_cast<double>(config.num_hidden_layers) *
                                                                attention_operations(count, keys, width),
          .weights = language_model.layer_dtype()};
}

PassCost prefill_cost(const Transformer& language_model, const Linear& lm_head, int64_t tokens) {
  PassCost cost = pass_cost(language_model, tokens, 0);
  cost.bytes += bytes_of(lm_head);
  cost.operations += 2 * static_cast<double>(lm_head.weight.elements());
  return cost;
}

PassCost vision_cost(const SiglipConfig& config, const Mlp& aligner) {
  const auto patches = static_cast<double>(config.patches());
  const auto width = static_cast<double>(config.width);
  const auto depth = static_cast<double>(config.depth);
  const double patch = 3 * static_cast<double>(config.patch_size * config.patch_size) * width;
  const double blocks = depth * (4 * width * width + 2 * width * static_cast<double>(config.mlp_width));
  const DType dtype = aligner.layers[0].weight.dtype();
  const double size = bytes_a_weight(dtype);
  return {.bytes = size * (patch + blocks) + bytes_of(aligner),
          .operations = 2 * patches * (patch + blocks + weights_of(aligner)) +
                        depth * attention_operations(patches, patches, width),
          .weights = dtype};
}

}  // namespace janus
