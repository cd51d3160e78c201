// Images as replies carry them: of a size and a format, as text.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/range.h"
#include "vision/image_file.h"

namespace janus::cli {

// Sides of the squares that images are sent in.
inline constexpr IntRange kImageSides{.low = 16, .high = 2048};

// How an image is sent.
struct ImageForm {
  int side = 0;  // in pixels; 0: as the model made it
  ImageFormat format = ImageFormat::png;
  int quality = kUsualQuality;  // of a JPEG or WebP
};

// Throws ApiError (400), naming `param`, unless width and height make a square within kImageSides.
int square_side(int64_t width, int64_t height, const std::string& param);
// The side that "512x512" asks for; 0 for "auto" and for no text. Throws ApiError (400) for anything else.
int side_of_size(const std::string& size, const std::string& param);

// "png", "jpeg", "webp".
const char* name_of(ImageFormat format);
// The format of such a name. Throws ApiError (400) for others, and for those that this build cannot write.
ImageFormat format_of_name(const std::string& name, const std::string& param);

// The image in the size that the form asks for (Lanczos). Some milliseconds of work, as the encoding: not for
// an engine's thread.
Image in_size(Image image, const ImageForm& form);
// The file, in base64. `text` is what it says of itself (cli/serve/image_text.h).
std::string image_base64(const Image& image, const ImageForm& form, const ImageText& text = {});

}  // namespace janus::cli
