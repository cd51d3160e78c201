#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/utf8.h"
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
        "tensor {}: expected a name of at most {} bytes, found {}: GGUF takes no longer ones; shorten the "
        "name in the model",
        name, kLongestName, written.size());
  check(shape.rank() > 0 && shape.elements() > 0, "tensor {}: expected sizes above 0, found {}", name,
        shape.to_string());
  check(is_weight_type(dtype), "tensor {}: expected a type of weights, found {}", name, name_of(dtype));
  append_string(tensors_, written);
  append(tensors_, static_cast<uint32_t>(shape.rank()));
  for (int axis = shape.rank(); axis-- > 0;) append(tensors_, static_cast<uint64_t>(shape[axis]));
  append(tensors_, format_of(dtype).ggml_type);
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
