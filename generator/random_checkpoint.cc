#include "generator/random_checkpoint.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "generator/random_flow_checkpoint.h"
#include "generator/random_tensors.h"

namespace janus {
namespace {

struct ReleasedSizes {
  const char* name;
  int64_t hidden, intermediate, layers, heads;
};
// janus-spec: the decoders of the released checkpoints; everything else is the same in all of them.
constexpr std::array<ReleasedSizes, 3> kReleased{{{"janus-1.3b", 2048, 5632, 24, 16},
                                                  {"janus-pro-1b", 2048, 5632, 24, 16},
                                                  {"janus-pro-7b", 4096, 11008, 30, 32}}};
constexpr std::string_view kFlow = "janusflow-1.3b";
constexpr int64_t kVocabulary = 102400;
constexpr int64_t kVisionWidth = 1024, kVisionDepth = 24, kVisionMlp = 4096, kPatch = 16, kPatches = 576;
constexpr int64_t kCodes = 16384, kCodeWidth = 8, kLatent = 256, kBase = 128, kResBlocks = 2;
constexpr std::array<int64_t, 5> kLevelChannels{128, 128, 256, 256, 512};

// What calls on ids look up where there is no tokenizer; the numbers are Janus-Pro-1B's.
constexpr std::string_view kGenerationConfig =
    R"({"bos_token_id": 100000, "eos_token_id": 100001, "pad_token_id": 100002})";

void add_res_block(RandomTensors& b, const std::string& name, int64_t in, int64_t out) {
  b.norm(name + ".norm1", in);
  b.conv(name + ".conv1", in, out, 3);
  b.norm(name + ".norm2", out);
  b.conv(name + ".conv2", out, out, 3);
  if (in != out) b.conv(name + ".nin_shortcut", in, out, 1);
}

void add_attention_block(RandomTensors& b, const std::string& name, int64_t channels) {
  b.norm(name + ".norm", channels);
  for (const char* part : {".q", ".k", ".v", ".proj_out"}) b.conv(name + part, channels, channels, 1);
}

void add_mid(RandomTensors& b, const std::string& name, int64_t channels) {
  add_res_block(b, name + ".block_1", channels, channels);
  add_attention_block(b, name + ".attn_1", channels);
  add_res_block(b, name + ".block_2", channels, channels);
}

void add_vision_tower(RandomTensors& b) {
  const std::string root = "model.vision_model.";
  b.conv(root + "embeddings.patch_embedding", 3, kVisionWidth, kPatch);
  b.weight(root + "embeddings.position_embedding.weight", {kPatches, kVisionWidth});
  for (int64_t index = 0; index < kVisionDepth; ++index) {
    const std::string layer = fmt::format("{}encoder.layers.{}.", root, index);
    b.norm(layer + "layer_norm1", kVisionWidth);
    b.norm(layer + "layer_norm2", kVisionWidth);
    for (const char* part : {"q_proj", "k_proj", "v_proj", "projection_layer"}) {
      b.linear(layer + "self_attn." + part, kVisionWidth, kVisionWidth);
    }
    b.linear(layer + "mlp.fc1", kVisionWidth, kVisionMlp);
    b.linear(layer + "mlp.fc2", kVisionMlp, kVisionWidth);
  }
  b.norm(root + "post_layernorm", kVisionWidth);
}

void add_connectors(RandomTensors& b, int64_t hidden) {
  b.linear("model.aligner.fc1", kVisionWidth, hidden);
  b.linear("model.aligner.hidden_layers.0", hidden, hidden);
  b.weight("model.generation_embeddings.weight", {kCodes, kCodeWidth});
  b.linear("model.generation_aligner.fc1", kCodeWidth, hidden);
  b.linear("model.generation_aligner.hidden_layers.0", hidden, hidden);
  b.linear("model.generation_head.proj_out", hidden, hidden);
  b.linear("model.generation_head.vision_head", hidden, kCodes);
}

void add_vq_model(RandomTensors& b) {
  const std::string root = "model.vqmodel.";
  b.weight(root + "quantize.embedding.weight", {kCodes, kCodeWidth});
  b.conv(root + "quant_conv", kLatent, kCodeWidth, 1);
  b.conv(root + "post_quant_conv", kCodeWidth, kLatent, 1);
  const auto levels = static_cast<int64_t>(kLevelChannels.size());
  const auto add_level = [&](const std::string& name, int64_t in, int64_t out, int64_t blocks,
                             bool attention) {
    for (int64_t index = 0; index < blocks; ++index) {
      add_res_block(b, fmt::format("{}.block.{}", name, index), index == 0 ? in : out, out);
      if (attention) add_attention_block(b, fmt::format("{}.attn.{}", name, index), out);
    }
  };

  const std::string encoder = root + "encoder.", decoder = root + "decoder.";
  b.conv(encoder + "conv_in", 3, kBase, 3);
  int64_t channels = kBase;
  for (int64_t level = 0; level < levels; ++level) {
    const std::string name = fmt::format("{}down.{}", encoder, level);
    const bool smallest = level == levels - 1;
    add_level(name, channels, kLevelChannels[level], kResBlocks, smallest);
    channels = kLevelChannels[level];
    if (!smallest) b.conv(name + ".downsample.conv", channels, channels, 3);
  }
  add_mid(b, encoder + "mid", channels);
  b.norm(encoder + "norm_out", channels);
  b.conv(encoder + "conv_out", channels, kLatent, 3);

  b.conv(decoder + "conv_in", kLatent, channels, 3);
  add_mid(b, decoder + "mid", channels);
  for (int64_t level = 0; level < levels; ++level) {
    const std::string name = fmt::format("{}up.{}", decoder, level);
    const int64_t out = kLevelChannels[levels - 1 - level];
    add_level(name, channels, out, kResBlocks + 1, level == 0);
    channels = out;
    if (level != levels - 1) b.conv(name + ".upsample.conv", channels, channels, 3);
  }
  b.norm(decoder + "norm_out", channels);
  b.conv(decoder + "conv_out", channels, 3, 3);
}

nlohmann::json make_config(const ReleasedSizes& sizes) {
  return {{"model_type", "janus"},
          {"image_token_id", 100581},
          {"text_config",
           {{"hidden_size", sizes.hidden},
            {"intermediate_size", sizes.intermediate},
            {"num_hidden_layers", sizes.layers},
            {"num_attention_heads", sizes.heads},
            {"num_key_value_heads", sizes.heads},
            {"vocab_size", kVocabulary},
            {"max_position_embeddings", 16384}}},
          {"vision_config", {{"projection_dim", sizes.hidden}}},
          {"vq_config", {{"projection_dim", sizes.hidden}, {"image_token_embed_dim", sizes.hidden}}}};
}

const ReleasedSizes& sizes_of(std::string_view name) {
  const auto* const sizes = std::find_if(kReleased.begin(), kReleased.end(),
                                         [&](const ReleasedSizes& s) { return s.name == name; });
  check(sizes != kReleased.end(), "sizes: expected one of {}, found \"{}\"",
        fmt::join(random_checkpoint_names(), ", "), name);
  return *sizes;
}

void add_all(RandomTensors& builder, std::string_view name) {
  if (name == kFlow) return add_random_flow(builder);
  const ReleasedSizes& sizes = sizes_of(name);
  add_random_decoder(builder, {.model = "model.language_model",
                               .lm_head = "lm_head",
                               .hidden = sizes.hidden,
                               .intermediate = sizes.intermediate,
                               .layers = sizes.layers,
                               .vocabulary = kVocabulary});
  add_vision_tower(builder);
  add_connectors(builder, sizes.hidden);
  add_vq_model(builder);
}

FileBytes file_of(std::string text) {
  const auto held = std::make_shared<const std::string>(std::move(text));
  return {.bytes = std::as_bytes(std::span(*held)), .owner = held};
}

}  // namespace

std::vector<std::string> random_checkpoint_names() {
  std::vector<std::string> names;
  for (const ReleasedSizes& sizes : kReleased) names.emplace_back(sizes.name);
  names.emplace_back(kFlow);
  return names;
}

Checkpoint random_checkpoint(std::string_view name, uint64_t seed) {
  RandomTensors builder(seed);
  add_all(builder, name);
  std::map<std::string, FileBytes> files;
  files.emplace("generation_config.json", file_of(std::string(kGenerationConfig)));
  if (name == kFlow) {
    for (auto& [path, text] : random_flow_files()) files.emplace(path, file_of(text));
  }
  return Checkpoint::from_tensors(
      FileSet::in_memory(fmt::format("{} with random weights", name), std::move(files)),
      name == kFlow ? random_flow_config() : make_config(sizes_of(name)), builder.take());
}

int64_t random_checkpoint_bytes(std::string_view name) {
  RandomTensors builder(0, /*measures=*/true);
  add_all(builder, name);
  return builder.bytes();
}

}  // namespace janus
