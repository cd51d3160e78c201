// The understanding encoder: a SigLIP vision transformer, pixels in, one feature vector a patch out.
// Source: deepseek-ai/Janus, models/siglip_vit.py (VisionTransformer with ignore_head); Zhai et al., "Sigmoid
// loss for language image pre-training", 2023.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/nn/layers.h"

namespace janus {

// What the tower's tensors are called in a checkpoint layout.
struct SiglipNames {
  const char* patch_embed;
  const char* pos_embed;
  const char* blocks;
  const char* norm1;
  const char* norm2;
  const char* qkv;  // one fused tensor, or null for three of their own under `attention`
  const char* attention;
  const char* proj;
  const char* norm;
};
extern const SiglipNames kOriginalSiglip;
extern const SiglipNames kTransformersSiglip;

struct SiglipConfig {
  int64_t image_size = 384;
  int64_t patch_size = 16;
  int64_t width = 1024;
  int64_t depth = 24;
  int64_t heads = 16;
  int64_t mlp_width = 4096;
  bool attention_bias = true;
  int64_t select_layer = -1;  // blocks that run: n <= 0 counts from the end, -1 is all

  // transformers' JanusVisionConfig. Throws Error naming a key that asks for what this tower does not do.
  static SiglipConfig from_json(const nlohmann::json& json, const std::string& where);
  // The original layout's config names a preset only: sizes come from the tensors below `w`.
  static SiglipConfig from_tensors(const Weights& w, const SiglipNames& names);

  int64_t grid() const { return image_size / patch_size; }
  int64_t patches() const { return grid() * grid(); }
};

class Siglip {
 public:
  static Siglip load(const Weights& w, const SiglipConfig& config, const SiglipNames& names);

  // pixels: planes [3, image_size, image_size] one after another, one set for each of B images
  // -> features [B, N, D], after the final norm.
  Tensor operator()(std::span<const float> pixels, const LayerHook& on_layer = {}) const;

 private:
  // Pre-norm block: x += attention(norm1(x)); x += mlp(norm2(x)).
  struct Block {
    LayerNorm norm1, norm2;
    Linear q_proj, k_proj, v_proj, proj;
    Mlp mlp;
    int heads = 1;

    static Block load(const Weights& w, const SiglipConfig& config, const SiglipNames& names);
    Tensor operator()(const Tensor& x) const;  // [B, N, D] -> [B, N, D]
  };

  SiglipConfig config_;
  Linear patch_embed_;  // the patch convolution as a product: its stride equals its kernel
  Tensor pos_embed_;    // [N, D]
  std::vector<Block> blocks_;
  LayerNorm norm_;
};

}  // namespace janus
