#include "vision/formats/png_text.h"

#include <algorithm>
#include <string_view>

#include "core/base/crc32.h"
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "vision/formats/png_chunks.h"

namespace janus {
namespace {

// What tEXt may hold: printable Latin-1 and line feeds.
bool plain(char32_t code) {
  return code == '\n' || (code >= 0x20 && code < 0x7F) || (code >= 0xA1 && code <= 0xFF);
}

void append_number(std::vector<std::byte>& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(value >> shift));
}

void append_chunk(std::vector<std::byte>& png, std::string_view type, const std::string& data) {
  append_number(png, static_cast<uint32_t>(data.size()));
  const size_t start = png.size();
  for (const std::string_view part : {type, std::string_view(data)}) {
    for (const char letter : part) png.push_back(static_cast<std::byte>(letter));
  }
  append_number(png, crc32(std::span(png).subspan(start)));
}

void append_text_chunk(std::vector<std::byte>& png, const std::string& keyword, const std::string& text) {
  std::string latin1;
  std::string utf8;
  bool all_plain = true;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Char next = utf8_front(rest);
    all_plain = all_plain && plain(next.code_point);
    latin1 += static_cast<char>(next.code_point);
    append_utf8(utf8, next.code_point);
    rest.remove_prefix(next.well_formed ? next.length : 1);  // of a broken character each byte is one U+FFFD
  }
  const std::string zero(1, '\0');
  if (all_plain) {
    append_chunk(png, "tEXt", keyword + zero + latin1);
  } else {
    // Not compressed (two zero bytes), no language, no translated keyword.
    append_chunk(png, "iTXt", keyword + std::string(5, '\0') + utf8);
  }
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Cuts text up to its next zero byte off `rest`; false if there is none.
bool take_until_zero(std::string_view& rest, std::string_view& taken) {
  const size_t zero = rest.find('\0');
  if (zero == std::string_view::npos) return false;
  taken = rest.substr(0, zero);
  rest.remove_prefix(zero + 1);
  return true;
}

void read_text_chunk(const PngChunk& chunk, ImageText& found) {
  std::string_view rest = as_text(chunk.data);
  std::string_view keyword;
  if (!take_until_zero(rest, keyword)) return;
  if (chunk.type == "tEXt") {
    std::string text;
    for (const char letter : rest) append_utf8(text, static_cast<uint8_t>(letter));
    found.emplace(keyword, text);
    return;
  }
  const bool compressed = rest.size() < 2 || rest[0] != '\0';
  if (compressed) return;
  rest.remove_prefix(2);
  std::string_view language;
  std::string_view translated;
  if (take_until_zero(rest, language) && take_until_zero(rest, translated)) found.emplace(keyword, rest);
}

}  // namespace

std::vector<std::byte> with_png_text(const std::vector<std::byte>& png, const ImageText& text) {
  constexpr size_t kHeaderEnd = 8 + 12 + 13;  // signature, frame of a chunk, IHDR
  std::vector<std::byte> result(png.begin(), png.begin() + kHeaderEnd);
  for (const auto& [keyword, value] : text) append_text_chunk(result, keyword, value);
  result.insert(result.end(), png.begin() + kHeaderEnd, png.end());
  return result;
}

ImageText read_png_text(std::span<const std::byte> bytes, const std::string& name) {
  ImageText found;
  PngChunks chunks(bytes, name);
  for (PngChunk chunk; chunks.next(chunk);) {
    check(chunk.intact(), "picture {}: expected intact PNG chunks, found a wrong checksum; it is damaged",
          name);
    if (chunk.type == "tEXt" || chunk.type == "iTXt") read_text_chunk(chunk, found);
  }
  return found;
}

}  // namespace janus
