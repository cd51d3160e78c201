#include "core/checkpoint/finite_tensors.h"

#include "core/base/error.h"
#include "core/quant/finite_weights.h"

namespace janus {

void check_finite_tensors(const Checkpoint& checkpoint) {
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (!tensor.unreadable.empty() || !is_weight_type(tensor.dtype)) continue;
    check(all_finite(tensor.dtype, tensor.data.bytes.data(), tensor.shape.elements()),
          "{}: expected finite numbers, found others in {}; the weight is damaged: fetch that file again, or "
          "make it anew",
          name, tensor.file);
  }
}

}  // namespace janus
