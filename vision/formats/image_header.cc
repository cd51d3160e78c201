#include "vision/formats/image_header.h"

#include "core/base/error.h"

namespace janus {
namespace {

// Longer sides overflow the arithmetic of some libraries.
constexpr int64_t kMaxSide = int64_t{1} << 20;

}  // namespace

const char* name_of(ReadableImageFormat format) {
  switch (format) {
    case ReadableImageFormat::jpeg:
      return "JPEG";
    case ReadableImageFormat::png:
      return "PNG";
    case ReadableImageFormat::gif:
      return "GIF";
    case ReadableImageFormat::bmp:
      return "BMP";
    case ReadableImageFormat::webp:
      return "WebP";
    case ReadableImageFormat::tiff:
      return "TIFF";
    case ReadableImageFormat::jp2:
      return "JPEG 2000";
    case ReadableImageFormat::pnm:
      return "PNM";
    case ReadableImageFormat::heic:
      return "HEIC";
    case ReadableImageFormat::avif:
      return "AVIF";
    case ReadableImageFormat::jxl:
      return "JPEG XL";
  }
  return "";
}

void fail_cut_short(ReadableImageFormat format, size_t bytes, const std::string& name) {
  fail("picture {}: expected a whole {}, found one cut short after {} bytes; copy or download it again", name,
       name_of(format), bytes);
}

void check_size(const ImageHeader& header, const std::string& name) {
  const bool empty = header.width <= 0 || header.height <= 0;
  const bool sides_fit = header.width <= kMaxSide && header.height <= kMaxSide;
  const bool fits = !empty && sides_fit && header.decoded_pixels() <= header.pixel_limit;
  const bool may_be_raised = sides_fit && header.pixel_limit < kMaxPixels;
  check(fits, "picture {}: expected 1 to {} pixels and sides of at most {}, found {} x {}; {}", name,
        header.pixel_limit, kMaxSide, header.width, header.height,
        empty           ? "it is damaged or not wholly written: save it anew"
        : may_be_raised ? "resize it first, or raise the limit of pixels (--limit-pixels)"
                        : "resize it first");
}

}  // namespace janus
