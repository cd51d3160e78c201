#include "vision/formats/exif_text.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/utf8.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/exif.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

constexpr uint16_t kExifDirectory = 0x8769, kVersion = 0x9000, kMakerNote = 0x927C, kUserComment = 0x9286;
constexpr uint16_t kLong = 4, kUndefined = 7;
constexpr std::string_view kMark = "janus\0\0\0"sv;
// What a UserComment begins with: how its characters are written.
constexpr std::string_view kUnicode = "UNICODE\0"sv, kAscii = "ASCII\0\0\0"sv, kUnsaid = "\0\0\0\0\0\0\0\0"sv;

void append_number(std::string& bytes, uint32_t value, int count) {
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
}

// An entry whose value stands elsewhere, or is `value`.
void append_entry(std::string& bytes, uint16_t id, uint16_t type, size_t count, size_t value) {
  append_number(bytes, id, 2);
  append_number(bytes, type, 2);
  append_number(bytes, static_cast<uint32_t>(count), 4);
  append_number(bytes, static_cast<uint32_t>(value), 4);
}

std::string to_utf16(std::string_view text) {
  std::string units;
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    text.remove_prefix(next.length);
    if (next.code_point < 0x10000) {
      append_number(units, next.code_point, 2);
    } else {
      append_number(units, 0xD800 + ((next.code_point - 0x10000) >> 10), 2);
      append_number(units, 0xDC00 + ((next.code_point - 0x10000) & 0x3FF), 2);
    }
  }
  return units;
}

// Programs write UTF-16 in either order, whatever the order of the block: a mark tells, or else the zeros of
// Latin letters.
ByteView::Order order_of(std::string_view units, bool big_block) {
  if (units.starts_with("\xFE\xFF")) return ByteView::Order::big;
  if (units.starts_with("\xFF\xFE")) return ByteView::Order::little;
  int64_t even = 0, odd = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    if (units[i] == '\0') ++(i % 2 == 0 ? even : odd);
  }
  const bool big = even == odd ? big_block : even > odd;
  return big ? ByteView::Order::big : ByteView::Order::little;
}

std::string from_utf16(std::string_view units, bool big_block) {
  const ByteView view(std::as_bytes(std::span(units)), order_of(units, big_block));
  std::string text;
  for (uint64_t at = 0; at + 1 < units.size(); at += 2) {
    char32_t code_point = view.u16(at);
    const char32_t low = view.u16(at + 2);
    if (code_point >= 0xD800 && code_point < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    const bool mark = at == 0 && code_point == 0xFEFF, half = code_point >= 0xD800 && code_point < 0xE000;
    if (!mark) append_utf8(text, half ? 0xFFFD : code_point);
  }
  return text;
}

std::string comment_text(std::string_view comment, bool big_block) {
  const std::string_view encoding = comment.substr(0, kUnicode.size());
  comment.remove_prefix(encoding.size());
  std::string text;
  if (encoding == kUnicode) {
    text = from_utf16(comment, big_block);
  } else if (encoding == kAscii || encoding == kUnsaid) {
    text = to_utf8(comment);
  }
  text.resize(std::min(text.find('\0'), text.size()));  // some pad it
  return text;
}

void read_maker_note(std::string_view note, ImageText& found) {
  if (!note.starts_with(kMark)) return;
  note.remove_prefix(kMark.size());
  while (!note.empty()) {
    const size_t keyword_end = note.find('\0');
    const size_t text_end = keyword_end == note.npos ? note.npos : note.find('\0', keyword_end + 1);
    if (text_end == note.npos) return;
    found.emplace(note.substr(0, keyword_end),
                  to_utf8(note.substr(keyword_end + 1, text_end - keyword_end - 1)));
    note.remove_prefix(text_end + 1);
  }
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::vector<std::byte> exif_block(const ImageText& text) {
  std::string note, comment;
  for (const auto& [keyword, value] : text) {
    if (keyword == kParametersKeyword) {
      comment = std::string(kUnicode) + to_utf16(value);
    } else {
      if (note.empty()) note = kMark;
      note += keyword + '\0' + to_utf8(value) + '\0';
    }
  }
  const int entries = 1 + static_cast<int>(!note.empty()) + static_cast<int>(!comment.empty());
  // The header, a directory of one entry, and the one that it points to; then the values.
  constexpr size_t kExifAt = 8 + 2 + 12 + 4;
  const size_t note_at = kExifAt + 2 + size_t{12} * entries + 4;
  std::string block("MM\0\x2A\0\0\0\x08"sv);
  append_number(block, 1, 2);
  append_entry(block, kExifDirectory, kLong, 1, kExifAt);
  append_number(block, 0, 4);  // no further directory
  append_number(block, entries, 2);
  append_entry(block, kVersion, kUndefined, 4, 0x30323332);  // "0232"
  if (!note.empty()) append_entry(block, kMakerNote, kUndefined, note.size(), note_at);
  if (!comment.empty()) append_entry(block, kUserComment, kUndefined, comment.size(), note_at + note.size());
  append_number(block, 0, 4);
  block += note + comment;
  const auto bytes = std::as_bytes(std::span(block));
  return {bytes.begin(), bytes.end()};
}

ImageText read_exif_text(std::span<const std::byte> bytes) {
  ImageText found;
  if (as_text(bytes).starts_with(kExifMark)) bytes = bytes.subspan(kExifMark.size());
  const std::string_view comment = as_text(exif_value(bytes, kUserComment));
  const std::string text = comment_text(comment, as_text(bytes).starts_with("MM"));
  if (!text.empty()) found.emplace(kParametersKeyword, text);
  read_maker_note(as_text(exif_value(bytes, kMakerNote)), found);
  return found;
}

}  // namespace janus
