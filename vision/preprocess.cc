#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "vision/check_image.h"

namespace janus {
namespace {

constexpr int kChannels = 3;

// The value of a byte. Rounded to float before the normalisation, as numpy does it.
float pixel_value(int byte, int channel, const PreprocessConfig& config) {
  const auto c = static_cast<size_t>(channel);
  float value =
      config.do_rescale ? static_cast<float>(byte * config.rescale_factor) : static_cast<float>(byte);
  if (config.do_normalize) value = (value - config.image_mean[c]) / config.image_std[c];
  return value;
}

// The reference divides, multiplies and truncates in double, in this order; (side * size) / longest differs.
int scaled_side(int side, int longest, const PreprocessConfig& config) {
  const double scaled = static_cast<double>(side) / longest * config.image_size;
  return std::max(static_cast<int>(scaled), config.min_size);
}

// The square that an image is already, or an error.
Image fitting_square(Image image, const PreprocessConfig& config) {
  check(image.width == image.height || config.do_pad,
        "picture: expected a square of {0} x {0} pixels, as do_pad is false in the model's image settings, "
        "found {1} x {2}; cut it to a square, or set do_pad to true",
        config.image_size, image.width, image.height);
  check(std::max(image.width, image.height) == config.image_size,
        "picture: expected a longer side of {} pixels, as do_resize is false in the model's image settings, "
        "found {} x {}; resize it, or set do_resize to true",
        config.image_size, image.width, image.height);
  return image;
}

}  // namespace

void PreprocessConfig::check(const std::string& where) const {
  constexpr int kLargest = 1 << 14;
  const auto want = [&](bool holds, const char* key, const std::string& expected, auto found) {
    janus::check(holds, "{}: {}: expected {}, found {}; use the settings that came with the model", where,
                 key, expected, found);
  };
  want(image_size > 0 && image_size <= kLargest, "image_size", fmt::format("1 to {}", kLargest), image_size);
  want(min_size > 0 && min_size <= image_size, "min_size", fmt::format("1 to image_size {}", image_size),
       min_size);
  want(resample >= Resample::nearest && resample <= Resample::hamming, "resample",
       "a filter of Pillow, 0 to 5", static_cast<int>(resample));
  want(image_mean.size() == kChannels, "image_mean", "3 numbers", image_mean.size());
  want(image_std.size() == kChannels, "image_std", "3 numbers", image_std.size());
  want(background_color.size() == kChannels, "background_color", "3 numbers", background_color.size());
  want(static_cast<float>(rescale_factor) > 0 && rescale_factor <= 1, "rescale_factor",
       "a number above 0 and at most 1", rescale_factor);
  for (int c = 0; c < kChannels; ++c) {
    const auto at = static_cast<size_t>(c);
    want(image_std[at] > 0 && std::isfinite(image_std[at]), "image_std", "finite numbers above 0",
         image_std[at]);
    want(background_color[at] >= 0 && background_color[at] <= 255, "background_color",
         "numbers from 0 to 255", background_color[at]);
    for (const int byte : {0, 255}) {
      const float value = pixel_value(byte, c, *this);
      want(std::isfinite(value), "image_mean, image_std", "numbers that leave pixels finite", value);
    }
  }
}

Image resize_and_pad(const Image& image, const PreprocessConfig& config) {
  config.check("image settings");
  check_image(image);
  const int longest = std::max(image.width, image.height);
  const auto scaled = [&] {
    return resize(image, scaled_side(image.width, longest, config),
                  scaled_side(image.height, longest, config), config.resample);
  };
  Image resized = fitting_square(config.do_resize ? scaled() : image, config);
  if (resized.width == resized.height) return resized;

  const int side = std::max(resized.width, resized.height);
  Image padded{side, side, std::vector<uint8_t>(static_cast<size_t>(side) * side * kChannels)};
  for (size_t i = 0; i < padded.pixels.size(); ++i) {
    padded.pixels[i] = static_cast<uint8_t>(config.background_color[i % kChannels]);
  }
  const size_t left = (side - resized.width) / 2;
  const size_t top = (side - resized.height) / 2;
  const size_t row_bytes = static_cast<size_t>(resized.width) * kChannels;
  for (int y = 0; y < resized.height; ++y) {
    std::memcpy(&padded.pixels[((top + y) * side + left) * kChannels], &resized.pixels[y * row_bytes],
                row_bytes);
  }
  return padded;
}

std::vector<float> preprocess(const Image& image, const PreprocessConfig& config) {
  const Image square = resize_and_pad(image, config);
  const size_t plane = static_cast<size_t>(square.width) * square.height;
  std::vector<float> values(plane * kChannels);
  for (int c = 0; c < kChannels; ++c) {
    float level[256];
    for (int byte = 0; byte < 256; ++byte) level[byte] = pixel_value(byte, c, config);
    for (size_t i = 0; i < plane; ++i) values[c * plane + i] = level[square.pixels[i * kChannels + c]];
  }
  return values;
}

Image to_image(std::span<const float> values, int width, int height, ByteRounding rounding) {
  check(width > 0 && height > 0 && values.size() == static_cast<size_t>(width) * height * kChannels,
        "pixels of the decoder: expected {} x {} x 3 values, found {}", height, width, values.size());
  Image image{width, height, std::vector<uint8_t>(values.size())};
  const float up = rounding == ByteRounding::nearest ? 0.5F : 0.0F;
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = (values[i] + 1.0F) / 2.0F * 255.0F + up;
    // A NaN is not above 0 and becomes black, as numpy's cast makes it.
    image.pixels[i] = value > 0.0F ? static_cast<uint8_t>(std::min(value, 255.0F)) : 0;
  }
  return image;
}

}  // namespace janus
