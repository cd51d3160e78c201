// A device for readers that want one only to say where tensors would go.
#pragma once

#include "core/tensor/dry_device.h"

namespace janus::fuzz {

class NoDevice : public DryDevice {
 public:
  NoDevice() : DryDevice("cpu") {}
  const DeviceTraits& traits() const override {
    static constexpr DeviceTraits kNone;
    return kNone;
  }
  Layout preferred_weight_layout(DType /*dtype*/, int64_t /*length*/) const override { return Layout::plain; }
};

}  // namespace janus::fuzz
