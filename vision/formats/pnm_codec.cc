// The plain formats of Netpbm, P1 to P7: bits, grey, RGB, and those with alpha, in words or in bytes.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

// Reads the words and numbers of a header, and of pixels in words. `#` begins a comment, up to the line's
// end.
class Words {
 public:
  Words(std::span<const std::byte> bytes, const std::string& name)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

  std::string_view word() {
    skip_blanks();
    const size_t begin = at_;
    while (at_ < text_.size() && !blank(text_[at_]) && text_[at_] != '#') ++at_;
    if (begin == at_) fail_cut_short(ReadableImageFormat::pnm, text_.size(), name_);
    return text_.substr(begin, at_ - begin);
  }
  int64_t number() {
    constexpr size_t kMostDigits = 10;
    const std::string_view digits = word();
    int64_t value = 0;
    for (const char digit : digits) {
      check(digit >= '0' && digit <= '9' && digits.size() <= kMostDigits,
            "picture {}: expected a PNM with whole numbers, found others; it is damaged", name_);
      value = value * 10 + (digit - '0');
    }
    return value;
  }
  // Bits in words need no blanks between them.
  bool bit() {
    skip_blanks();
    if (at_ == text_.size()) fail_cut_short(ReadableImageFormat::pnm, text_.size(), name_);
    const char digit = text_[at_++];
    check(digit == '0' || digit == '1', "picture {}: expected a PNM of bits, found others; it is damaged",
          name_);
    return digit == '1';
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }
  // Behind the one blank that ends a header.
  size_t pixels_begin() const { return at_ + 1; }

 private:
  static bool blank(char letter) { return std::isspace(static_cast<unsigned char>(letter)) != 0; }
  void skip_blanks() {
    while (at_ < text_.size() && (blank(text_[at_]) || text_[at_] == '#')) {
      at_ = text_[at_] == '#' ? std::min(text_.find('\n', at_), text_.size()) : at_ + 1;
    }
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
};

struct Layout {
  int64_t width = 0, height = 0, channels = 1;
  int64_t largest = 1;  // the value that is white, or full
  bool in_words = false;
  bool bits = false;  // of which 1 is black
  size_t pixels_begin = 0;
};

// P7 names what it says, one to a line.
void read_named(Words& words, Layout& layout, const std::string& name) {
  layout.channels = 0;
  for (std::string_view key = words.word(); key != "ENDHDR"; key = words.word()) {
    if (key == "WIDTH") {
      layout.width = words.number();
    } else if (key == "HEIGHT") {
      layout.height = words.number();
    } else if (key == "DEPTH") {
      layout.channels = words.number();
    } else if (key == "MAXVAL") {
      layout.largest = words.number();
    } else {
      check(key == "TUPLTYPE",
            "picture {}: expected a PAM header, found an unknown line in it; it is damaged", name);
      words.skip_line();  // any words or none, which say what the number of channels says
    }
  }
  check(layout.channels >= 1 && layout.channels <= 4,
        "picture {}: expected a PAM of 1 to 4 channels, found {}; convert it to PNG", name, layout.channels);
}

Layout read_layout(Words& words, const std::string& name) {
  Layout layout;
  const char kind = words.word()[1];
  layout.in_words = kind <= '3';
  layout.bits = kind == '1' || kind == '4';
  if (kind == '3' || kind == '6') layout.channels = 3;
  if (kind == '7') {
    read_named(words, layout, name);
  } else {
    layout.width = words.number();
    layout.height = words.number();
    if (!layout.bits) layout.largest = words.number();
  }
  constexpr int64_t kLargest = 65535;
  check(layout.largest >= 1 && layout.largest <= kLargest,
        "picture {}: expected a PNM whose largest value is 1 to {}, found {}; it is damaged", name, kLargest,
        layout.largest);
  layout.pixels_begin = words.pixels_begin();
  return layout;
}

// To 8 bits: what has more keeps the high byte of 16.
uint8_t to_byte(int64_t value, int64_t largest) {
  constexpr int64_t kByte = 255, kWord = 65535;
  if (largest <= kByte) return static_cast<uint8_t>((value * kByte + largest / 2) / largest);
  return static_cast<uint8_t>((value * kWord + largest / 2) / largest >> 8);
}

// The values of the pixels in their order, whatever they are written in.
class Values {
 public:
  Values(const Layout& layout, std::span<const std::byte> bytes, Words& words, const std::string& name)
      : layout_(layout),
        bytes_(bytes.subspan(std::min(layout.pixels_begin, bytes.size()))),
        words_(words),
        name_(name) {}

