// Makes GGUF files in memory byte by byte, whole or broken on purpose. Knows nothing of the writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace janus::test {

// Little-endian numbers and strings, one behind the other.
class Bytes {
 public:
  template <typename T>
  Bytes& number(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) {
      text_.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xFF));
    }
    return *this;
  }
  Bytes& raw(std::string_view bytes) {
    text_.append(bytes);
    return *this;
  }
  Bytes& string(std::string_view text) { return number<uint64_t>(text.size()).raw(text); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

enum GgufValue : uint32_t {
  kGgufU8 = 0,
  kGgufU32 = 4,
  kGgufF32 = 6,
  kGgufString = 8,
  kGgufArray = 9,
  kGgufU64 = 10
};

inline std::string gguf_string(std::string_view key, std::string_view text) {
  return Bytes().string(key).number<uint32_t>(kGgufString).string(text).text();
}
inline std::string gguf_u32(std::string_view key, uint32_t value) {
  return Bytes().string(key).number<uint32_t>(kGgufU32).number(value).text();
}
inline std::string gguf_bytes(std::string_view key, std::string_view bytes) {
  return Bytes().string(key).number<uint32_t>(kGgufArray).number<uint32_t>(kGgufU8).string(bytes).text();
}

// Sizes innermost first, as the format has them.
inline std::string gguf_tensor(std::string_view name, const std::vector<uint64_t>& sizes, uint32_t type,
                               uint64_t offset) {
  Bytes entry;
  entry.string(name).number(static_cast<uint32_t>(sizes.size()));
  for (uint64_t size : sizes) entry.number(size);
  return entry.number(type).number(offset).text();
}

// What every file of janus begins with.
inline std::vector<std::string> gguf_keys(std::vector<std::string> more = {}) {
  more.insert(more.begin(),
              {gguf_string("general.architecture", "janus"), gguf_string("janus.file.config.json", "{}")});
  return more;
}

struct GgufParts {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<std::string> keys = gguf_keys();
  std::vector<std::string> tensors = {};
  std::string data = {};
  uint64_t alignment = 32;
  // Counts other than those of `keys` and `tensors`.
  int64_t more_keys = 0, more_tensors = 0;
};

inline std::string gguf_file(const GgufParts& parts) {
  Bytes file;
  file.raw(parts.magic).number(parts.version).number<uint64_t>(parts.tensors.size() + parts.more_tensors);
  file.number<uint64_t>(parts.keys.size() + parts.more_keys);
  for (const std::string& key : parts.keys) file.raw(key);
  for (const std::string& tensor : parts.tensors) file.raw(tensor);
  std::string text = file.text();
  text.resize((text.size() + parts.alignment - 1) / parts.alignment * parts.alignment, '\0');
  return text + parts.data;
}

}  // namespace janus::test
