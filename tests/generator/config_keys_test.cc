// Keys of config.json that ask for what janus does not compute are refused by their names, and others that
// mean the same as the released models' change nothing. docs/checkpoint.md has the table.
#include <gtest/gtest.h>

#include "core/base/json.h"
#include "tests/support/model_copy.h"

namespace janus {
namespace {

using nlohmann::json;
using test::error_of;
using test::expect_error;
using test::ModelCopy;

struct Key {
  const char* path;  // "text_config/hidden_act"
  json value;
};

std::string refusal(const ModelCopy& copy, const json& config, const Key& key) {
  json changed = config;
  changed[json::json_pointer(std::string("/") + key.path)] = key.value;
  copy.write("config.json", changed);
  return error_of([&] { copy.open(); });
}

void expect_refused(const char* model, const std::vector<Key>& keys) {
  const ModelCopy copy(model);
  const json config = copy.read("config.json");
  for (const Key& key : keys) {
    SCOPED_TRACE(fmt::format("{} = {}", key.path, key.value.dump()));
    const std::string path = key.path;
    expect_error(refusal(copy, config, key),
                 {"config.json", path.substr(path.rfind('/') + 1), "expected", "found"});
  }
}

void expect_same(const char* model, const std::vector<Key>& keys) {
  const ModelCopy copy(model);
  const json config = copy.read("config.json");
  for (const Key& key : keys) {
    EXPECT_EQ(refusal(copy, config, key), "") << key.path << " = " << key.value;
  }
}

TEST(ConfigKeys, OfTransformersLayoutAreRefused) {
  expect_refused("grouped-query", {{"text_config/hidden_act", "gelu"},
                                   {"text_config/hidden_act", "relu"},
                                   {"text_config/model_type", "qwen2"},
                                   {"text_config/rms_norm_eps", 0},
                                   {"text_config/rms_norm_eps", -1},
                                   {"text_config/rms_norm_eps", 1e300},
                                   {"text_config/partial_rotary_factor", 0.5},

                                   {"text_config/rope_parameters", {{"partial_rotary_factor", 0.5}}},
                                   {"text_config/rope_parameters", {{"rope_type", "linear"}, {"factor", 2}}},
                                   {"text_config/rope_parameters", {{"rope_type", "yarn"}, {"factor", 1}}},
                                   {"text_config/rope_scaling", {{"type", "dynamic"}, {"factor", 2}}},
                                   {"text_config/head_dim", 15},
                                   {"text_config/num_key_value_heads", 4},
                                   {"vision_config/hidden_act", "gelu_pytorch_tanh"},
                                   {"vision_config/hidden_act", "quick_gelu"},
                                   {"vision_config/layer_norm_eps", 1e-5},
                                   {"vision_config/use_qk_norm", true},
                                   {"vision_config/mlp_ratio", 1e300},
                                   {"vision_config/mlp_ratio", -4},
                                   {"vision_config/num_image_tokens", 576},
                                   {"vision_config/num_channels", 1},
                                   {"vision_config/projection_dim", 64},
                                   {"vision_config/depth", 1},
                                   {"vision_config/image_size", {14, 14}},
                                   {"vq_config/hidden_act", "silu"},
                                   {"vq_config/hidden_act", "gelu_new"},
                                   {"vq_config/hidden_act", "gelu_pytorch_tanh"},
                                   {"vq_config/hidden_act", 3},
                                   {"vq_config/num_hidden_layers", 1},
                                   {"vq_config/double_latent", true},
                                   {"vq_config/in_channels", 4},
                                   {"vq_config/projection_dim", 64},
                                   {"vq_config/image_token_embed_dim", 64}});
}

TEST(ConfigKeys, OfOriginalLayoutAreRefused) {
  expect_refused("original-pro", {{"language_config/hidden_act", "gelu"},
                                  {"language_config/rope_theta", 1e300},
                                  {"language_config/rope_theta", 0},
                                  {"language_config/model_type", "mistral"},
                                  {"language_config/rope_scaling", {{"type", "linear"}, {"factor", 4.0}}},
                                  {"vision_config/cls", "SamTower"},
                                  {"vision_config/params/model_name", "siglip_so400m_patch14_384"},
                                  {"vision_config/params/select_feature", "patch"},
                                  {"vision_config/params/image_size", 384},
                                  {"vision_config/params/pixel_mean", {0.5, 0.5, 0.5}},
                                  {"aligner_config/params/projector_type", "low_high_hybrid_split_mlp_gelu"},
                                  {"aligner_config/params/depth", 1},
                                  {"aligner_config/params/input_dim", 1024},
                                  {"aligner_config/params/n_embed", 2048},
                                  {"gen_aligner_config/params/depth", 1},
                                  {"gen_aligner_config/params/input_dim", 16},
                                  {"gen_head_config/params/image_token_embed", 2048},
                                  {"gen_head_config/params/image_token_size", 16384},
                                  {"gen_head_config/params/n_embed", 2048},
                                  {"gen_vision_config/cls", "VQ-8"},
                                  {"gen_vision_config/params/n_embed", 16}});
}

TEST(ConfigKeys, LayersThatAreAskedForAndNotStoredAreNamed) {
  const ModelCopy transformers("grouped-query"), original("original-pro");
  const auto fault = [](const ModelCopy& copy, const char* path) {
    return refusal(copy, copy.read("config.json"), {path, 3});
  };
  expect_error(fault(transformers, "vision_config/depth"),
               {"model.aligner.hidden_layers.1.weight", "expected"});
  expect_error(fault(original, "gen_aligner_config/params/depth"),
               {"gen_aligner.layers.4.weight", "expected"});
}

TEST(ConfigKeys, ThatMeanTheSameOrNothingLoad) {
  expect_same("grouped-query", {{"text_config/hidden_act", "swish"},
                                {"text_config/rope_scaling", {{"type", "linear"}, {"factor", 1.0}}},
                                {"text_config/rope_parameters", {{"rope_type", "linear"}, {"factor", 1}}},
                                {"text_config/attention_dropout", 0.5},
                                {"text_config/pretraining_tp", 2},
                                {"text_config/use_cache", false},
                                {"text_config/no_such_key", {1, 2}},
                                {"vision_config/hidden_act", "gelu_python"},
                                {"vision_config/hidden_dropout_rate", 0.1},
                                {"vision_config/projection_dropout", 0.1},
                                {"vision_config/use_vision_head", true},
                                {"vq_config/hidden_act", nullptr},
                                {"vq_config/dropout", 0.1},
                                {"vq_config/num_patches", 32},
                                {"transformers_version", "5.24.0"}});
  expect_same("original-pro", {{"language_config/_attn_implementation", "flash_attention_2"},
                               {"vision_config/params/use_checkpoint", true},
                               {"gen_head_config/cls", "vision_head"}});
}

}  // namespace
}  // namespace janus
