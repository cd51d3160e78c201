#include "cli/io/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <charconv>
#include <cstring>
#include <span>
#include <string>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus::cli {

static_assert(std::endian::native == std::endian::little, "the values are written as they lie in memory");

namespace {

// Padded for a count of any number of digits in front, as numpy pads for it, so that it may still be changed.
constexpr size_t kCountDigits = 21;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr const char* kDamaged = "write it again with janus encode or numpy.save";

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

  std::string head(kMagic);
  head += '\x01';
  head += '\0';
  head += static_cast<char>(description.size() & 0xff);
  head += static_cast<char>(description.size() >> 8);
  return head + description;
}

// The dictionary of a file's header, up to where the values begin.
std::string_view description_of(std::string_view bytes, const std::string& what) {
  check(is_npy(bytes) && bytes.size() >= 12, "{}: expected an array of NumPy (.npy), found another file; {}",
        what, kDamaged);
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(bytes[at])); };
  const size_t version = byte(6), prefix = version == 1 ? 10 : 12;
  check(version >= 1 && version <= 3, "{}: expected version 1 to 3 of the format, found {}; {}", what,
        version, kDamaged);
  size_t length = 0;
  for (size_t at = prefix; at-- > 8;) length = length << 8 | byte(at);
  check(length <= bytes.size() - prefix, "{}: expected a header of {} bytes, found {}; {}", what, length,
        bytes.size() - prefix, kDamaged);
  return bytes.substr(prefix, length);
}

// What stands behind a key of that dictionary; empty where it has no such key.
std::string_view value_of(std::string_view head, std::string_view key) {
  const size_t at = head.find(fmt::format("'{}':", key));
  if (at == head.npos) return {};
  const size_t begin = head.find_first_not_of(' ', at + key.size() + 3);
  return begin == head.npos ? std::string_view() : head.substr(begin);
}

std::string quoted_value(std::string_view head, std::string_view key) {
  const std::string_view value = value_of(head, key);
  const size_t end = value.find('\'', 1);
  return value.starts_with('\'') && end != value.npos ? std::string(value.substr(1, end - 1)) : std::string();
}

// A tuple of whole numbers: "(4, 48, 48)".
std::vector<int64_t> shape_of(std::string_view head, const std::string& what) {
  constexpr size_t kMostAxes = 32;
  std::string_view value = value_of(head, "shape");
  const size_t end = value.find(')');
  check(value.starts_with('(') && end != value.npos, "{}: expected its shape, found none; {}", what,
        kDamaged);
  std::vector<int64_t> shape;
  value = value.substr(1, end - 1);
  while (value.find_first_not_of(", ") != value.npos) {
    value.remove_prefix(value.find_first_not_of(", "));
    int64_t size = 0;
    const auto [rest, fault] = std::from_chars(value.data(), value.data() + value.size(), size);
    check(fault == std::errc() && size >= 0 && shape.size() < kMostAxes,
          "{}: expected a shape of sizes, found {}; {}", what, excerpt(std::string(value)), kDamaged);
    shape.push_back(size);
    value.remove_prefix(static_cast<size_t>(rest - value.data()));
  }
  return shape;
}

std::string stack_head(const std::vector<int64_t>& shape, int64_t count) {
  std::vector<int64_t> whole{count};
  whole.insert(whole.end(), shape.begin(), shape.end());
  return head_of(whole, kCountDigits);
}

}  // namespace

std::vector<std::byte> npy_file(const Array& array) {
  const std::string head = head_of(array.shape, 0);
  const auto start = std::as_bytes(std::span(head)), values = std::as_bytes(std::span(array.values));
  std::vector<std::byte> file(start.begin(), start.end());
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

bool is_npy(std::string_view bytes) { return bytes.starts_with(kMagic); }

Array read_npy(std::string_view bytes, const std::string& what) {
  const std::string_view head = description_of(bytes, what);
  const std::string type = quoted_value(head, "descr");
  check(type == "<f4", "{}: expected float32 (<f4), found {}; save it with x.astype('<f4')", what,
        type.empty() ? "another type" : excerpt(type));
  check(value_of(head, "fortran_order").starts_with("False"),
        "{}: expected rows in C order, found columns first; save it with numpy.ascontiguousarray(x)", what);
  Array array{.shape = shape_of(head, what), .values = {}};
  const std::string_view values = bytes.substr(static_cast<size_t>(head.end() - bytes.begin()));
  uint64_t count = 1;
  for (const int64_t size : array.shape) {
    check(size == 0 || count <= values.size() / static_cast<uint64_t>(size),
          "{}: expected as many values as its shape says, found {} bytes; {}", what, values.size(), kDamaged);
    count *= static_cast<uint64_t>(size);
  }
  check(values.size() == count * sizeof(float), "{}: expected {} bytes of values, found {}; {}", what,
        count * sizeof(float), values.size(), kDamaged);
  array.values.resize(count);
  if (count > 0) std::memcpy(array.values.data(), values.data(), values.size());
  return array;
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
