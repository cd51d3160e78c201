#include "tokenizer/text/byte_level.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "core/base/utf8.h"

namespace janus {
namespace {

constexpr char32_t kCharCount = 0x144;  // one above the largest character used

struct Tables {
  std::array<std::string, 256> text;       // of each byte
  std::array<int16_t, kCharCount> byte{};  // of each character, -1 for none

  Tables() {
    byte.fill(-1);
    char32_t free = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      const char32_t c = printable ? static_cast<char32_t>(b) : free++;
      append_utf8(text[static_cast<size_t>(b)], c);
      byte[c] = static_cast<int16_t>(b);
    }
  }
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

}  // namespace

std::string to_byte_level(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size() * 2);
  for (const char byte : bytes) result += tables().text[static_cast<uint8_t>(byte)];
  return result;
}

std::optional<std::string> from_byte_level(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    const int byte = next.code_point < kCharCount ? tables().byte[next.code_point] : -1;
    if (byte < 0) return std::nullopt;
    result += static_cast<char>(byte);
    text.remove_prefix(next.length);
  }
  return result;
}

std::optional<char> from_byte_fallback(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  uint8_t byte = 0;
  const char* end = token.data() + 5;
  const auto [read_to, error] = std::from_chars(token.data() + 3, end, byte, 16);
  return error == std::errc() && read_to == end ? std::optional(static_cast<char>(byte)) : std::nullopt;
}

}  // namespace janus
