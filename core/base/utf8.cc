#include "core/base/utf8.h"

#include <utility>

namespace janus {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

// What may follow a lead byte: how many bytes, and the range of the first of them (Unicode table 3-7), which
// is what keeps out overlong forms, surrogates and numbers above U+10FFFF.
struct Lead {
  int trail = -1;  // -1: not a lead byte
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {0};
  if (byte >= 0xC2 && byte <= 0xDF) return {1};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {};
}

}  // namespace

Utf8Char utf8_front(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  Lead lead = lead_of(first);
  if (lead.trail < 0) return {kReplacement, 1, false, false};
  if (lead.trail == 0) return {first, 1, true, false};
  char32_t code_point = first & (0x3F >> lead.trail);
  for (int i = 1; i <= lead.trail; ++i) {
    const auto place = static_cast<size_t>(i);
    if (place == text.size()) return {kReplacement, place, false, true};
    const auto byte = static_cast<uint8_t>(text[place]);
    if (byte < lead.low || byte > lead.high) return {kReplacement, place, false, false};
    lead.low = 0x80;
    lead.high = 0xBF;
    code_point = (code_point << 6) | (byte & 0x3F);
  }
  return {code_point, static_cast<size_t>(lead.trail) + 1, true, false};
}

Utf8Char utf8_back(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  return utf8_front(text.substr(begin));
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    if (!next.well_formed) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    result += next.well_formed ? text.substr(0, next.length) : kReplacementText;
    text.remove_prefix(next.length);
  }
  return result;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto add = [&text](char32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0 | (code_point >> 6));
    add(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    add(0xE0 | (code_point >> 12));
    add(0x80 | ((code_point >> 6) & 0x3F));
    add(0x80 | (code_point & 0x3F));
  } else {
    add(0xF0 | (code_point >> 18));
    add(0x80 | ((code_point >> 12) & 0x3F));
    add(0x80 | ((code_point >> 6) & 0x3F));
    add(0x80 | (code_point & 0x3F));
  }
}

std::string Utf8Stream::push(std::string_view bytes) {
  held_ += bytes;
  size_t whole = 0;
  while (whole < held_.size()) {
    const Utf8Char next = utf8_front(std::string_view(held_).substr(whole));
    if (next.truncated) break;
    whole += next.length;
  }
  std::string result = to_utf8(std::string_view(held_).substr(0, whole));
  held_.erase(0, whole);
  return result;
}

std::string Utf8Stream::finish() { return to_utf8(std::exchange(held_, {})); }

}  // namespace janus
