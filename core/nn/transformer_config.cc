// Reads the decoder's sizes from a checkpoint's JSON.
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/nn/transformer.h"

namespace janus {
namespace {

float read_rope_theta(const JsonObject& config, float fallback) {
  // transformers 5 nests what earlier versions kept at the top.
  float theta = static_cast<float>(config.number("rope_theta", fallback));
  if (const auto rope = config.object("rope_parameters")) {
    const std::string type = rope->string("rope_type", rope->string("type", "default"));
    check(type == "default",
          "{}: rope_parameters.rope_type: expected \"default\", found \"{}\"; this decoder has no "
          "scaled rotary positions",
          config.where(), type);
    theta = static_cast<float>(rope->number("rope_theta", theta));
  }
  if (const auto scaling = config.object("rope_scaling")) {
    const std::string type = scaling->string("rope_type", scaling->string("type", "default"));
    check(type == "default",
          "{}: rope_scaling: expected null, found type \"{}\"; this decoder has no scaled rotary "
          "positions",
          config.where(), type);
  }
  check(theta > 0, "{}: rope_theta: expected a number above 0, found {}", config.where(), theta);
  return theta;
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
        "{}: num_key_value_heads: expected a divisor of num_attention_heads ({}), found {}", where,
        config.num_attention_heads, config.num_key_value_heads);
  config.head_dim = size("head_dim", std::max<int64_t>(1, config.hidden_size / config.num_attention_heads));
  check(config.head_dim % 2 == 0, "{}: head_dim: expected an even number, found {}", where, config.head_dim);
  config.vocab_size = size("vocab_size", config.vocab_size);
  config.max_position_embeddings = size("max_position_embeddings", config.max_position_embeddings);
  config.rms_norm_eps = static_cast<float>(source.number("rms_norm_eps", config.rms_norm_eps));
  config.rope_theta = read_rope_theta(source, config.rope_theta);
  config.attention_bias = source.boolean("attention_bias", config.attention_bias);
  config.mlp_bias = source.boolean("mlp_bias", config.mlp_bias);
  config.tie_word_embeddings = source.boolean("tie_word_embeddings", config.tie_word_embeddings);
  const std::string activation = source.string("hidden_act", "silu");
  check(activation == "silu" || activation == "swish", "{}: hidden_act: expected \"silu\", found \"{}\"",
        where, activation);
  return config;
}

}  // namespace janus
