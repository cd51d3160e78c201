// Sampling ids one after another without the host between two of them: what a device that can do so is told
// of a decoder, and what it gives. Devices themselves know no decoder: one that supports this has a
// DeviceDecoder.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/nn/sampler.h"
#include "core/tensor/device.h"

namespace janus {

// One layer of a decoder without biases, and its part of the cache.
struct DeviceDecodeLayer {
  Tensor input_layernorm, post_attention_layernorm;  // [D]
  Tensor q_proj, k_proj, v_proj, o_proj;             // weights
  Tensor gate_proj, up_proj, down_proj;              // weights
  Tensor keys, values;                               // [Hkv, tokens, Dh]
};

// A linear layer of the head; the exact GELU stands between two of them.
struct DeviceDecodeHead {
  Tensor weight, bias;  // [F, D]; [F] or empty
};

// A sequence that samples: an image, or an answer.
struct DeviceDecodeItem {
  int32_t start = 0;         // of its tokens in the cache: the conditional ones, or the only ones
  int32_t other_start = -1;  // of the unconditional ones, or -1
  int32_t length = 0;        // tokens that it holds there
  int32_t id = 0;            // sampled last, and not read yet
  uint32_t step = 0;         // of the noise of its next sample
  float guidance = 1.0F;
  SamplingOptions sampling;
};

struct DeviceDecodePlan {
  std::vector<DeviceDecodeLayer> layers;
  Tensor norm;  // [D]
  float rms_norm_eps = 1e-6F;
  int heads = 1;                       // of queries
  Tensor rope_table;                   // [positions, 2, Dh / 2]
  Tensor table;                        // [V, D]: what a sampled id is read as, any weight type
  std::vector<DeviceDecodeHead> head;  // hidden state -> logits [V]
  std::vector<DeviceDecodeItem> items;
  NoiseStream stream = NoiseStream::codes;
  int64_t samples = 0;  // wanted at most; every item has room for as many tokens more
};

// Steps that are under way. Keeps what its plan's tensors own.
class DeviceDecodeRun {
 public:
  virtual ~DeviceDecodeRun() = default;
  // Reads the ids sampled last into the cache and samples the next, one an item, in order; they stay until
  // the next call. What sample() of core/nn/sampler.h takes from guide()'s logits. Throws Error where the
  // device fails. The device may be steps ahead.
  virtual std::span<const int32_t> next() = 0;
};

// A part of a device that supports device decoding.
class DeviceDecoder {
 public:
  // Null where the device's kernels do not serve the plan: then operations have to.
  virtual std::unique_ptr<DeviceDecodeRun> begin(const DeviceDecodePlan& plan) = 0;

 protected:
  ~DeviceDecoder() = default;  // the device's
};

// Null where operations have to do the steps.
inline std::unique_ptr<DeviceDecodeRun> begin_device_decode(Device& device, const DeviceDecodePlan& plan) {
  DeviceDecoder* const decoder = device.device_decoder();
  return decoder == nullptr ? nullptr : decoder->begin(plan);
}

}  // namespace janus
