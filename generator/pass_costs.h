// The bytes and operations of the parts that families share, which measured times are compared with.
#pragma once

#include "core/nn/transformer.h"
#include "generator/model.h"
#include "vision/siglip.h"

namespace janus {

// Multiply-adds of attention: scores and weighted sum of `queries` over `keys` positions.
double attention_operations(double queries, double keys, double width);
double bytes_a_weight(DType dtype);
double bytes_of(const Linear& linear);

// `rows` new tokens, one a sequence, each behind `context` others.
PassCost step_cost(const Transformer& language_model, DType cache_dtype, const Mlp& head, int64_t rows,
                   int64_t context);
// `tokens` of a prompt, and the text logits of the last.
PassCost prefill_cost(const Transformer& language_model, const Linear& lm_head, int64_t tokens);
// `tokens` new ones behind `context` others of a row, without any logits; they attend to each other causally.
PassCost pass_cost(const Transformer& language_model, int64_t tokens, int64_t context);
PassCost vision_cost(const SiglipConfig& config, const Mlp& aligner);

}  // namespace janus
