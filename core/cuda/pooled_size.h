// Sizes of the blocks that a GPU's memory is cut into: of few kinds, so that freed ones fit again.
#pragma once

#include <cstddef>

namespace janus::cuda {

// The size of a pooled block for `bytes`: at most an eighth more, or 512 bytes.
constexpr size_t pooled_size(size_t bytes) {
  size_t step = 512;
  while (step * 16 <= bytes) step *= 2;
  return bytes == 0 ? step : (bytes + step - 1) / step * step;
}

}  // namespace janus::cuda
