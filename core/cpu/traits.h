// What the CPU is like as a device.
#pragma once

#include "core/cpu/kernels.h"
#include "core/tensor/device.h"

namespace janus::cpu {

// With these kernels. A matrix unit multiplies 32 rows in little more time than it reads the weights, where
// vectors are done with 8.
inline const DeviceTraits& traits_of(const Kernels& kernels) {
  static constexpr DeviceTraits kVectors{.takes_threads = true, .batch_rows = 8};
  static constexpr DeviceTraits kMatrixUnit{
      .takes_threads = true, .splits_activations = true, .batch_rows = 32};
  return kernels.terms == nullptr ? kVectors : kMatrixUnit;
}

}  // namespace janus::cpu
