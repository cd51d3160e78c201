// The names of an autoencoder's tensors, and its sizes from JSON and tensors.
#include <array>
#include <cmath>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/image/vae.h"

namespace janus {
namespace {

constexpr AttentionNames kNewAttention{
    .norm = "group_norm", .q = "to_q", .k = "to_k", .v = "to_v", .proj_out = "to_out.0"};
constexpr AttentionNames kOldAttention{
    .norm = "group_norm", .q = "query", .k = "key", .v = "value", .proj_out = "proj_attn"};

constexpr VaeNames diffusers_names(const char* spelling, const AttentionNames& attention) {
  return {.spelling = spelling,
          .mid_block1 = "mid_block.resnets.0",
          .mid_attention = "mid_block.attentions.0",
          .mid_block2 = "mid_block.resnets.1",
          .encoder_levels = "down_blocks",
          .decoder_levels = "up_blocks",
          .block = "resnets",
          .downsample = "downsamplers.0",
          .upsample = "upsamplers.0",
          .norm_out = "conv_norm_out",
          .decoder_from_largest = false,
          .style = {.shortcut = "conv_shortcut", .attention = attention}};
}
const VaeNames kDiffusers = diffusers_names("diffusers", kNewAttention);
const VaeNames kOldDiffusers = diffusers_names("diffusers before 0.18", kOldAttention);
const VaeNames kLdm{.spelling = "LDM",
                    .mid_block1 = "mid.block_1",
                    .mid_attention = "mid.attn_1",
                    .mid_block2 = "mid.block_2",
                    .encoder_levels = "down",
                    .decoder_levels = "up",
                    .block = "block",
                    .downsample = "downsample",
                    .upsample = "upsample",
                    .norm_out = "norm_out",
                    .decoder_from_largest = true,
                    .style = {}};

// Before the names in whole diffusion models, and in files of other programs.
constexpr std::array kOuterScopes{"first_stage_model", "vae"};

constexpr const char* kOwnFile = "use the config.json that came with the weights";
constexpr const char* kAsReleased = "use an autoencoder made as that of SDXL";
constexpr int64_t kMostChannels = 1 << 16, kMostLevels = 8, kMostLayers = 64;

// The number of consecutive indices below `w` under which `tensor` exists.
int64_t count_below(const Weights& w, const std::string& tensor) {
  int64_t count = 0;
  while ((w / count).contains(tensor)) ++count;
  return count;
}

void check_stored(const JsonObject& source, const std::string& key, int64_t stored, int64_t found) {
  check(stored == found, "{}: {}: expected {}, as the tensors have it, found {}; {}", source.where(), key,
        stored, found, kOwnFile);
}

// What other autoencoders of the same class may have and this one does not compute.
void check_kind(const JsonObject& source) {
  source.choice("_class_name", {"AutoencoderKL"}, kAsReleased);
  source.choice("act_fn", {"silu", "swish"}, kAsReleased);
  for (const char* key : {"in_channels", "out_channels"}) {
    const int64_t channels = source.integer(key, 3, 1, kMostChannels);
    check(channels == 3, "{}: {}: expected 3, found {}; {}", source.where(), key, channels, kAsReleased);
  }
  for (const char* key : {"use_quant_conv", "use_post_quant_conv", "mid_block_add_attention"}) {
    check(source.boolean(key, true), "{}: {}: expected true, found false; {}", source.where(), key,
          kAsReleased);
  }
  for (const char* key : {"shift_factor", "latents_mean", "latents_std"}) {
    check(!source.contains(key), "{}: {}: expected none, found one; {}", source.where(), key, kAsReleased);
  }
  const auto check_blocks = [&](const char* key, const char* type) {
    const auto found = source.json().find(key);
    if (found == source.json().end() || !found->is_array()) return;
    for (const nlohmann::json& block : *found) {
      check(block == type, "{}: {}: expected {}, found {}; {}", source.where(), key, type, excerpt(block),
            kAsReleased);
    }
  };
  check_blocks("down_block_types", "DownEncoderBlock2D");
  check_blocks("up_block_types", "UpDecoderBlock2D");
}

// The convolutions around the latent, which autoencoders of more latent channels lack.
void check_quant_convs(const Weights& w) {
  for (const char* name : {"quant_conv", "post_quant_conv"}) {
    check((w / name).contains("weight"),
          "{}: expected this tensor, as SDXL's autoencoder has it, found none beside a decoder of {} latent "
          "channels; use stabilityai/sdxl-vae",
          (w / name).path("weight"), (w / "decoder" / "conv_in").shape("weight", 4)[1]);
  }
}

void check_groups(const VaeConfig& config, const std::string& where) {
  for (const int64_t channels : config.level_channels) {
    check(channels % config.groups == 0,
          "{}: block_out_channels: expected multiples of norm_num_groups ({}), found {}; {}", where,
          config.groups, channels, kOwnFile);
  }
}

// What the tensors tell of the sizes; the rest as in SDXL's.
VaeConfig stored_sizes(const Weights& w, const VaeNames& names) {
  check_quant_convs(w);
  VaeConfig config;
  config.latent_channels = (w / "post_quant_conv").shape("weight", 4)[0];
  config.scaling_factor = VaeConfig::kSdxlScaling;
  const Weights levels = w / "encoder" / names.encoder_levels;
  const std::string block = names.block;
  const int64_t count = count_below(levels, block + ".0.conv1.weight");
  check(count > 0 && count <= kMostLevels, "{}: expected 1 to {} levels of blocks, found {}; {}",
        levels.path("0"), kMostLevels, count, kAsReleased);
  for (int64_t level = 0; level < count; ++level) {
    const Weights blocks = levels / level / block;
    config.level_channels.push_back((blocks / 0 / "conv1").shape("weight", 4)[0]);
    const int64_t layers = count_below(blocks, "conv1.weight");
    check(level == 0 || layers == config.layers_per_block,
          "{}: expected {} blocks, as in the first level, found {}; {}", blocks.path("0"),
          config.layers_per_block, layers, kAsReleased);
    config.layers_per_block = layers;
  }
  return config;
}

// Level by level from full size down.
void check_levels(const JsonObject& source, const VaeConfig& config, const Weights& w,
                  const VaeNames& names) {
  const VaeConfig stored = stored_sizes(w, names);
  check_stored(source, "block_out_channels, their number", static_cast<int64_t>(stored.level_channels.size()),
               static_cast<int64_t>(config.level_channels.size()));
  for (size_t level = 0; level < config.level_channels.size(); ++level) {
    check_stored(source, "block_out_channels, of level " + std::to_string(level),
                 stored.level_channels[level], config.level_channels[level]);
  }
  check_stored(source, "layers_per_block", stored.layers_per_block, config.layers_per_block);
}

}  // namespace

Weights vae_scope(const Weights& top) {
  for (const char* outer : kOuterScopes) {
    const Weights inner = top / outer;
    if (inner.contains("decoder.conv_in.weight")) return inner;
  }
  return top;
}

std::string plain_vae_name(const std::string& name) {
  for (const std::string outer : kOuterScopes) {
    if (name.starts_with(outer + ".")) return name.substr(outer.size() + 1);
  }
  return name;
}

const VaeNames& vae_names(const Weights& w) {
  check(!w.contains("quantize.embedding.weight"),
        "{}: expected an AutoencoderKL without it, found a VQ model, whose images are codes; use the "
        "autoencoder of SDXL, stabilityai/sdxl-vae",
        w.path("quantize.embedding.weight"));
  for (const VaeNames* names : {&kDiffusers, &kOldDiffusers, &kLdm}) {
    const Weights attention = w / "decoder" / names->mid_attention;
    if ((attention / names->style.attention.q).contains("weight")) return *names;
  }
  fail(
      "{}: expected the tensors of an AutoencoderKL ({} or {}), found neither; use the autoencoder of SDXL, "
      "stabilityai/sdxl-vae",
      w.path("decoder"), (w / "decoder" / kDiffusers.mid_attention / "to_q").path("weight"),
      (w / "decoder" / kLdm.mid_attention / "q").path("weight"));
}

VaeConfig VaeConfig::from_tensors(const Weights& w, const VaeNames& names) {
  VaeConfig config = stored_sizes(w, names);
  check_groups(config, w.path("encoder"));
  return config;
}

VaeConfig VaeConfig::from_json(const nlohmann::json& json, const std::string& where, const Weights& w,
                               const VaeNames& names) {
  const JsonObject source(json, where);
  check_kind(source);
  VaeConfig config;
  config.latent_channels = source.integer("latent_channels", 4, 1, kMostChannels);
  config.level_channels = source.integers("block_out_channels", 1, kMostChannels);
  if (config.level_channels.empty()) config.level_channels = {64};
  check(static_cast<int64_t>(config.level_channels.size()) <= kMostLevels,
        "{}: block_out_channels: expected at most {} numbers, found {}; {}", where, kMostLevels,
        config.level_channels.size(), kOwnFile);
  config.layers_per_block = source.integer("layers_per_block", 1, 1, kMostLayers);
  config.groups = static_cast<int>(source.integer("norm_num_groups", 32, 1, kMostChannels));
  config.scaling_factor = source.number("scaling_factor", config.scaling_factor);
  check(config.scaling_factor > 0 && config.scaling_factor < 1e6,
        "{}: scaling_factor: expected a number above 0, found {}; {}", where, config.scaling_factor,
        kOwnFile);
  check_quant_convs(w);
  check_stored(source, "latent_channels", (w / "post_quant_conv").shape("weight", 4)[0],
               config.latent_channels);
  check_groups(config, where);
  check_levels(source, config, w, names);
  return config;
}

bool VaeConfig::has_old_scaling() const {
  return std::abs(scaling_factor - kOldScaling) < 1e-9 && layers_per_block == 2 &&
         level_channels == std::vector<int64_t>{128, 256, 512, 512};
}

}  // namespace janus
