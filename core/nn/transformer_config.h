// The architecture numbers of the decoder.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

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

}  // namespace janus