  // Throws where the file has too few bytes for its pixels.
  void check_size() const {
    const int64_t samples = layout_.width * layout_.height * layout_.channels;
    const int64_t packed = (layout_.width + 7) / 8 * layout_.height;
    const int64_t in_words = layout_.bits ? samples : 2 * samples - 1;  // a digit and a blank at least
    const int64_t least = layout_.in_words ? in_words : layout_.bits ? packed : samples * value_bytes();
    if (static_cast<int64_t>(bytes_.size()) < least) {
      fail_cut_short(ReadableImageFormat::pnm, layout_.pixels_begin + bytes_.size(), name_);
    }
  }
  int64_t next() {
    if (layout_.in_words) return layout_.bits ? (words_.bit() ? 1 : 0) : words_.number();
    int64_t value = 0;
    for (int i = 0; i < value_bytes(); ++i) value = value << 8 | static_cast<uint8_t>(bytes_[at_++]);
    return value;
  }
  // A packed bit of a row that begins at a byte.
  bool bit(int64_t row, int64_t column) const {
    const std::byte eight = bytes_[row * ((layout_.width + 7) / 8) + column / 8];
    return (eight >> (7 - column % 8) & std::byte{1}) != std::byte{0};
  }

 private:
  int value_bytes() const { return layout_.largest > 255 ? 2 : 1; }

  const Layout& layout_;
  std::span<const std::byte> bytes_;
  Words& words_;
  const std::string& name_;
  size_t at_ = 0;
};

}  // namespace

bool is_pnm(const ByteView& view) {
  constexpr std::string_view kNamed = "P7\n";
  if (view.has_text(0, kNamed)) return true;
  if (view.u8(0) != 'P' || view.u8(1) < '1' || view.u8(1) > '6' || std::isspace(view.u8(2)) == 0)
    return false;
  // Two letters are little to go by: a size, or a comment, follows.
  uint64_t at = 3;
  while (std::isspace(view.u8(at)) != 0) ++at;
  return view.u8(at) == '#' || std::isdigit(view.u8(at)) != 0;
}

ImageHeader read_pnm_header(std::span<const std::byte> bytes, const std::string& name) {
  Words words(bytes, name);
  const Layout layout = read_layout(words, name);
  ImageHeader header;
  header.format = ReadableImageFormat::pnm;
  header.width = layout.width;
  header.height = layout.height;
  check_size(header, name);
  Values(layout, bytes, words, name).check_size();
  return header;
}

Pixels decode_pnm(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  Words words(bytes, name);
  const Layout layout = read_layout(words, name);
  Values values(layout, bytes, words, name);
  Pixels pixels{
      static_cast<int>(header.width), static_cast<int>(header.height), static_cast<int>(layout.channels), {}};
  pixels.values.resize(static_cast<size_t>(header.width * header.height * layout.channels));
  if (layout.bits) {
    uint8_t* to = pixels.values.data();
    for (int64_t y = 0; y < header.height; ++y) {
      for (int64_t x = 0; x < header.width; ++x) {
        *to++ = (layout.in_words ? values.next() != 0 : values.bit(y, x)) ? 0 : 255;
      }
    }
    return pixels;
  }
  for (uint8_t& to : pixels.values) {
    const int64_t value = values.next();
    check(value <= layout.largest, "picture {}: expected no PNM value above {}, found {}; it is damaged",
          name, layout.largest, value);
    to = to_byte(value, layout.largest);
  }
  return pixels;
}

}  // namespace janus
