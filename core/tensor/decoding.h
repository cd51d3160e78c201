// Drawing ids one after another without the host between two of them: what a device that can do so is told,
// and what it gives.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/nn/sampler.h"
#include "core/tensor/tensor.h"

namespace janus {

// One layer of a decoder without biases, and its part of the cache.
struct DecodingLayer {
  Tensor input_layernorm, post_attention_layernorm;  // [D]
  Tensor q_proj, k_proj, v_proj, o_proj;             // weights
  Tensor gate_proj, up_proj, down_proj;              // weights
  Tensor keys, values;                               // [Hkv, tokens, Dh]
};

// A linear layer of the head; the exact GELU stands between two of them.
struct DecodingHead {
  Tensor weight, bias;  // [F, D]; [F] or empty
};

// A sequence that draws: an image, or an answer.
struct DecodingItem {
  int32_t start = 0;         // of its tokens in the cache: the conditional ones, or the only ones
  int32_t other_start = -1;  // of the unconditional ones, or -1
  int32_t length = 0;        // tokens that it holds there
  int32_t id = 0;            // drawn last, and not read yet
  uint32_t step = 0;         // of the noise of its next draw
  float guidance = 1.0F;
  SamplingOptions sampling;
};

struct DecodingPlan {
  std::vector<DecodingLayer> layers;
  Tensor norm;  // [D]
  float rms_norm_eps = 1e-6F;
  int heads = 1;                   // of queries
  Tensor rope_table;               // [positions, 2, Dh / 2]
  Tensor table;                    // [V, D]: what a drawn id is read as, any weight type
  std::vector<DecodingHead> head;  // hidden state -> logits [V]
  std::vector<DecodingItem> items;
  NoiseStream stream = NoiseStream::codes;
  int64_t draws = 0;  // wanted at most; every item has room for as many tokens more
};

// Keeps what its plan's tensors own.
class Decoding {
 public:
  virtual ~Decoding() = default;
  // Reads the ids drawn last into the cache and draws the next, one an item, in order; they stay until the
  // next call. What sample() of core/nn/sampler.h draws from guide()'s logits. Throws Error where the device
  // fails. The device may be steps ahead.
  virtual std::span<const int32_t> next() = 0;
};

}  // namespace janus
