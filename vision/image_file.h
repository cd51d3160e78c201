// Image files: decoding and encoding. The libraries that do it are in modules, opened when they are first
// needed; stb_image in the program does what it can without them (docs/images.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/range.h"
#include "vision/image.h"

namespace janus {

struct DecodedImage {
  Image image;
  std::string warning;  // empty, or one line on what was odd: a truncated file that still decoded
};

struct ImageSize {
  int64_t width = 0, height = 0;  // of the file, upright
  int64_t decoded = 0;            // pixels that decode_image() makes of it: fewer where it shrinks a JPEG
};

// How many pixels an image may have once it is decoded. The usual limit is what the largest cameras give, and
// 300 MB.
inline constexpr IntRange kPixelLimits{.low = 1, .high = kMaxPixels};
inline constexpr int64_t kUsualPixelLimit = 100'000'000;

// Returns the sizes, read from the header alone. Throws Error where the header shows that decode_image()
// would throw.
ImageSize read_image_size(std::span<const std::byte> bytes, const std::string& name,
                          int64_t pixel_limit = kUsualPixelLimit);

// Decodes a whole file held in memory, of whichever format its first bytes show (docs/images.md lists them).
// It comes upright, as EXIF or the format's own turns say; alpha is laid over white, samples of more bits,
// grey and palettes become 8-bit RGB, the first frame of an animation counts. `name` is for messages. Throws
// Error for anything that is not an image (saying what it is where that shows), is cut short where the
// decoder can tell, has no pixels or more than `pixel_limit` (seen in the header, before allocation);
// MachineFault where there is no memory to decode it, of a large image TransientError
// (vision/image_memory.h). A JPEG of more pixels is decoded at a half, a quarter or an eighth of its sides,
// whichever first fits, and the warning says so.
DecodedImage decode_image(std::span<const std::byte> bytes, const std::string& name,
                          int64_t pixel_limit = kUsualPixelLimit);
// The same for a file; "-" is stdin.
DecodedImage read_image(const std::string& path, int64_t pixel_limit = kUsualPixelLimit);
// The bytes of the file that read_image() decodes. Throws Error for one that cannot be read, and for one
// larger than images are.
std::string read_image_file(const std::string& path);

// The formats that encode_image() writes.
enum class ImageFormat { png, jpeg, webp };
// Returns the format that the extension of `path` names, in any case; nothing for an unknown one or a format
// that this program cannot write.
std::optional<ImageFormat> image_format_of(const std::string& path);
// The extensions this program can write, for messages: ".png, .jpg, .jpeg, .webp".
std::string writable_extensions();

// Text that travels inside an image file: keyword -> UTF-8 text.
using ImageText = std::map<std::string, std::string>;
// The keyword under which programs that generate images tell people how they did.
inline constexpr const char* kParametersKeyword = "parameters";

// How much JPEG and WebP keep of the pixels; a WebP of the highest keeps all.
inline constexpr IntRange kQualities{.low = 1, .high = 100};
inline constexpr int kUsualQuality = 95;

// `text` goes into a PNG (tEXt, iTXt where it is not Latin-1), into the EXIF block of a JPEG, which has room
// for 64 KiB and leaves out what is more, or of a WebP. `quality` means nothing in a PNG. Throws Error for
// keywords that are not 1 to 79 printable ASCII characters and texts with zero bytes.
std::vector<std::byte> encode_image(const Image& image, ImageFormat format, const ImageText& text = {},
                                    int quality = kUsualQuality);
// The text in an image file: the text chunks of a PNG (tEXt, zTXt is skipped, iTXt uncompressed), the EXIF
// block of a JPEG or WebP (of other programs its UserComment, as kParametersKeyword); none in other formats.
// Throws Error for anything that is not an image, and for a PNG that is torn.
ImageText read_image_text(std::span<const std::byte> bytes, const std::string& name);

}  // namespace janus
