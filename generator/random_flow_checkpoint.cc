#include "generator/random_flow_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "generator/janusflow/flow_config.h"
#include "generator/vae_source.h"

namespace janus {
namespace {

// janus-spec 7: JanusFlow-1.3B.
constexpr int64_t kHidden = 2048, kIntermediate = 5632, kLayers = 24, kHeads = 16, kVocabulary = 102400;
constexpr int64_t kVisionWidth = 1024, kVisionDepth = 24, kVisionMlp = 4096, kImage = 384, kPatch = 16;
constexpr int64_t kChannels = 768, kLatentPatch = 2, kBlocks = 2, kWidening = 4, kDepthwise = 7;
// stabilityai/sdxl-vae.
constexpr int64_t kLatentChannels = 4, kResBlocks = 2;
constexpr std::array<int64_t, 4> kLevelChannels{128, 256, 512, 512};
constexpr double kScalingFactor = 0.13025;

void add_vision_tower(RandomTensors& b) {
  const std::string root = std::string(FlowNames::kVisionTower) + ".";
  const int64_t grid = kImage / kPatch;
  b.conv(root + "patch_embed.proj", 3, kVisionWidth, kPatch);
  b.weight(root + "pos_embed", {1, grid * grid, kVisionWidth});
  for (int64_t index = 0; index < kVisionDepth; ++index) {
    const std::string block = fmt::format("{}blocks.{}.", root, index);
    b.norm(block + "norm1", kVisionWidth);
    b.norm(block + "norm2", kVisionWidth);
    b.linear(block + "attn.qkv", kVisionWidth, 3 * kVisionWidth);
    b.linear(block + "attn.proj", kVisionWidth, kVisionWidth);
    b.linear(block + "mlp.fc1", kVisionWidth, kVisionMlp);
    b.linear(block + "mlp.fc2", kVisionMlp, kVisionWidth);
  }
  b.norm(root + "norm", kVisionWidth);
}

void add_convnext_blocks(RandomTensors& b, const std::string& root, int64_t channels) {
  const int64_t wide = kWidening * channels;
  for (int64_t index = 0; index < kBlocks; ++index) {
    const std::string block = fmt::format("{}.mid_block.res_blocks.{}.", root, index);
    b.weight(block + "depthwise.weight", {channels, 1, kDepthwise, kDepthwise});
    b.bias(block + "depthwise.bias", {channels});
    b.rms_norm(block + "norm", channels);
    b.linear(block + "channelwise_linear_1", channels, wide);
    for (const char* part : {"weight", "bias"}) b.bias(block + "channelwise_norm." + part, {1, 1, 1, wide});
    b.linear(block + "channelwise_linear_2", wide, channels);
    b.linear(block + "cond_embeds_mapper", kHidden, 2 * channels);
  }
}

void add_connectors(RandomTensors& b) {
  b.linear(FlowNames::kVisionAligner, kVisionWidth, kHidden);
  b.bias(FlowNames::kBeginImage, {1, kHidden});
  const std::string encoder = FlowNames::kEncoder, decoder = FlowNames::kDecoder;
  b.linear(encoder + ".time_embed.linear_1", kChannels, kHidden);
  b.linear(encoder + ".time_embed.linear_2", kHidden, kHidden);
  b.conv(encoder + ".in_conv", kLatentChannels, kChannels, kLatentPatch);
  add_convnext_blocks(b, encoder, kChannels);
  b.linear(FlowNames::kEncoderAligner, kChannels, kHidden);
  b.rms_norm(FlowNames::kDecoderAlignerNorm, kHidden);
  b.linear(FlowNames::kDecoderAligner, kHidden, kChannels);
  b.rms_norm(decoder + ".input_norm", kChannels);
  add_convnext_blocks(b, decoder, 2 * kChannels);
  b.rms_norm(decoder + ".out_convs.0.norm", 2 * kChannels);
  b.conv(decoder + ".out_convs.0.unpatch_conv", 2 * kChannels, kLatentChannels * kLatentPatch * kLatentPatch,
         1);
}

void add_res_block(RandomTensors& b, const std::string& name, int64_t in, int64_t out) {
  b.norm(name + ".norm1", in);
  b.conv(name + ".conv1", in, out, 3);
  b.norm(name + ".norm2", out);
  b.conv(name + ".conv2", out, out, 3);
  if (in != out) b.conv(name + ".conv_shortcut", in, out, 1);
}

void add_mid(RandomTensors& b, const std::string& name, int64_t channels) {
  add_res_block(b, name + ".resnets.0", channels, channels);
  const std::string attention = name + ".attentions.0.";
  b.norm(attention + "group_norm", channels);
  for (const char* part : {"to_q", "to_k", "to_v", "to_out.0"})
    b.linear(attention + part, channels, channels);
  add_res_block(b, name + ".resnets.1", channels, channels);
}

// Levels in the order in which they run; `sampler` stands behind all but the last.
void add_levels(RandomTensors& b, const std::string& root, std::span<const int64_t> channels, int64_t in,
                int64_t blocks, const std::string& sampler) {
  for (size_t level = 0; level < channels.size(); ++level) {
    const std::string name = fmt::format("{}.{}", root, level);
    for (int64_t index = 0; index < blocks; ++index) {
      add_res_block(b, fmt::format("{}.resnets.{}", name, index), index == 0 ? in : channels[level],
                    channels[level]);
    }
    in = channels[level];
    if (level + 1 < channels.size()) b.conv(name + "." + sampler + ".0.conv", in, in, 3);
  }
}

void add_vae(RandomTensors& b) {
  const std::string encoder = std::string(kVaeTensors) + "encoder",
                    decoder = std::string(kVaeTensors) + "decoder";
  const int64_t first = kLevelChannels.front(), last = kLevelChannels.back();
  b.conv(encoder + ".conv_in", 3, first, 3);
  add_levels(b, encoder + ".down_blocks", kLevelChannels, first, kResBlocks, "downsamplers");
  add_mid(b, encoder + ".mid_block", last);
  b.norm(encoder + ".conv_norm_out", last);
  b.conv(encoder + ".conv_out", last, 2 * kLatentChannels, 3);
  b.conv(std::string(kVaeTensors) + "quant_conv", 2 * kLatentChannels, 2 * kLatentChannels, 1);
  b.conv(std::string(kVaeTensors) + "post_quant_conv", kLatentChannels, kLatentChannels, 1);

  std::array<int64_t, kLevelChannels.size()> upwards = kLevelChannels;
  std::reverse(upwards.begin(), upwards.end());
  b.conv(decoder + ".conv_in", kLatentChannels, last, 3);
  add_mid(b, decoder + ".mid_block", last);
  add_levels(b, decoder + ".up_blocks", upwards, last, kResBlocks + 1, "upsamplers");
  b.norm(decoder + ".conv_norm_out", first);
  b.conv(decoder + ".conv_out", first, 3, 3);
}

}  // namespace

void add_random_flow(RandomTensors& tensors) {
  add_random_decoder(tensors, {.model = FlowNames::kLanguageModel,
                               .lm_head = FlowNames::kLmHead,
                               .hidden = kHidden,
                               .intermediate = kIntermediate,
                               .layers = kLayers,
                               .vocabulary = kVocabulary});
  add_vision_tower(tensors);
  add_connectors(tensors);
  add_vae(tensors);
}

nlohmann::json random_flow_config() {
  return {{"model_type", "multi_modality"},
          {"language_config",
           {{"hidden_size", kHidden},
            {"intermediate_size", kIntermediate},
            {"num_hidden_layers", kLayers},
            {"num_attention_heads", kHeads},
            {"num_key_value_heads", kHeads},
            {"vocab_size", kVocabulary},
            {"max_position_embeddings", 16384}}},
          {"vision_gen_enc_config", {{"cls", "ShallowUViTEncoder"}}}};
}

std::map<std::string, std::string> random_flow_files() {
  const nlohmann::json vae{{"_class_name", "AutoencoderKL"},
                           {"block_out_channels", kLevelChannels},
                           {"latent_channels", kLatentChannels},
                           {"layers_per_block", kResBlocks},
                           {"norm_num_groups", 32},
                           {"scaling_factor", kScalingFactor}};
  return {{std::string(kVaeFiles) + "config.json", vae.dump()}};
}

}  // namespace janus
