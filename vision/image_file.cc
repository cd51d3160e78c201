#include "vision/image_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "vision/check_image.h"
#include "vision/formats/codecs.h"
#include "vision/formats/png_text.h"
#include "vision/formats/text_blocks.h"
#include "vision/image_memory.h"

namespace janus {
namespace {

constexpr int kChannels = 3;
constexpr size_t kMaxFileBytes = size_t{1} << 30;

struct Extension {
  const char* text;
  ImageFormat format;
};
constexpr std::array<Extension, 4> kExtensions{{{".png", ImageFormat::png},
                                                {".jpg", ImageFormat::jpeg},
                                                {".jpeg", ImageFormat::jpeg},
                                                {".webp", ImageFormat::webp}}};

// The longest side that files of a format can hold (libjpeg's own limit is below the format's).
int64_t longest_side(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg:
      return 65500;
    case ImageFormat::webp:
      return 16383;
    default:
      return kMaxPixels;
  }
}

// The colour seen where `alpha` / 255 of it covers white, rounded to the nearest.
uint8_t over_white(int value, int alpha, Alpha kind) {
  if (kind == Alpha::premultiplied) return static_cast<uint8_t>(std::min(value + 255 - alpha, 255));
  return static_cast<uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

Image to_rgb(Pixels&& pixels, Alpha alpha) {
  if (pixels.channels == kChannels) return {pixels.width, pixels.height, std::move(pixels.values)};
  const size_t count = static_cast<size_t>(pixels.width) * pixels.height;
  Image image{pixels.width, pixels.height, std::vector<uint8_t>(count * kChannels)};
  const bool grey = pixels.channels < 3;
  const bool covers = pixels.channels % 2 == 0 && alpha != Alpha::ignored;
  const uint8_t* from = pixels.values.data();
  uint8_t* to = image.pixels.data();
  for (size_t i = 0; i < count; ++i, from += pixels.channels, to += kChannels) {
    for (int c = 0; c < kChannels; ++c) {
      const uint8_t value = from[grey ? 0 : c];
      to[c] = covers ? over_white(value, from[pixels.channels - 1], alpha) : value;
    }
  }
  return image;
}

std::string name_of_input(const std::string& path) { return path == kStandardInput ? "stdin" : path; }

// What every format can hold.
void check_text(const ImageText& text) {
  const auto printable = [](char letter) { return letter >= 0x20 && letter < 0x7F; };
  for (const auto& [keyword, value] : text) {
    check(!keyword.empty() && keyword.size() <= 79 &&
              std::all_of(keyword.begin(), keyword.end(), printable) && keyword.front() != ' ' &&
              keyword.back() != ' ',
          "image text: expected a keyword of 1 to 79 printable ASCII characters, found '{}'", keyword);
    check(value.find('\0') == std::string::npos && value.size() < (size_t{1} << 30),
          "image text '{}': expected a text below 1 GiB without zero bytes", keyword);
  }
}

Image place_on_white(const Image& frame, const ImageHeader& header) {
  Image canvas{static_cast<int>(header.width), static_cast<int>(header.height), {}};
  const size_t canvas_row = static_cast<size_t>(canvas.width) * kChannels;
  const size_t frame_row = static_cast<size_t>(frame.width) * kChannels;
  canvas.pixels.assign(canvas_row * canvas.height, 255);
  for (int y = 0; y < frame.height; ++y) {
    std::memcpy(&canvas.pixels[(header.frame_top + y) * canvas_row + header.frame_left * kChannels],
                &frame.pixels[y * frame_row], frame_row);
  }
  return canvas;
}

// Undoes the camera's turning: EXIF orientation o of the stored image to upright.
Image turn_upright(Image stored, int orientation) {
  if (orientation == 1) return stored;
  // Orientations 5 to 8 store what is shown as a column in a row.
  const bool transposed = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int64_t width = stored.width;
  const int64_t height = stored.height;
  const int64_t start = (from_right ? width - 1 : 0) + (from_bottom ? height - 1 : 0) * width;
  const int64_t along_row = from_right ? -1 : 1;
  const int64_t along_column = from_bottom ? -width : width;

  Image upright{stored.width, stored.height, std::vector<uint8_t>(stored.pixels.size())};
  if (transposed) std::swap(upright.width, upright.height);
  uint8_t* to = upright.pixels.data();
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x, to += kChannels) {
      const int64_t from =
          start + (transposed ? y * along_row + x * along_column : x * along_row + y * along_column);
      std::memcpy(to, &stored.pixels[from * kChannels], kChannels);
    }
  }
  return upright;
}

