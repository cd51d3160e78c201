#include "vision/image_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes;
  const char* name;
};

// The first that fits counts.
constexpr std::array kForeign{
    Signature{4, "ftypavif"sv, "AVIF"},
    Signature{4, "ftypavis"sv, "AVIF"},
    Signature{4, "ftyphe"sv, "HEIC"},
    Signature{4, "ftypmif1"sv, "HEIF"},
    Signature{4, "ftypmsf1"sv, "HEIF"},
    Signature{4, "ftypcrx "sv, "raw photo"},
    Signature{0, "\xFF\x0A"sv, "JPEG XL"},
    Signature{0, "\0\0\0\x0CJXL \r\n\x87\n"sv, "JPEG XL"},
    Signature{0, "\0\0\0\x0CjP  \r\n\x87\n"sv, "JPEG 2000"},
    Signature{0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    Signature{0, "II\xBC"sv, "JPEG XR"},
    Signature{0, "8BPS\0"sv, "PSD"},
    Signature{0, "gimp xcf"sv, "XCF"},
    Signature{0, "%PDF-"sv, "PDF"},
    Signature{0, "%!PS-Adobe"sv, "PostScript"},
    Signature{0, "\xC5\xD0\xD3\xC6"sv, "PostScript"},
    Signature{0, "AT&TFORM"sv, "DjVu"},
    Signature{0, "icns"sv, "ICNS"},
    Signature{0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
    Signature{0, "#?RADIANCE"sv, "Radiance HDR"},
    Signature{0, "#?RGBE"sv, "Radiance HDR"},
    Signature{0, "DDS \x7C"sv, "DDS"},
    Signature{0, "qoif"sv, "QOI"},
    Signature{0, "farbfeld"sv, "farbfeld"},
    Signature{0, "BPG\xFB"sv, "BPG"},
    Signature{0, "FLIF"sv, "FLIF"},
    Signature{0, "\x59\xA6\x6A\x95"sv, "Sun raster"},
    Signature{0, "SIMPLE  ="sv, "FITS"},
    Signature{128, "DICM"sv, "DICOM"},
    Signature{0, "FUJIFILMCCD-RAW"sv, "raw photo"},
    Signature{0, "IIU\0"sv, "raw photo"},
    Signature{0, "IIRO"sv, "raw photo"},
    Signature{0, "IIRS"sv, "raw photo"},
    Signature{0, "MMOR"sv, "raw photo"},
    Signature{0, "FOVb"sv, "raw photo"},
    Signature{0, "\0MRM"sv, "raw photo"},
};

bool is_svg(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '<') return false;
  // Behind an XML declaration, comments or a document type, but not within a page.
  return text.find("<svg") < std::min(text.find("<html"), text.find("<!DOCTYPE html"));
}

bool is_icon(const ByteView& view) {
  const int type = view.u16(2), count = view.u16(4);
  constexpr uint64_t kHeader = 6, kEntry = 16;
  return view.u16(0) == 0 && (type == 1 || type == 2) && count > 0 &&
         view.contains(0, kHeader + kEntry * count) && view.u8(kHeader + 3) == 0;
}

}  // namespace

std::optional<ImageKind> image_kind_of(std::span<const std::byte> head) {
  const ByteView view(head, ByteView::Order::little);
  if (const auto format = format_of(head)) return ImageKind{name_of(*format), /*readable=*/true};
  for (const Signature& signature : kForeign) {
    if (view.has_text(signature.offset, signature.bytes)) return ImageKind{signature.name};
  }
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (is_svg(text)) return ImageKind{"SVG"};
  if (is_icon(view)) return ImageKind{"ICO"};
  return std::nullopt;
}

}  // namespace janus
