#include "cli/io/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <string>

namespace janus::cli {

static_assert(std::endian::native == std::endian::little, "npy_file writes the values as they lie in memory");

std::vector<std::byte> npy_file(const Array& array) {
  std::string sizes;
  for (int64_t size : array.shape) sizes += fmt::format("{}, ", size);
  if (array.shape.size() > 1) sizes.resize(sizes.size() - 2);  // a tuple of one keeps its comma
  std::string description = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sizes);

  constexpr size_t kPrefix = 10;     // magic, version, length of the description
  constexpr size_t kAlignment = 64;  // of the values, padded with spaces before the final line end
  size_t unpadded = kPrefix + description.size() + 1;
  description.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  description += '\n';

  std::string head = "\x93NUMPY";
  head += '\x01';
  head += '\0';
  head += static_cast<char>(description.size() & 0xff);
  head += static_cast<char>(description.size() >> 8);
  head += description;

  std::vector<std::byte> file(head.size() + array.values.size() * sizeof(float));
  std::memcpy(file.data(), head.data(), head.size());
  std::memcpy(file.data() + head.size(), array.values.data(), array.values.size() * sizeof(float));
  return file;
}

}  // namespace janus::cli
