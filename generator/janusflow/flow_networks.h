// The parts of a JanusFlow model and how they are wired: one decoder between images that are understood, as
// in Janus, and the velocity of a latent, which draws. Source: deepseek-ai/Janus,
// janusflow/models/modeling_vlm.py (MultiModalityCausalLM).
#pragma once

#include "core/nn/transformer.h"
#include "generator/janusflow/flow_config.h"
#include "generator/janusflow/uvit.h"
#include "generator/part_types.h"
#include "vision/siglip.h"

namespace janus {

struct FlowNetworks {
  FlowConfig config;
  Siglip vision_tower;
  Linear vision_und_enc_aligner;  // features [.., vision width] -> embeddings [.., D]
  Tensor beg_of_und_embed;        // [1, D], before the embeddings of an image
  Transformer language_model;
  Linear lm_head;  // hidden -> text logits
  UvitEncoder encoder;
  Linear vision_gen_enc_aligner;  // [.., C] -> embeddings [.., D]
  RmsNorm vision_gen_dec_aligner_norm;
  Linear vision_gen_dec_aligner;  // hidden [.., D] -> [.., C]
  UvitDecoder decoder;
  DType cache_dtype = DType::bf16;

  // Throws Error for a checkpoint that lacks a tensor, or holds one that nothing here reads.
  static FlowNetworks load(const Checkpoint& checkpoint, Device& device, const PartTypes& types,
                           LoadOptions options = {});

  Device& device() const { return language_model.device(); }
  // pixels: B images, one after another -> embeddings [B, 1 + N, D].
  Tensor embed_images(std::span<const float> pixels, const LayerHook& on_layer = {}) const;
  // The places of the latent as tokens: what the encoder gives -> embeddings [B, h * w, D].
  Tensor latent_embeddings(const Tensor& features) const;
  // hidden: [B, h * w, D] of those tokens; skip: the encoder's features [1, h, w, C], one for all rows;
  // modulations: of the decoder's blocks -> velocity [B, patch * h, patch * w, latent_channels] on the host.
  std::vector<float> velocity(const Tensor& hidden, const Tensor& skip,
                              std::span<const Tensor> modulations) const;
};

}  // namespace janus
