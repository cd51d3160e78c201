#include "core/cpu/kernels.h"

#include "core/base/error.h"

namespace janus::cpu {

const WeightKernels* Kernels::find(DType dtype, Layout layout) const {
  for (int i = 0; i < weight_count; ++i) {
    if (weights[i].dtype == dtype && weights[i].layout == layout) return &weights[i];
  }
  return nullptr;
}

const WeightKernels& Kernels::of(DType dtype, Layout layout) const {
  const WeightKernels* const found = find(dtype, layout);
  check(found != nullptr, "kernels {}: expected a weight type that they have, found {}{}", name,
        layout == Layout::packed ? "packed " : "", name_of(dtype));
  return *found;
}

}  // namespace janus::cpu
