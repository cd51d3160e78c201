// NumPy's array files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/io/output_file.h"
#include "generator/model.h"

namespace janus::cli {

// `array` as a whole .npy file: version 1.0, little-endian f32, C order.
// Source: numpy.lib.format, "Format Specification: Version 1.0".
std::vector<std::byte> npy_file(const Array& array);

// Whether a file begins as one of NumPy's does.
bool is_npy(std::string_view bytes);
// The array of a whole file of version 1.0, 2.0 or 3.0, of little-endian f32 in C order. Throws Error, which
// begins with `what`, for other types and orders, and for what is damaged.
Array read_npy(std::string_view bytes, const std::string& what);

// Arrays of one shape as one of a rank more, [count, ...], written as they come: nothing of it stays in
// memory.
class NpyStack {
 public:
  // `output` must outlive it. Throws Error as OutputFile::begin() does.
  explicit NpyStack(const OutputFile& output) : file_(output.begin()) {}

  void append(const Array& array);
  int64_t count() const { return count_; }
  // Puts the file in its place. There must be an array.
  void finish();

 private:
  AtomicFile file_;
  std::vector<int64_t> shape_;  // of each
  int64_t count_ = 0;
};

}  // namespace janus::cli
