#include "cli/serve/image_reply.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "cli/serve/api_error.h"
#include "core/base/base64.h"
#include "core/base/json.h"

namespace janus::cli {
namespace {

[[noreturn]] void refuse(const std::string& param, std::string_view expected, std::string_view found,
                         std::string_view remedy) {
  throw ApiError(400, fmt::format("{}: expected {}, found {}; {}", param, expected, found, remedy), {},
                 param);
}

std::string sides_text() {
  return fmt::format("\"auto\" or a square from {0}x{0} to {1}x{1}", kImageSides.low, kImageSides.high);
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

int square_side(int64_t width, int64_t height, const std::string& param) {
  const std::string found = fmt::format("{}x{}", width, height);
  if (width != height) {
    refuse(param, sides_text(), found, "images are square: ask for a square and crop it");
  }
  if (!kImageSides.holds(width)) refuse(param, sides_text(), found, "ask for another size");
  return static_cast<int>(width);
}

int side_of_size(const std::string& size, const std::string& param) {
  if (size.empty() || size == "auto") return 0;
  const size_t x = size.find('x');
  const auto width = whole_number(std::string_view(size).substr(0, x));
  const auto height = x == size.npos ? std::nullopt : whole_number(std::string_view(size).substr(x + 1));
  if (!width || !height) refuse(param, sides_text(), excerpt(size, 20), "ask for one of these");
  return square_side(*width, *height, param);
}

const char* name_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg:
      return "jpeg";
    case ImageFormat::webp:
      return "webp";
    default:
      return "png";
  }
}

ImageFormat format_of_name(const std::string& name, const std::string& param) {
  const auto format = image_format_of("image." + name);
  if (!format || (name != name_of(*format) && name != "jpg")) {
    refuse(param, fmt::format("png, jpeg or webp (this server writes {})", writable_extensions()),
           excerpt(name, 20), "ask for one of these");
  }
  return *format;
}

Image in_size(Image image, const ImageForm& form) {
  if (form.side == 0 || (form.side == image.width && form.side == image.height)) return image;
  return resize(image, form.side, form.side, Resample::lanczos);
}

std::string image_base64(const Image& image, const ImageForm& form, const ImageText& text) {
  return to_base64(encode_image(image, form.format, text, form.quality));
}

}  // namespace janus::cli
