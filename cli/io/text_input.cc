#include "cli/io/text_input.h"

#include <algorithm>
#include <utility>

#include "cli/io/input_file.h"
#include "core/base/error.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf", kUtf16Little = "\xff\xfe", kUtf16Big = "\xfe\xff",
                           kUtf32Little = "\xff\xfe\0\0"sv, kUtf32Big = "\0\0\xfe\xff"sv;

// Whether more bytes could make a mark of these, or a longer one.
bool may_grow_to_mark(std::string_view bytes) {
  const auto grows = [&](std::string_view mark) {
    return bytes.size() < mark.size() && mark.substr(0, bytes.size()) == bytes;
  };
  return grows(kUtf8Mark) || grows(kUtf16Big) || grows(kUtf32Little) || grows(kUtf32Big);
}

// Text in UTF-16 has a zero in every other byte where it is Latin, and is no UTF-8 where it is not. Zeros
// that end paths stand farther apart, and at even and odd places.
bool is_unmarked_utf16(std::string_view text) {
  text = text.substr(0, 4096);
  size_t even = 0, odd = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') ++(i % 2 == 0 ? even : odd);
  }
  return std::min(even, odd) == 0 && (3 * (even + odd) >= text.size() || !is_utf8(text));
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\0' && c != '\n' && c != '\r' && c != '\t';
  });
}

}  // namespace

TextDecoder::TextDecoder(std::string name, std::string zero_advice)
    : name_(std::move(name)), zero_advice_(std::move(zero_advice)) {}

void TextDecoder::find_encoding() {
  const auto begins = [&](std::string_view mark) {
    return std::string_view(held_).substr(0, mark.size()) == mark;
  };
  check(!begins(kUtf32Little) && !begins(kUtf32Big),
        "{}: expected text in UTF-8, found UTF-32; save it as UTF-8", name_);
  const bool little = begins(kUtf16Little), big = begins(kUtf16Big), marked = begins(kUtf8Mark);
  encoding_ = little ? Encoding::utf16_little : big ? Encoding::utf16_big : Encoding::bytes;
  held_.erase(0, little || big ? kUtf16Little.size() : marked ? kUtf8Mark.size() : 0);
}

std::string TextDecoder::decode() {
  if (encoding_ == Encoding::bytes) return std::exchange(held_, {});
  std::string text;
  const auto unit = [&](size_t at) {
    const auto first = static_cast<unsigned char>(held_[at]),
               second = static_cast<unsigned char>(held_[at + 1]);
    return static_cast<char32_t>(encoding_ == Encoding::utf16_little ? first | second << 8
                                                                     : second | first << 8);
  };
  size_t at = 0;
  while (held_.size() - at >= 2) {
    char32_t code_point = unit(at);
    const bool pair = code_point >= 0xd800 && code_point < 0xdc00;
    if (pair && held_.size() - at < 4) break;
    const char32_t low = pair ? unit(at + 2) : 0;
    const bool whole = pair ? low >= 0xdc00 && low < 0xe000 : code_point < 0xdc00 || code_point >= 0xe000;
    check(whole, "{}: expected text in UTF-16, found half of a character; save it as UTF-8", name_);
    if (pair) code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
    append_utf8(text, code_point);
    at += pair ? 4 : 2;
  }
  held_.erase(0, at);
  return text;
}

void TextDecoder::check_zeros(std::string_view text) const {
  if (text.find('\0') == std::string_view::npos) return;
  const bool plain = encoding_ == Encoding::bytes;
  check(!plain || !is_unmarked_utf16(text),
        "{}: expected text in UTF-8, found UTF-16 without a byte order mark; save it as UTF-8", name_);
  check(!plain || has_control_characters(text), "{}: expected lines of text, found a zero byte; {}", name_,
        zero_advice_);
  fail("{}: expected lines of text, found bytes that are none; check that it is a text file", name_);
}

std::string TextDecoder::push(std::string_view bytes) {
  held_ += bytes;
  if (encoding_ == Encoding::unknown) {
    if (may_grow_to_mark(held_)) return {};
    find_encoding();
  }
  std::string text = decode();
  check_zeros(text);
  return text;
}

std::string TextDecoder::finish() {
  if (encoding_ == Encoding::unknown) find_encoding();
  std::string text = decode();
  check(held_.empty(), "{}: expected text in UTF-16, found it cut short; copy or save it again", name_);
  check_zeros(text);
  return text;
}

std::string decode_text(std::string_view bytes, const std::string& name) {
  TextDecoder decoder(name);
  std::string text = decoder.push(bytes);
  return text + decoder.finish();
}

std::string read_text(const std::string& path, const std::string& what) {
  return decode_text(read_input(path, what), what + ", " + path);
}

}  // namespace janus::cli
