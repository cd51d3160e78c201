#include "cli/io/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <span>
#include <string>

namespace janus::cli {

static_assert(std::endian::native == std::endian::little, "the values are written as they lie in memory");

namespace {

// Padded for a count of any number of digits in front, as numpy pads for it, so that it may still be changed.
constexpr size_t kCountDigits = 21;

std::string head_of(const std::vector<int64_t>& shape, size_t spare) {
  std::string sizes;
  for (int64_t size : shape) sizes += fmt::format("{}, ", size);
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);  // a tuple of one keeps its comma
  std::string description = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sizes);
  if (spare > 0) description.append(spare - fmt::format("{}", shape.front()).size(), ' ');

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
  return head + description;
}

std::string stack_head(const std::vector<int64_t>& shape, int64_t count) {
  std::vector<int64_t> whole{count};
  whole.insert(whole.end(), shape.begin(), shape.end());
  return head_of(whole, kCountDigits);
}

}  // namespace

std::vector<std::byte> npy_file(const Array& array) {
  const std::string head = head_of(array.shape, 0);
  std::vector<std::byte> file(head.size() + array.values.size() * sizeof(float));
  std::memcpy(file.data(), head.data(), head.size());
  std::memcpy(file.data() + head.size(), array.values.data(), array.values.size() * sizeof(float));
  return file;
}

void NpyStack::append(const Array& array) {
  if (count_ == 0) {
    shape_ = array.shape;
    file_.append(stack_head(shape_, 0));
  }
  assert(array.shape == shape_);
  file_.append(std::as_bytes(std::span(array.values)));
  ++count_;
}

void NpyStack::finish() {
  const std::string head = stack_head(shape_, count_);
  file_.overwrite_front(std::as_bytes(std::span(head)));
  file_.commit();
}

}  // namespace janus::cli
