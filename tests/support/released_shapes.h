// The tensors of the released checkpoints in their real shapes, in the original layout.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace janus::test {

using NamedShapes = std::vector<std::pair<std::string, std::vector<int64_t>>>;

struct ReleasedDecoder {
  int64_t hidden, intermediate, layers;
};
inline constexpr ReleasedDecoder kDecoder1B{2048, 5632, 24};
inline constexpr ReleasedDecoder kDecoder7B{4096, 11008, 30};

class ReleasedShapes {
 public:
  static NamedShapes of(const ReleasedDecoder& decoder) {
    ReleasedShapes shapes;
    shapes.language_model(decoder);
    shapes.vision_tower("vision_model.vision_tower.");
    shapes.connectors(decoder.hidden);
    shapes.vq_model();
    return std::move(shapes.all_);
  }

  // JanusFlow-1.3B.
  static NamedShapes of_flow() {
    const int64_t hidden = kDecoder1B.hidden;
    ReleasedShapes shapes;
    shapes.language_model(kDecoder1B);
    shapes.vision_tower("vision_und_enc_model.vision_tower.");
    shapes.linear("vision_und_enc_aligner", kVision, hidden);
    shapes.add("beg_of_und_embed", {1, hidden});
    const std::string encoder = "vision_gen_enc_model.", decoder = "vision_gen_dec_model.";
    shapes.linear(encoder + "time_embed.linear_1", kFlow, hidden);
    shapes.linear(encoder + "time_embed.linear_2", hidden, hidden);
    shapes.conv(encoder + "in_conv", 4, kFlow, 2);
    shapes.linear("vision_gen_enc_aligner", kFlow, hidden);
    shapes.add("vision_gen_dec_aligner_norm.weight", {hidden});
    shapes.linear("vision_gen_dec_aligner", hidden, kFlow);
    shapes.add(decoder + "input_norm.weight", {kFlow});
    shapes.add(decoder + "out_convs.0.norm.weight", {2 * kFlow});
    shapes.conv(decoder + "out_convs.0.unpatch_conv", 2 * kFlow, 16, 1);
    for (const char* index : {"0", "1"}) {
      shapes.convnext_block(encoder + "mid_block.res_blocks." + index, kFlow, hidden);
      shapes.convnext_block(decoder + "mid_block.res_blocks." + index, 2 * kFlow, hidden);
    }
    return std::move(shapes.all_);
  }

  // The autoencoder of SDXL, in diffusers' names.
  static NamedShapes of_vae() {
    constexpr std::array<int64_t, 4> kLevels{128, 256, 512, 512};
    ReleasedShapes shapes;
    shapes.conv("quant_conv", 8, 8, 1);
    shapes.conv("post_quant_conv", 4, 4, 1);
    shapes.conv("encoder.conv_in", 3, 128, 3);
    shapes.conv("decoder.conv_in", 4, 512, 3);
    int64_t down = 128, up = 512;
    for (size_t index = 0; index < kLevels.size(); ++index) {
      const std::string level = std::to_string(index);
      const bool last = index + 1 == kLevels.size();
      shapes.vae_level("encoder.down_blocks." + level, down, kLevels[index], 2,
                       last ? nullptr : "downsamplers.0");
      shapes.vae_level("decoder.up_blocks." + level, up, kLevels[3 - index], 3,
                       last ? nullptr : "upsamplers.0");
      down = kLevels[index];
      up = kLevels[3 - index];
    }
    for (const std::string side : {"encoder", "decoder"}) {
      const std::string mid = side + ".mid_block.";
      shapes.res_block(mid + "resnets.0", 512, 512);
      shapes.norm(mid + "attentions.0.group_norm", 512);
      for (const char* part : {"to_q", "to_k", "to_v", "to_out.0"})
        shapes.linear(mid + "attentions.0." + part, 512, 512);
      shapes.res_block(mid + "resnets.1", 512, 512);
    }
    shapes.norm("encoder.conv_norm_out", 512);
    shapes.norm("decoder.conv_norm_out", 128);
    shapes.conv("encoder.conv_out", 512, 8, 3);
    shapes.conv("decoder.conv_out", 128, 3, 3);
    return std::move(shapes.all_);
  }

 private:
  static constexpr int64_t kFlow = 768;
  static constexpr int64_t kVocabulary = 102400, kVision = 1024, kVisionMlp = 4096, kCodes = 16384, kCode = 8;

