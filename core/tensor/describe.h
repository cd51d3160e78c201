// A tensor in words, for messages.
#pragma once

#include <fmt/format.h>

#include <string>

#include "core/tensor/tensor.h"

namespace janus {

// "packed q4_k [16, 256]".
inline std::string describe(const Tensor& x) {
  if (x.empty()) return "nothing";
  return fmt::format("{}{} {}", x.layout() == Layout::packed ? "packed " : "", name_of(x.dtype()),
                     x.shape().to_string());
}

}  // namespace janus
