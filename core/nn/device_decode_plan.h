// Device decoding: a device samples ids one after another without the host between two of them. The plan
// describes the decoder to it. A Device itself knows no decoder; one that supports this has a DeviceDecoder.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/nn/sampler.h"
#include "core/tensor/device.h"

namespace janus {

// One layer of a decoder without biases, with its part of the cache.
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
  int32_t start = 0;         // where its tokens begin in the cache, the conditional ones of two rows
  int32_t other_start = -1;  // where its unconditional tokens begin, or -1
  int32_t length = 0;        // the number of tokens that it holds there
  int32_t other_length = 0;  // the number of unconditional ones
  int32_t id = 0;            // the id sampled last, which has not been read
  uint32_t step = 0;         // the step whose noise the next sample takes
  float guidance = 1.0F;
  SamplingOptions sampling;
};

struct DeviceDecodePlan {
  std::vector<DeviceDecodeLayer> layers;
  Tensor norm;  // [D]
  float rms_norm_eps = 1e-6F;
  int heads = 1;                       // query heads
  Tensor rope_table;                   // [positions, 2, Dh / 2]
  Tensor table;                        // [V, D], any weight type: the decoder's input for a sampled id
  std::vector<DeviceDecodeHead> head;  // hidden state -> logits [V]
  std::vector<DeviceDecodeItem> items;
  NoiseStream stream = NoiseStream::codes;
  int64_t samples = 0;  // the most that are wanted; every item has room for as many more tokens
};

// A run of steps on the device. Keeps the memory of its plan's tensors alive.
class DeviceDecodeRun {
 public:
  // In place of an id where an item's logits, or what guidance makes of them, are not finite.
  static constexpr int32_t kNotFinite = -1;

  virtual ~DeviceDecodeRun() = default;
  // Reads the ids sampled last into the cache and returns the next, one for each item, in order; the span is
  // valid until the next call. The ids are those that sample() of core/nn/sampler.h takes from guide()'s
  // logits. The device may be steps ahead. Throws Error where the device fails.
  virtual std::span<const int32_t> next() = 0;
};

// The part of a device that supports device decoding.
class DeviceDecoder {
 public:
  // Returns null where the device's kernels do not support the plan; operations have to do the steps then.
  virtual std::unique_ptr<DeviceDecodeRun> begin(const DeviceDecodePlan& plan) = 0;

 protected:
  ~DeviceDecoder() = default;  // the device's
};

// Returns null where operations have to do the steps.
inline std::unique_ptr<DeviceDecodeRun> begin_device_decode(Device& device, const DeviceDecodePlan& plan) {
  DeviceDecoder* const decoder = device.device_decoder();
  return decoder == nullptr ? nullptr : decoder->begin(plan);
}

}  // namespace janus
