// Reads the decoder's sizes from a checkpoint's JSON.
#include <cmath>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/nn/transformer.h"

namespace janus {
namespace {

constexpr const char* kNoScaling = "this decoder has no scaled rotary positions: use a model without them";

// `rope_parameters` of transformers 5, or `rope_scaling` of earlier versions. Returns the theta that it
// names.
double read_rope(const JsonObject& rope, double theta) {
  const std::string type = rope.string("rope_type", rope.string("type", "default"));
  const double factor = rope.number("factor", type == "default" ? 1 : 0);
  check(type == "default" || (type == "linear" && factor == 1),
        "{}: expected the type \"default\", or \"linear\" of factor 1, found \"{}\" of factor {}; {}",
        rope.where(), type, factor, kNoScaling);
  const double rotated = rope.number("partial_rotary_factor", 1);
  check(rotated == 1, "{}: partial_rotary_factor: expected 1, found {}; {}", rope.where(), rotated,
        kNoScaling);
  return rope.number("rope_theta", theta);
}

float read_rope_theta(const JsonObject& config, float fallback) {
  // transformers 5 nests what earlier versions kept at the top.
  double theta = config.number("rope_theta", fallback);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (const auto rope = config.object(key)) theta = read_rope(*rope, theta);
  }
  check(static_cast<float>(theta) > 0 && std::isfinite(static_cast<float>(theta)),
        "{}: rope_theta: expected a number above 0, found {}; use the config.json that came with the weights",
        config.where(), theta);
  return static_cast<float>(theta);
}

float read_epsilon(const JsonObject& config, const char* key, float fallback) {
  const double found = config.number(key, fallback);
  check(found > 0 && found < 1,
        "{}: {}: expected a number above 0 and below 1, found {}; use the config.json that came with the "
        "weights",
        config.where(), key, found);
  return static_cast<float>(found);
}

}  // namespace

TransformerConfig TransformerConfig::from_json(const nlohmann::json& json, const std::string& where) {
  const JsonObject source(json, where);
  constexpr int64_t kMost = int64_t{1} << 24;  // of any size: keeps products of sizes far from overflow
  TransformerConfig config;
  const auto size = [&](const char* key, int64_t fallback) {
    return source.integer(key, fallback, 1, kMost);
  };
  config.hidden_size = size("hidden_size", config.hidden_size);
  config.intermediate_size = size("intermediate_size", config.intermediate_size);
  config.num_hidden_layers = source.integer("num_hidden_layers", config.num_hidden_layers, 1, 4096);
  config.num_attention_heads = size("num_attention_heads", config.num_attention_heads);
  config.num_key_value_heads = size("num_key_value_heads", config.num_attention_heads);
  check(config.num_attention_heads % config.num_key_value_heads == 0,
        "{}: num_key_value_heads: expected a divisor of num_attention_heads ({}), found {}; use the "
        "config.json that came with the weights",
        where, config.num_attention_heads, config.num_key_value_heads);
  config.head_dim = size("head_dim", std::max<int64_t>(1, config.hidden_size / config.num_attention_heads));
  check(config.head_dim % 2 == 0,
        "{}: head_dim: expected an even number, found {}; use the config.json that came with the weights",
        where, config.head_dim);
  config.vocab_size = size("vocab_size", config.vocab_size);
  config.max_position_embeddings = size("max_position_embeddings", config.max_position_embeddings);
  config.rms_norm_eps = read_epsilon(source, "rms_norm_eps", config.rms_norm_eps);
  config.rope_theta = read_rope_theta(source, config.rope_theta);
  config.attention_bias = source.boolean("attention_bias", config.attention_bias);
  config.mlp_bias = source.boolean("mlp_bias", config.mlp_bias);
  config.tie_word_embeddings = source.boolean("tie_word_embeddings", config.tie_word_embeddings);
  source.choice("model_type", {"llama"}, "use a Janus model, whose decoder is a Llama");
  source.choice("hidden_act", {"silu", "swish"}, "use a model made as the released ones are");
  const double rotated = source.number("partial_rotary_factor", 1);
  check(rotated == 1, "{}: partial_rotary_factor: expected 1, found {}; {}", where, rotated, kNoScaling);
  return config;
}

}  // namespace janus
