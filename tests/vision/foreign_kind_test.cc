// Files that are no image read here: each is named truly, with a remedy that helps.
#include "vision/formats/foreign_kind.h"

#include "tests/vision/image_files.h"

namespace janus {
namespace {

using namespace std::string_literals;
using test::big;
using test::decode_error;
using test::little;
using test::to_bytes;

struct Kind {
  std::string bytes, found, remedy;
};

TEST(ForeignKind, NamesWhatAFileIs) {
  const std::string convert = "convert it to PNG or JPEG", frame = "save a frame of it as PNG or JPEG";
  const std::string unpack = "unpack it and name the picture in it", another = "name a picture file";
  const std::string develop = "develop it to JPEG or TIFF with a raw converter";
  const std::vector<Kind> kinds{
      {"", "an empty file", "copy or download it again"},
      {std::string(5000, '\0'), "nothing but zero bytes", "copy or download it again"},
      {"Once upon a time", "text", another},
      {"BMW is a car maker, says this text file.", "text", another},
      {"\x01\x02\x03\0\x05"s, "bytes of no known kind", another},
      {"%PDF-1.7\n%\xE2\xE3", "a PDF", "export the page as PNG or JPEG"},
      {"\n\n%PDF-1.4", "a PDF", "export the page as PNG or JPEG"},
      {"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing", convert},
      {"\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- licence -->\n<SVG>", "an SVG drawing", convert},
      {"  <!DOCTYPE html><html><svg/></html>", "an HTML page", "download the picture itself"},
      {"<HTML><head>", "an HTML page", "download the picture itself"},
      {"the <svg element", "text", another},
      {"II\xBC\x01\x08\0\0\0"s, "a JPEG XR", convert},
      {"8BPS\0\1\0\0"s, "a Photoshop document (PSD)", convert},
      {"gimp xcf v011\0"s, "a GIMP image (XCF)", convert},
      {"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript or EPS file", convert},
      {"\xC5\xD0\xD3\xC6\x1E\0"s, "an EPS file", convert},
      {"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0"s, "a Windows icon (ICO)", convert},
      {"\0\0\2\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0"s, "a Windows cursor (CUR)", convert},
      {"icns\0\0\1\0"s, "a macOS icon (ICNS)", convert},
      {"\x76\x2F\x31\x01\2\0\0\0"s, "an OpenEXR", convert},
      {"#?RADIANCE\n", "a Radiance HDR", convert},
      {"DDS |\0\0\0"s, "a DirectDraw surface (DDS)", convert},
      {std::string(128, '\0') + "DICM", "a DICOM file", convert},
      {big(24, 4) + "ftypisom\0\0\2\0isommp42"s, "an MP4 video", frame},
      {big(20, 4) + "ftypqt  \0\0\0\0qt  "s, "a QuickTime video", frame},
      {"\0\0\x10\0moov"s, "a QuickTime video", frame},
      {"\x1A\x45\xDF\xA3\x01"s, "a WebM or Matroska video", frame},
      {"RIFF\0\0\0\0AVI LIST"s, "an AVI video", frame},
      {"RIFF\0\0\0\0WAVEfmt "s, "a WAV sound file", another},
      {big(24, 4) + "ftypcrx \0\0\0\1crx isom"s, "a Canon raw photo (CR3)", develop},
      {"FUJIFILMCCD-RAW 0201", "a Fujifilm raw photo (RAF)", develop},
      {"IIRO\x08\0\0\0"s, "an Olympus raw photo (ORF)", develop},
      {"IIU\0\x18\0\0\0"s, "a Panasonic raw photo (RW2)", develop},
      {"PK\3\4\x14\0"s, "a ZIP archive", unpack},
      {"\x1F\x8B\x08\0"s, "a gzip file", unpack},
      {"7z\xBC\xAF\x27\x1C\0\4"s, "a 7z archive", unpack},
      {"a.png" + std::string(252, '\0') + "ustar", "a tar archive", unpack},
      {"\0\5\x16\7\0\2\0\0"s, "the AppleDouble companion of another file",
       "name the file without ._ before it"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer",
       "fetch the file itself with git lfs pull"},
      {"data:image/png;base64,iVBORw0KGgo", "a data URL", "decode its base64 to a file"},
      {"/9j/4AAQSkZJRgABAQ", "a JPEG in base64", "decode the base64 to a file"},
      {"iVBORw0KGgoAAAANSUhEUg", "a PNG in base64", "decode the base64 to a file"},
  };
  for (const auto& [bytes, found, remedy] : kinds) {
    const std::string message = decode_error(to_bytes(bytes));
    EXPECT_TRUE(message.starts_with("picture test: expected JPEG, PNG, ")) << message;
    EXPECT_TRUE(message.ends_with(", found " + found + "; " + remedy)) << message;
  }
}

// A directory of one tag, LONG or SHORT; where it is followed by others, `next` says.
std::string directory(int tag, uint32_t value, uint32_t next = 0) {
  return little(1, 2) + little(tag, 2) + little(4, 2) + little(1, 4) + little(value, 4) + little(next, 4);
}

TEST(RawPhotoKind, KnowsRawPhotosBuiltLikeTiff) {
  const std::string head = "II*\0"s + little(8, 4);
  constexpr int kPhotometric = 262, kSubDirectories = 330, kDngVersion = 50706, kColorFilterArray = 32803;
  const std::string behind = directory(kPhotometric, kColorFilterArray);
  for (const auto& [file, found] : std::vector<std::pair<std::string, std::string>>{
           {"II*\0\x10\0\0\0CR\2\0\0\0\0\0"s, "a Canon raw photo (CR2)"},
           {head + directory(kDngVersion, 0x401), "a raw photo (DNG)"},
           {head + behind, "a raw photo (such as NEF or ARW)"},
           {head + directory(kSubDirectories, 26) + behind, "a raw photo (such as NEF or ARW)"},
           {head + directory(kPhotometric, 2, 26) + behind, "a raw photo (such as NEF or ARW)"}}) {
    EXPECT_EQ(raw_photo_kind(to_bytes(file)).value_or(ForeignKind{}).found, found);
    EXPECT_TRUE(decode_error(to_bytes(file))
                    .ends_with("found " + found + "; develop it to JPEG or TIFF with a raw converter"));
  }
  for (const char* name : {"rgb.tif", "cmyk.tif", "jpeg.tif", "orientation5.tif", "rgb.png"}) {
    EXPECT_FALSE(raw_photo_kind(test::image_bytes(name)).has_value()) << name;
  }
  // Rings end.
  EXPECT_FALSE(raw_photo_kind(to_bytes(head + directory(kPhotometric, 2, 8))).has_value());
  EXPECT_FALSE(raw_photo_kind(to_bytes(head + directory(kSubDirectories, 8, 8))).has_value());
}

TEST(ForeignKind, FilesUnderAnotherName) {
  const std::string cases = JANUS_TEST_DATA "/vision/cases/";
  if (!JANUS_WITH_HEIF) GTEST_SKIP() << "built without libheif and libjxl";
  EXPECT_NE(decode_error(test::file_bytes(cases + "avif-sequence-not-named.jpg")).find("AVIF image sequence"),
            std::string::npos);
  EXPECT_NE(decode_error(test::file_bytes(cases + "jpegxl-called-text.jpg"))
                .find("expected a JPEG XL that decodes"),
            std::string::npos);
}

}  // namespace
}  // namespace janus