  void add(const std::string& name, std::vector<int64_t> shape) { all_.emplace_back(name, std::move(shape)); }
  void linear(const std::string& name, int64_t in, int64_t out) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  }
  void norm(const std::string& name, int64_t width) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  }
  void conv(const std::string& name, int64_t in, int64_t out, int64_t kernel) {
    add(name + ".weight", {out, in, kernel, kernel});
    add(name + ".bias", {out});
  }

  void language_model(const ReleasedDecoder& d) {
    const std::string root = "language_model.model.";
    add(root + "embed_tokens.weight", {kVocabulary, d.hidden});
    for (int64_t index = 0; index < d.layers; ++index) {
      const std::string layer = root + "layers." + std::to_string(index) + ".";
      for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
        add(layer + "self_attn." + name + ".weight", {d.hidden, d.hidden});
      }
      add(layer + "mlp.gate_proj.weight", {d.intermediate, d.hidden});
      add(layer + "mlp.up_proj.weight", {d.intermediate, d.hidden});
      add(layer + "mlp.down_proj.weight", {d.hidden, d.intermediate});
      add(layer + "input_layernorm.weight", {d.hidden});
      add(layer + "post_attention_layernorm.weight", {d.hidden});
    }
    add(root + "norm.weight", {d.hidden});
    add("language_model.lm_head.weight", {kVocabulary, d.hidden});
  }

  void vision_tower(const std::string& root) {
    conv(root + "patch_embed.proj", 3, kVision, 16);
    add(root + "pos_embed", {1, 576, kVision});
    for (int64_t index = 0; index < 24; ++index) {
      const std::string block = root + "blocks." + std::to_string(index) + ".";
      norm(block + "norm1", kVision);
      linear(block + "attn.qkv", kVision, 3 * kVision);
      linear(block + "attn.proj", kVision, kVision);
      norm(block + "norm2", kVision);
      linear(block + "mlp.fc1", kVision, kVisionMlp);
      linear(block + "mlp.fc2", kVisionMlp, kVision);
    }
    norm(root + "norm", kVision);
    const std::string pool = root + "attn_pool.";
    add(pool + "latent", {1, 1, kVision});
    linear(pool + "q", kVision, kVision);
    linear(pool + "kv", kVision, 2 * kVision);
    linear(pool + "proj", kVision, kVision);
    norm(pool + "norm", kVision);
    linear(pool + "mlp.fc1", kVision, kVisionMlp);
    linear(pool + "mlp.fc2", kVisionMlp, kVision);
  }

  void connectors(int64_t hidden) {
    linear("aligner.layers.0", kVision, hidden);
    linear("aligner.layers.2", hidden, hidden);
    add("gen_embed.weight", {kCodes, kCode});
    linear("gen_aligner.layers.0", kCode, hidden);
    linear("gen_aligner.layers.2", hidden, hidden);
    linear("gen_head.output_mlp_projector", hidden, hidden);
    linear("gen_head.vision_head", hidden, kCodes);
  }

  void convnext_block(const std::string& name, int64_t channels, int64_t hidden) {
    conv(name + ".depthwise", 1, channels, 7);
    add(name + ".norm.weight", {channels});
    linear(name + ".channelwise_linear_1", channels, 4 * channels);
    add(name + ".channelwise_norm.weight", {1, 1, 1, 4 * channels});
    add(name + ".channelwise_norm.bias", {1, 1, 1, 4 * channels});
    linear(name + ".channelwise_linear_2", 4 * channels, channels);
    linear(name + ".cond_embeds_mapper", hidden, 2 * channels);
  }

  void vae_level(const std::string& name, int64_t in, int64_t out, int64_t blocks, const char* resample) {
    for (int64_t index = 0; index < blocks; ++index) {
      res_block(name + ".resnets." + std::to_string(index), index == 0 ? in : out, out, ".conv_shortcut");
    }
    if (resample != nullptr) conv(name + "." + resample + ".conv", out, out, 3);
  }

  void res_block(const std::string& name, int64_t in, int64_t out, const char* shortcut = ".nin_shortcut") {
    norm(name + ".norm1", in);
    conv(name + ".conv1", in, out, 3);
    norm(name + ".norm2", out);
    conv(name + ".conv2", out, out, 3);
    if (in != out) conv(name + shortcut, in, out, 1);
  }
  void attention(const std::string& name, int64_t channels) {
    norm(name + ".norm", channels);
    for (const char* part : {".q", ".k", ".v", ".proj_out"}) conv(name + part, channels, channels, 1);
  }
  void mid(const std::string& name) {
    res_block(name + ".0", 512, 512);
    attention(name + ".1", 512);
    res_block(name + ".2", 512, 512);
  }
  // One level of either side; `resample` is the name of what follows it.
  void level(const std::string& name, int64_t in, int64_t out, int64_t blocks, const char* resample) {
    for (int64_t index = 0; index < blocks; ++index) {
      res_block(name + ".res." + std::to_string(index), index == 0 ? in : out, out);
      if (out == 512) attention(name + ".attn." + std::to_string(index), out);
    }
    if (resample != nullptr) conv(name + "." + resample + ".conv", out, out, 3);
  }

  void vq_model() {
    constexpr std::array<int64_t, 5> kChannels{128, 128, 256, 256, 512};
    const std::string root = "gen_vision_model.";
    add(root + "quantize.embedding.weight", {kCodes, kCode});
    add(root + "quantize.codebook_used", {65536});
    conv(root + "quant_conv", 256, kCode, 1);
    conv(root + "post_quant_conv", kCode, 256, 1);
    conv(root + "encoder.conv_in", 3, 128, 3);
    conv(root + "decoder.conv_in", 256, 512, 3);
    for (size_t index = 0; index < kChannels.size(); ++index) {
      const bool last = index + 1 == kChannels.size();
      const std::string down = root + "encoder.conv_blocks." + std::to_string(index);
      level(down, index == 0 ? 128 : kChannels[index - 1], kChannels[index], 2,
            last ? nullptr : "downsample");
      const std::string up = root + "decoder.conv_blocks." + std::to_string(index);
      level(up, index == 0 ? 512 : kChannels[5 - index], kChannels[4 - index], 3,
            last ? nullptr : "upsample");
    }
    mid(root + "encoder.mid");
    mid(root + "decoder.mid");
    norm(root + "encoder.norm_out", 512);
    norm(root + "decoder.norm_out", 128);
    conv(root + "encoder.conv_out", 512, 256, 3);
    conv(root + "decoder.conv_out", 128, 3, 3);
  }

  NamedShapes all_;
};

}  // namespace janus::test
