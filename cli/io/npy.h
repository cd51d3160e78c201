// NumPy's array files.
#pragma once

#include <cstddef>
#include <vector>

#include "generator/model.h"

namespace janus::cli {

// `array` as a whole .npy file: version 1.0, little-endian f32, C order.
// Source: numpy.lib.format, "Format Specification: Version 1.0".
std::vector<std::byte> npy_file(const Array& array);

}  // namespace janus::cli
