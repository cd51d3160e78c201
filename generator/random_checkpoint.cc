#include "generator/random_checkpoint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

#include "core/base/error.h"
#include "core/base/json.h"

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
constexpr int64_t kVocabulary = 102400;
constexpr int64_t kVisionWidth = 1024, kVisionDepth = 24, kVisionMlp = 4096, kPatch = 16, kPatches = 576;
constexpr int64_t kCodes = 16384, kCodeWidth = 8, kLatent = 256, kBase = 128, kResBlocks = 2;
constexpr std::array<int64_t, 5> kLevelChannels{128, 128, 256, 256, 512};

// What calls on ids look up where there is no tokenizer; the numbers are Janus-Pro-1B's.
constexpr std::string_view kGenerationConfig =
    R"({"bos_token_id": 100000, "eos_token_id": 100001, "pad_token_id": 100002})";

uint16_t to_bf16(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// Lists tensors of the transformers layout.
class Builder {
 public:
  // measures: no tensor is made, only bytes() are counted.
  explicit Builder(uint64_t seed, bool measures = false) : random_(seed), measures_(measures) {}

  int64_t bytes() const { return bytes_; }

  std::map<std::string, StoredTensor> take() { return std::move(tensors_); }

  // Products keep the size of their input: variance 1 / inputs.
  void weight(const std::string& name, const Shape& shape) {
    add(name, shape, 1.0F / std::sqrt(static_cast<float>(shape.elements() / shape[0])), 0.0F);
  }
  void linear(const std::string& name, int64_t in, int64_t out) {
    weight(name + ".weight", {out, in});
    add(name + ".bias", {out}, 0.02F, 0.0F);
  }
  void conv(const std::string& name, int64_t in, int64_t out, int64_t kernel) {
    weight(name + ".weight", {out, in, kernel, kernel});
    add(name + ".bias", {out}, 0.02F, 0.0F);
  }
  void rms_norm(const std::string& name, int64_t width) { add(name + ".weight", {width}, 0.02F, 1.0F); }
  void norm(const std::string& name, int64_t width) {
    rms_norm(name, width);
    add(name + ".bias", {width}, 0.02F, 0.0F);
  }
  void res_block(const std::string& name, int64_t in, int64_t out) {
    norm(name + ".norm1", in);
    conv(name + ".conv1", in, out, 3);
    norm(name + ".norm2", out);
    conv(name + ".conv2", out, out, 3);
    if (in != out) conv(name + ".nin_shortcut", in, out, 1);
  }
  void attention_block(const std::string& name, int64_t channels) {
    norm(name + ".norm", channels);
    for (const char* part : {".q", ".k", ".v", ".proj_out"}) conv(name + part, channels, channels, 1);
  }
  void mid(const std::string& name, int64_t channels) {
    res_block(name + ".block_1", channels, channels);
    attention_block(name + ".attn_1", channels);
    res_block(name + ".block_2", channels, channels);
  }

 private:
  void add(const std::string& name, const Shape& shape, float deviation, float mean) {
    const int64_t count = shape.elements();
    bytes_ += count * static_cast<int64_t>(sizeof(uint16_t));
    if (measures_) return;
    // One page of samples, repeated from a random place: gigabytes of normal samples would take minutes.
    constexpr int64_t kPage = 1 << 16;
    std::normal_distribution<float> normal(mean, deviation);
    std::vector<uint16_t> page(std::min(count, kPage));
    for (uint16_t& value : page) value = to_bf16(normal(random_));

    const std::shared_ptr<uint16_t[]> values(new uint16_t[count]);
    for (int64_t done = 0; done < count;) {
      const auto from = static_cast<int64_t>(random_() % page.size());
      const int64_t length = std::min<int64_t>(count - done, static_cast<int64_t>(page.size()) - from);
      std::copy_n(page.begin() + from, length, values.get() + done);
      done += length;
    }
    StoredTensor tensor;
    tensor.type = "BF16";
    tensor.dtype = DType::bf16;
    tensor.shape = shape;
    tensor.data.bytes = std::as_bytes(std::span(values.get(), static_cast<size_t>(count)));
    tensor.data.owner = values;
    tensor.file = "memory";
    tensors_.emplace(name, std::move(tensor));
  }

  std::mt19937_64 random_;
  bool measures_;
  int64_t bytes_ = 0;
  std::map<std::string, StoredTensor> tensors_;
};

void add_language_model(Builder& b, const ReleasedSizes& sizes) {
  const std::string root = "model.language_model.";
  b.weight(root + "embed_tokens.weight", {kVocabulary, sizes.hidden});
  for (int64_t index = 0; index < sizes.layers; ++index) {
    const std::string layer = fmt::format("{}layers.{}.", root, index);
    b.rms_norm(layer + "input_layernorm", sizes.hidden);
    b.rms_norm(layer + "post_attention_layernorm", sizes.hidden);
    for (const char* part : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      b.weight(layer + "self_attn." + part + ".weight", {sizes.hidden, sizes.hidden});
    }
    b.weight(layer + "mlp.gate_proj.weight", {sizes.intermediate, sizes.hidden});
    b.weight(layer + "mlp.up_proj.weight", {sizes.intermediate, sizes.hidden});
    b.weight(layer + "mlp.down_proj.weight", {sizes.hidden, sizes.intermediate});
  }
  b.rms_norm(root + "norm", sizes.hidden);
  b.weight("lm_head.weight", {kVocabulary, sizes.hidden});
}

void add_vision_tower(Builder& b) {
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

void add_connectors(Builder& b, int64_t hidden) {
  b.linear("model.aligner.fc1", kVisionWidth, hidden);
  b.linear("model.aligner.hidden_layers.0", hidden, hidden);
  b.weight("model.generation_embeddings.weight", {kCodes, kCodeWidth});
  b.linear("model.generation_aligner.fc1", kCodeWidth, hidden);
  b.linear("model.generation_aligner.hidden_layers.0", hidden, hidden);
  b.linear("model.generation_head.proj_out", hidden, hidden);
  b.linear("model.generation_head.vision_head", hidden, kCodes);
}

void add_vq_model(Builder& b) {
  const std::string root = "model.vqmodel.";
  b.weight(root + "quantize.embedding.weight", {kCodes, kCodeWidth});
  b.conv(root + "quant_conv", kLatent, kCodeWidth, 1);
  b.conv(root + "post_quant_conv", kCodeWidth, kLatent, 1);
  const auto levels = static_cast<int64_t>(kLevelChannels.size());
  const auto add_level = [&](const std::string& name, int64_t in, int64_t out, int64_t blocks,
                             bool attention) {
    for (int64_t index = 0; index < blocks; ++index) {
      b.res_block(fmt::format("{}.block.{}", name, index), index == 0 ? in : out, out);
      if (attention) b.attention_block(fmt::format("{}.attn.{}", name, index), out);
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
  b.mid(encoder + "mid", channels);
  b.norm(encoder + "norm_out", channels);
  b.conv(encoder + "conv_out", channels, kLatent, 3);

  b.conv(decoder + "conv_in", kLatent, channels, 3);
  b.mid(decoder + "mid", channels);
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

void add_all(Builder& builder, const ReleasedSizes& sizes) {
  add_language_model(builder, sizes);
  add_vision_tower(builder);
  add_connectors(builder, sizes.hidden);
  add_vq_model(builder);
}

}  // namespace

std::vector<std::string> random_checkpoint_names() {
  std::vector<std::string> names;
  for (const ReleasedSizes& sizes : kReleased) names.emplace_back(sizes.name);
  return names;
}

Checkpoint random_checkpoint(std::string_view name, uint64_t seed) {
  const ReleasedSizes& sizes = sizes_of(name);
  Builder builder(seed);
  add_all(builder, sizes);
  FileSet files = FileSet::builtin(fmt::format("{} with random weights", name),
                                   {{"generation_config.json", std::as_bytes(std::span(kGenerationConfig))}});
  return Checkpoint::from_tensors(std::move(files), make_config(sizes), builder.take());
}

int64_t random_checkpoint_bytes(std::string_view name) {
  Builder builder(0, /*measures=*/true);
  add_all(builder, sizes_of(name));
  return builder.bytes();
}

}  // namespace janus
