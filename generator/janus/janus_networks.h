// The parts of a Janus model and how they are wired: one decoder between two ways into images.
// Source: deepseek-ai/Janus, models/modeling_vlm.py (MultiModalityCausalLM).
#pragma once

#include <span>
#include <vector>

#include "core/nn/transformer.h"
#include "generator/janus/janus_config.h"
#include "generator/part_types.h"
#include "tokenizer/image/vq_model.h"
#include "vision/siglip.h"

namespace janus {

struct JanusNetworks {
  JanusConfig config;
  Siglip vision_tower;
  Mlp aligner;  // features [.., vision width] -> embeddings [.., D]
  Transformer language_model;
  Linear lm_head;  // hidden -> text logits
  Embedding gen_embed;
  Mlp gen_aligner;  // code embeddings [.., embed_dim] -> embeddings [.., D]
  Mlp gen_head;     // hidden -> code logits
  VqModel vq_model;

  // Throws Error for a checkpoint that lacks a tensor, or holds one that nothing here reads, or whose decoder
  // has a smaller type already than the one to make of it.
  static JanusNetworks load(const Checkpoint& checkpoint, Device& device, const PartTypes& types,
                            LoadOptions options = {});

  Device& device() const { return language_model.device(); }
  // Returns the decoder's input for sampled codes, one a row. -> [B, 1, D].
  Tensor embed_codes(std::span<const int32_t> codes) const;
  // Returns the decoder's input for every code, made at the first call. -> [codes, D].
  const Tensor& code_table() const;
  DType cache_dtype = DType::bf16;
  mutable Tensor code_table_made;
};

}  // namespace janus
