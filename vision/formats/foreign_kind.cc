#include "vision/formats/foreign_kind.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/ascii.h"
#include "vision/formats/byte_view.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

constexpr const char* kConvert = "convert it to PNG or JPEG";
constexpr const char* kExportPage = "export the page as PNG or JPEG";
constexpr const char* kTakeFrame = "save a frame of it as PNG or JPEG";
constexpr const char* kUnpack = "unpack it and name the picture in it";
constexpr const char* kCopyAgain = "copy or download it again";
constexpr const char* kNameAnother = "name a picture file";
constexpr const char* kGiveModel = "a model is given with -m";

struct Signature {
  uint32_t offset;
  std::string_view bytes;
  const char* found;
  const char* remedy;
  const char* image = "";
};

// The first that fits counts.
constexpr std::array kSignatures{
    Signature{0, "II\xBC", "a JPEG XR", kConvert, "JPEG XR"},
    Signature{0, "8BPS\0\1"sv, "a Photoshop document (PSD)", kConvert, "PSD"},
    Signature{0, "8BPS\0\2"sv, "a large Photoshop document (PSB)", kConvert, "PSD"},
    Signature{0, "gimp xcf", "a GIMP image (XCF)", kConvert, "XCF"},
    Signature{0, "%!PS", "a PostScript or EPS file", kConvert, "PostScript"},
    Signature{0, "\xC5\xD0\xD3\xC6", "an EPS file", kConvert, "PostScript"},
    Signature{0, "AT&TFORM", "a DjVu document", kExportPage, "DjVu"},
    Signature{0, "icns", "a macOS icon (ICNS)", kConvert, "ICNS"},
    Signature{0, "\x76\x2F\x31\x01", "an OpenEXR", kConvert, "OpenEXR"},
    Signature{0, "#?RADIANCE", "a Radiance HDR", kConvert, "Radiance HDR"},
    Signature{0, "#?RGBE", "a Radiance HDR", kConvert, "Radiance HDR"},
    Signature{0, "DDS \x7C", "a DirectDraw surface (DDS)", kConvert, "DDS"},
    Signature{0, "\xABKTX ", "a KTX texture", kConvert},
    Signature{0, "qoif", "a QOI", kConvert, "QOI"},
    Signature{0, "farbfeld", "a farbfeld image", kConvert, "farbfeld"},
    Signature{0, "FLIF", "a FLIF", kConvert, "FLIF"},
    Signature{0, "BPG\xFB", "a BPG", kConvert, "BPG"},
    Signature{0, "\x59\xA6\x6A\x95", "a Sun raster file", kConvert, "Sun raster"},
    Signature{0, "\x01\xDA\0\1"sv, "an SGI image", kConvert},
    Signature{0, "\x01\xDA\1\1", "an SGI image", kConvert},
    Signature{0, "\xD7\xCD\xC6\x9A", "a Windows metafile (WMF)", kConvert},
    Signature{40, " EMF", "a Windows metafile (EMF)", kConvert},
    Signature{0, "/* XPM */", "an XPM", kConvert},
    Signature{0, "SIMPLE  =", "a FITS file", kConvert, "FITS"},
    Signature{128, "DICM", "a DICOM file", kConvert, "DICOM"},
    Signature{0, "FUJIFILMCCD-RAW", "a Fujifilm raw photo (RAF)", kDevelopPhoto, kRawPhoto},
    Signature{0, "IIU\0"sv, "a Panasonic raw photo (RW2)", kDevelopPhoto, kRawPhoto},
    Signature{0, "IIRO", "an Olympus raw photo (ORF)", kDevelopPhoto, kRawPhoto},
    Signature{0, "IIRS", "an Olympus raw photo (ORF)", kDevelopPhoto, kRawPhoto},
    Signature{0, "MMOR", "an Olympus raw photo (ORF)", kDevelopPhoto, kRawPhoto},
    Signature{0, "FOVb", "a Sigma raw photo (X3F)", kDevelopPhoto, kRawPhoto},
    Signature{0, "\0MRM"sv, "a Minolta raw photo (MRW)", kDevelopPhoto, kRawPhoto},
    Signature{4, "ftypcrx ", "a Canon raw photo (CR3)", kDevelopPhoto, kRawPhoto},
    Signature{4, "ftypqt  ", "a QuickTime video", kTakeFrame},
    Signature{4, "ftypM4A", "an MPEG-4 sound file", kNameAnother},
    Signature{4, "ftyp", "an MP4 video", kTakeFrame},
    Signature{4, "moov", "a QuickTime video", kTakeFrame},
    Signature{4, "mdat", "a QuickTime video", kTakeFrame},
    Signature{4, "wide", "a QuickTime video", kTakeFrame},
    Signature{0, "\x1A\x45\xDF\xA3", "a WebM or Matroska video", kTakeFrame},
    Signature{0, "\0\0\1\xBA"sv, "an MPEG video", kTakeFrame},
    Signature{0, "\0\0\1\xB3"sv, "an MPEG video", kTakeFrame},
    Signature{0, "FLV\1", "a Flash video", kTakeFrame},
    Signature{0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a Windows Media file", kTakeFrame},
    Signature{8, "AVI ", "an AVI video", kTakeFrame},
    Signature{8, "ACON", "an animated cursor (ANI)", kConvert},
    Signature{8, "WAVE", "a WAV sound file", kNameAnother},
    Signature{0, "OggS", "an Ogg file", kNameAnother},
    Signature{0, "ID3", "an MP3", kNameAnother},
    Signature{0, "fLaC", "a FLAC", kNameAnother},
    Signature{0, "PK\3\4", "a ZIP archive", kUnpack},
    Signature{0, "PK\5\6", "an empty ZIP archive", kNameAnother},
    Signature{0, "\x1F\x8B\x08", "a gzip file", kUnpack},
    Signature{0, "BZh", "a bzip2 file", kUnpack},
    Signature{0,
              "\xFD"
              "7zXZ",
              "an xz file", kUnpack},
    Signature{0, "\x28\xB5\x2F\xFD", "a Zstandard file", kUnpack},
    Signature{0, "7z\xBC\xAF\x27\x1C", "a 7z archive", kUnpack},
    Signature{0, "Rar!\x1A\x07", "a RAR archive", kUnpack},
    Signature{257, "ustar", "a tar archive", kUnpack},
    Signature{0, "\0\5\x16\7"sv, "the AppleDouble companion of another file",
              "name the file without ._ before it"},
    Signature{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Microsoft Office document", kNameAnother},
    Signature{0, "SQLite format 3", "an SQLite database", kNameAnother},
    Signature{0, "\x93NUMPY", "a NumPy array", kNameAnother},
    Signature{0, "GGUF", "a model in a GGUF file", kGiveModel},
    Signature{6, "\0\0{\""sv, "weights of a model (safetensors)", kGiveModel},
    Signature{0, "PAR1", "a Parquet file", kNameAnother},
    Signature{0,
              "\x7F"
              "ELF",
              "a program", kNameAnother},
    Signature{0, "version https://git-lfs.github.com/spec/", "a Git LFS pointer",
              "fetch the file itself with git lfs pull"},
    Signature{0, "data:image/", "a data URL", "decode its base64 to a file"},
    Signature{0, "/9j/", "a JPEG in base64", "decode the base64 to a file"},
    Signature{0, "iVBORw0KGgo", "a PNG in base64", "decode the base64 to a file"},
    Signature{0, "[InternetShortcut]", "a link to a web page", "download the picture itself"},
};

// What may begin with blanks, a byte order mark or a comment; letters in any case.
constexpr std::array kMarkup{
    Signature{0, "<!doctype html", "an HTML page", "download the picture itself"},
    Signature{0, "<html", "an HTML page", "download the picture itself"},
    Signature{0, "<svg", "an SVG drawing", kConvert, "SVG"},
};

ForeignKind kind_of(const Signature& signature) {
  return {signature.found, signature.remedy, signature.image};
}

// SVG and HTML often stand behind an XML declaration, a licence in a comment, or a document type. `text`: in
// small letters.
const Signature* find_markup(const std::string& text) {
  const size_t first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n\f");
  if (first == std::string::npos || text[first] != '<') return nullptr;
  const Signature* earliest = nullptr;
  size_t earliest_at = std::string::npos;
  for (const Signature& markup : kMarkup) {
    const size_t at = text.find(markup.bytes, first);
    if (at < earliest_at) {
      earliest = &markup;
      earliest_at = at;
    }
  }
  return earliest;
}

bool is_icon(const ByteView& view) {
  const int type = view.u16(2);
  const int count = view.u16(4);
  constexpr uint64_t kHeader = 6, kEntry = 16;
  return view.u16(0) == 0 && (type == 1 || type == 2) && count > 0 &&
         view.contains(0, kHeader + kEntry * count) && view.u8(kHeader + 3) == 0;
}

bool is_text(std::span<const std::byte> start) {
  return std::all_of(start.begin(), start.end(), [](std::byte byte) {
    const auto value = static_cast<uint8_t>(byte);
    return value >= 0x20 ? value != 0x7F : value == '\n' || value == '\r' || value == '\t' || value == '\f';
  });
}

}  // namespace

ForeignKind foreign_kind(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {"an empty file", kCopyAgain};
  const ByteView view(bytes, ByteView::Order::little);
  for (const Signature& signature : kSignatures) {
    if (view.has_text(signature.offset, signature.bytes)) return kind_of(signature);
  }
  if (is_icon(view)) {
    return {view.u16(2) == 1 ? "a Windows icon (ICO)" : "a Windows cursor (CUR)", kConvert, "ICO"};
  }

  constexpr uint64_t kPdfMayBegin = 1024;
  const auto start = view.part(0, 4096);
  const std::string text =
      ascii_lower(std::string(reinterpret_cast<const char*>(start.data()), start.size()));
  if (text.substr(0, kPdfMayBegin).find("%pdf-") != std::string::npos) return {"a PDF", kExportPage, "PDF"};
  if (const Signature* markup = find_markup(text)) return kind_of(*markup);
  if (is_text(start)) return {"text", kNameAnother};
  // What a disk that was full, or a download that reserved its space first, leaves behind.
  const bool zeros =
      std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{}; });
  if (zeros) return {"nothing but zero bytes", kCopyAgain};
  if (view.size() > 26 && view.has_text(view.size() - 18, "TRUEVISION-XFILE.")) return {"a TGA", kConvert};
  return {"bytes of no known kind", kNameAnother};
}

}  // namespace janus