ImageHeader header_of(std::span<const std::byte> bytes, const std::string& name, int64_t pixel_limit) {
  return with_image_memory(0, 0, name, [&] { return read_image_header(bytes, name, pixel_limit); });
}

DecodedImage decode(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  Pixels pixels = decode_pixels(header, header.rewritten.empty() ? bytes : std::span(header.rewritten), name);
  check(pixels.width == header.shrunk(header.frame_width) &&
            pixels.height == header.shrunk(header.frame_height),
        "picture {}: expected {} x {} pixels as its header says, found {} x {}; it is damaged", name,
        header.shrunk(header.frame_width), header.shrunk(header.frame_height), pixels.width, pixels.height);
  const std::string warning = header.warning.empty() ? pixels.warning : header.warning;
  Image image = to_rgb(std::move(pixels), header.alpha);
  if (header.frame_width != header.width || header.frame_height != header.height) {
    image = place_on_white(image, header);
  }
  return {turn_upright(std::move(image), header.orientation), warning};
}

}  // namespace

ImageSize read_image_size(std::span<const std::byte> bytes, const std::string& name, int64_t pixel_limit) {
  const ImageHeader header = header_of(bytes, name, pixel_limit);
  const bool turned = header.orientation >= 5;
  return turned ? ImageSize{header.height, header.width, header.decoded_pixels()}
                : ImageSize{header.width, header.height, header.decoded_pixels()};
}

DecodedImage decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t pixel_limit) {
  const ImageHeader header = header_of(bytes, name, pixel_limit);
  return with_image_memory(header.shrunk(header.width), header.shrunk(header.height), name,
                           [&] { return decode(header, bytes, name); });
}

DecodedImage read_image(const std::string& path, int64_t pixel_limit) {
  const std::string bytes = read_image_file(path);
  return decode_image(std::as_bytes(std::span(bytes)), name_of_input(path), pixel_limit);
}

std::string read_image_file(const std::string& path) {
  return read_file(path, "picture " + name_of_input(path), kMaxFileBytes);
}

std::optional<ImageFormat> image_format_of(const std::string& path) {
  const std::string extension = ascii_lower(std::filesystem::path(path).extension().string());
  for (const Extension& known : kExtensions) {
    if (extension == known.text && can_encode(known.format)) return known.format;
  }
  return std::nullopt;
}

std::string writable_extensions() {
  std::string list;
  for (const Extension& known : kExtensions) {
    if (can_encode(known.format)) list += (list.empty() ? "" : ", ") + std::string(known.text);
  }
  return list;
}

ImageText read_image_text(std::span<const std::byte> bytes, const std::string& name) {
  const std::optional<ReadableImageFormat> format = format_of(bytes);
  if (format == ReadableImageFormat::png) return read_png_text(bytes, name);
  if (format == ReadableImageFormat::jpeg) return read_jpeg_text(bytes);
  if (format == ReadableImageFormat::webp) return read_webp_text(bytes);
  read_image_header(bytes, name);  // refuses what is no image
  return {};
}

std::vector<std::byte> encode_image(const Image& image, ImageFormat format, const ImageText& text,
                                    int quality) {
  check_image(image, "picture to write");
  check(can_encode(format),
        "picture to write: expected one of {}, found a format this build cannot write; choose another",
        writable_extensions());
  check(std::max(image.width, image.height) <= longest_side(format),
        "picture to write: expected sides of at most {} in this format, found {} x {}; write a PNG",
        longest_side(format), image.width, image.height);
  check_text(text);
  kQualities.check("picture to write, quality", quality);
  std::vector<std::byte> bytes = with_image_memory(image.width, image.height, "to write",
                                                   [&] { return encode_pixels(image, format, quality); });
  if (text.empty()) return bytes;
  switch (format) {
    case ImageFormat::jpeg:
      return with_jpeg_text(bytes, text);
    case ImageFormat::webp:
      return with_webp_text(bytes, image.width, image.height, text);
    default:
      return with_png_text(bytes, text);
  }
}

}  // namespace janus
