#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/checkpoint/gguf.h"
#include "core/checkpoint/gguf_format.h"

namespace janus {
namespace {

using namespace gguf;

template <typename T>
void append(std::string& to, T number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof(T));
}

void append_string(std::string& to, std::string_view text) {
  append(to, static_cast<uint64_t>(text.size()));
  to.append(text);
}

// As the format asks of strings. https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7.
bool is_utf8(std::string_view text) {
  const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; };
  for (size_t at = 0; at < text.size();) {
    const int first = byte(at), second = byte(at + 1);
    const int length = first < 0x80   ? 1
                       : first < 0xC2 ? 0
                       : first < 0xE0 ? 2
                       : first < 0xF0 ? 3
                       : first < 0xF5 ? 4
                                      : 0;
    if (length == 0) return false;
    for (int index = 1; index < length; ++index) {
      if ((byte(at + index) & 0xC0) != 0x80) return false;
    }
    // Forms that are too long, surrogates, numbers beyond the last.
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return false;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return false;
    at += length;
  }
  return true;
}

}  // namespace

void GgufHeader::add_key(std::string_view key, uint32_t type) {
  append_string(keys_, key);
  append(keys_, type);
  ++key_count_;
}

void GgufHeader::add_string(std::string_view key, std::string_view text) {
  add_key(key, kString);
  append_string(keys_, text);
}

void GgufHeader::add_bytes(std::string_view key, std::span<const std::byte> bytes) {
  add_key(key, kArray);
  append(keys_, static_cast<uint32_t>(kU8));
  append(keys_, static_cast<uint64_t>(bytes.size()));
  keys_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void GgufHeader::add_u32(std::string_view key, uint32_t number) {
  add_key(key, kU32);
  append(keys_, number);
}

void GgufHeader::add_f32(std::string_view key, float number) {
  add_key(key, kF32);
  append(keys_, number);
}

void GgufHeader::add_file(std::string_view name, std::span<const std::byte> bytes) {
  const std::string key = std::string(kFileKey) + std::string(name);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (is_utf8(text)) {
    add_string(key, text);
  } else {
    add_bytes(key, bytes);
  }
}

void GgufHeader::abbreviate(std::string_view brief, std::string_view full) {
  add_string(std::string(kPrefixKey) + std::string(brief), full);
  abbreviations_.emplace_back(std::string(brief) + ".", std::string(full) + ".");
}

void GgufHeader::add_tensor(const std::string& name, DType dtype, const Shape& shape) {
  std::string written = name;
  for (const auto& [brief, full] : abbreviations_) {
    if (written.starts_with(full)) written = brief + written.substr(full.size());
  }
  check(written.size() <= kLongestName,
        "tensor {}: expected a name of at most {} bytes, found {}; GGUF takes no longer ones", name,
        kLongestName, written.size());
  check(shape.rank() > 0 && shape.elements() > 0, "tensor {}: expected sizes above 0, found {}", name,
        shape.to_string());
  const auto* type = std::find_if(kTensorTypes.begin(), kTensorTypes.end(),
                                  [&](const TensorType& known) { return known.dtype == dtype; });
  check(type != kTensorTypes.end(), "tensor {}: expected a type of weights, found {}", name, name_of(dtype));
  append_string(tensors_, written);
  append(tensors_, static_cast<uint32_t>(shape.rank()));
  for (int axis = shape.rank(); axis-- > 0;) append(tensors_, static_cast<uint64_t>(shape[axis]));
  append(tensors_, type->number);
  append(tensors_, tensor_bytes_);
  const uint64_t bytes = bytes_of(dtype, shape.elements());
  tensor_bytes_ += bytes + padding(bytes);
  ++tensor_count_;
}

std::string GgufHeader::bytes() const {
  std::string header(kGgufMagic);
  append(header, kVersion);
  append(header, tensor_count_);
  append(header, key_count_);
  header += keys_;
  header += tensors_;
  header.resize(header.size() + padding(header.size()), '\0');
  return header;
}

uint64_t GgufHeader::padding(uint64_t bytes) { return (kAlignment - bytes % kAlignment) % kAlignment; }

}  // namespace janus
