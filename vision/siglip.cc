#include "vision/siglip.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/tensor/ops.h"

namespace janus {

const SiglipNames kOriginalSiglip{.patch_embed = "patch_embed.proj",
                                  .pos_embed = "pos_embed",
                                  .blocks = "blocks",
                                  .norm1 = "norm1",
                                  .norm2 = "norm2",
                                  .qkv = "attn.qkv",
                                  .attention = "attn",
                                  .proj = "attn.proj",
                                  .norm = "norm"};
const SiglipNames kTransformersSiglip{.patch_embed = "embeddings.patch_embedding",
                                      .pos_embed = "embeddings.position_embedding.weight",
                                      .blocks = "encoder.layers",
                                      .norm1 = "layer_norm1",
                                      .norm2 = "layer_norm2",
                                      .qkv = nullptr,
                                      .attention = "self_attn",
                                      .proj = "self_attn.projection_layer",
                                      .norm = "post_layernorm"};

namespace {

constexpr float kEps = 1e-6F;
constexpr int64_t kChannels = 3;

// Pixels [3, size, size] of each image -> patches [B, N, 3 * patch * patch], each in the order (channel, y,
// x) of a convolution's weights, patches row by row.
std::vector<float> patchify(std::span<const float> pixels, int64_t images, int64_t size, int64_t patch) {
  std::vector<float> patches(images * kChannels * (size / patch * patch) * (size / patch * patch));
  float* out = patches.data();
  for (int64_t image = 0; image < images; ++image) {
    const float* planes = pixels.data() + image * kChannels * size * size;
    for (int64_t top = 0; top + patch <= size; top += patch) {
      for (int64_t left = 0; left + patch <= size; left += patch) {
        for (int64_t row = 0; row < kChannels * patch; ++row) {
          const float* line = planes + (row / patch * size + top + row % patch) * size + left;
          out = std::copy_n(line, patch, out);
        }
      }
    }
  }
  return patches;
}

// A window of output features of a fused layer.
Linear slice(const Linear& fused, int64_t begin, int64_t count) {
  return {.weight = fused.weight.rows(begin, count), .bias = fused.bias.rows(begin, count)};
}

}  // namespace

SiglipConfig SiglipConfig::from_json(const nlohmann::json& json, const std::string& where) {
  const JsonObject source(json, where);
  constexpr int64_t kMost = 1 << 20;
  SiglipConfig config;
  config.image_size = source.integer("image_size", config.image_size, 1, kMost);
  config.patch_size = source.integer("patch_size", config.patch_size, 1, config.image_size);
  config.width = source.integer("hidden_size", config.width, 1, kMost);
  config.depth = source.integer("num_hidden_layers", config.depth, 1, 4096);
  config.heads = source.integer("num_attention_heads", config.heads, 1, config.width);
  check(config.width % config.heads == 0,
        "{}: num_attention_heads: expected a divisor of hidden_size ({}), found {}; use the config.json that "
        "came with the weights",
        where, config.width, config.heads);
  const double ratio = source.number("mlp_ratio", 4.0), mlp_width = static_cast<double>(config.width) * ratio;
  check(mlp_width >= 1 && mlp_width <= kMost,
        "{}: mlp_ratio: expected a number above 0, found {}; use the config.json that came with the weights",
        where, ratio);
  config.mlp_width = static_cast<int64_t>(mlp_width);
  config.attention_bias = source.boolean("attention_bias", true);
  check(!source.boolean("use_qk_norm", false),
        "{}: use_qk_norm: expected false, found true; this tower has no such norms: use a model made without",
        where);
  source.choice("hidden_act", {"gelu", "gelu_python"},
                "this tower has the exact GELU: use a model made with it");
  const double eps = source.number("layer_norm_eps", kEps);
  check(static_cast<float>(eps) == kEps,
        "{}: layer_norm_eps: expected 1e-6, found {}; use a model made as the released ones are", where, eps);
  check(source.integer("num_channels", kChannels, 1, kMost) == kChannels,
        "{}: num_channels: expected 3, found {}; use a model made as the released ones are", where,
        source.integer("num_channels", kChannels, 1, kMost));
  return config;
}

SiglipConfig SiglipConfig::from_tensors(const Weights& w, const SiglipNames& names) {
  const Shape& positions = w.shape(names.pos_embed);
  const Shape& kernel = (w / names.patch_embed).shape("weight", 4);
  check(positions.rank() >= 2 && kernel[3] > 0 && positions.back() > 0,
        "{}: expected [1, N, D] and a patch kernel of at least one pixel, found {} and {}",
        w.path(names.pos_embed), positions.to_string(), kernel.to_string());
  SiglipConfig config;
  const int64_t patches = positions[positions.rank() - 2];
  const int64_t grid = std::llround(std::sqrt(static_cast<double>(patches)));
  check(grid > 0 && grid * grid == patches, "{}: expected a square number of positions, found {}",
        w.path(names.pos_embed), patches);
  config.patch_size = kernel[3];
  config.image_size = grid * config.patch_size;
  config.width = positions.back();
  // The preset's heads are 64 wide; the tensors do not tell.
  config.heads = std::max<int64_t>(1, config.width / 64);
  check(config.width % config.heads == 0, "{}: expected a width that is a multiple of 64, found {}",
        w.path(names.pos_embed), config.width);
  const Weights blocks = w / names.blocks;
  config.depth = 0;
  while ((blocks / config.depth).contains("mlp.fc1.weight")) ++config.depth;
  check(config.depth > 0, "{}: expected blocks of a vision tower, found none", blocks.path("0"));
  config.mlp_width = (blocks / 0).shape("mlp.fc1.weight", 2)[0];
  return config;
}

Siglip::Block Siglip::Block::load(const Weights& w, const SiglipConfig& config, const SiglipNames& names) {
  const int64_t width = config.width;
  Block block;
  block.norm1 = LayerNorm::load(w / names.norm1, width, kEps);
  block.norm2 = LayerNorm::load(w / names.norm2, width, kEps);
  if (names.qkv != nullptr) {
    const Linear qkv = Linear::load(w / names.qkv, width, 3 * width);
    block.q_proj = slice(qkv, 0, width);
    block.k_proj = slice(qkv, width, width);
    block.v_proj = slice(qkv, 2 * width, width);
  } else {
    const Weights attention = w / names.attention;
    block.q_proj = Linear::load(attention / "q_proj", width, width, config.attention_bias);
    block.k_proj = Linear::load(attention / "k_proj", width, width, config.attention_bias);
    block.v_proj = Linear::load(attention / "v_proj", width, width, config.attention_bias);
  }
  block.proj = Linear::load(w / names.proj, width, width);
  block.mlp.layers = {Linear::load(w / "mlp" / "fc1", width, config.mlp_width),
                      Linear::load(w / "mlp" / "fc2", config.mlp_width, width)};
  block.heads = static_cast<int>(config.heads);
  return block;
}

Tensor Siglip::Block::operator()(const Tensor& x) const {
  const Tensor n = norm1(x);
  const Tensor h = ops::add(x, proj(ops::attention(q_proj(n), k_proj(n), v_proj(n), heads)));
  return ops::add(h, mlp(norm2(h)));
}

Siglip Siglip::load(const Weights& w, const SiglipConfig& config, const SiglipNames& names) {
  Siglip tower;
  tower.config_ = config;
  const int64_t patch = config.patch_size;
  const Weights patch_embed = w / names.patch_embed;
  tower.patch_embed_ = {.weight = patch_embed.matrix("weight", {config.width, kChannels, patch, patch})
                                      .reshape({config.width, kChannels * patch * patch}),
                        .bias = patch_embed.get("bias", {config.width})};
  // The original keeps a leading 1.
  const bool leading = w.shape(names.pos_embed).rank() == 3;
  const Shape positions =
      leading ? Shape{1, config.patches(), config.width} : Shape{config.patches(), config.width};
  tower.pos_embed_ = w.get(names.pos_embed, positions).reshape({config.patches(), config.width});

  const int64_t selected =
      config.select_layer <= 0 ? config.depth + config.select_layer + 1 : config.select_layer;
  const int64_t used = std::min(config.depth, selected);
  check(used > 0,
        "vision tower: expected a select_layer among its {} layers, found {}; use the config.json that came "
        "with the weights",
        config.depth, config.select_layer);
  for (int64_t index = 0; index < used; ++index) {
    tower.blocks_.push_back(Block::load(w / names.blocks / index, config, names));
  }
  tower.norm_ = LayerNorm::load(w / names.norm, config.width, kEps);
  return tower;
}

Tensor Siglip::operator()(std::span<const float> pixels, const LayerHook& on_layer) const {
  const int64_t size = config_.image_size, patch = config_.patch_size;
  const auto images = static_cast<int64_t>(pixels.size()) / (kChannels * size * size);
  check(images > 0 && images * kChannels * size * size == static_cast<int64_t>(pixels.size()),
        "vision tower: expected pictures of {} x {} pixels, found {} values", size, size, pixels.size());
  const Shape shape{images, config_.patches(), kChannels * patch * patch};
  Tensor x = patch_embed_(ops::from_host(pos_embed_.device(), patchify(pixels, images, size, patch), shape));
  x = ops::add(x, pos_embed_);  // [B, N, D]
  for (size_t index = 0; index < blocks_.size(); ++index) {
    x = blocks_[index](x);
    if (on_layer) on_layer(static_cast<int64_t>(index) + 1, static_cast<int64_t>(blocks_.size()));
  }
  return norm_(x);
}

}  // namespace janus
