// The build without OpenCV.
#include "core/base/error.h"
#include "vision/contact_sheet.h"
#include "vision/formats/codecs.h"

namespace janus {

Pixels decode_pixels(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  check(!header.needs_opencv && header.format != ReadableImageFormat::webp,
        "picture {}: expected JPEG, PNG, GIF or uncompressed BMP, all that this build without OpenCV reads, "
        "found "
        "{}; convert it, or build with JANUS_OPENCV=ON",
        name, name_of(header.format));
  return decode_with_stb(header, bytes, name);
}

std::vector<std::byte> encode_pixels(const Image& image, ImageFormat format) {
  return encode_with_stb(image, format);
}

std::vector<ImageFormat> writable_formats() { return {ImageFormat::png, ImageFormat::jpeg}; }

bool can_enlarge() { return false; }

Image enlarge_lanczos(const Image& /*image*/, int /*factor*/) {
  fail("picture, enlarging: expected a build with OpenCV, found one without; build with JANUS_OPENCV=ON");
}

}  // namespace janus
