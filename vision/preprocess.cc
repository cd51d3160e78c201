#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "vision/image.h"

namespace janus {
namespace {

constexpr int kChannels = 3;

void check_config(const PreprocessConfig& config) {
  check(config.image_size > 0 && config.image_size <= (1 << 14),
        "preprocessor image_size: expected 1 to {}, found {}", 1 << 14, config.image_size);
  check(config.min_size > 0 && config.min_size <= config.image_size,
        "preprocessor min_size: expected 1 to image_size {}, found {}", config.image_size, config.min_size);
  check(config.image_mean.size() == kChannels && config.image_std.size() == kChannels &&
            config.background_color.size() == kChannels,
        "preprocessor image_mean, image_std, background colour: expected 3 values each, found {}, {}, {}",
        config.image_mean.size(), config.image_std.size(), config.background_color.size());
  for (int c = 0; c < kChannels; ++c) {
    check(config.image_std[c] != 0, "preprocessor image_std: expected values other than 0, found 0");
    check(config.background_color[c] >= 0 && config.background_color[c] <= 255,
          "preprocessor background colour: expected 0 to 255, found {}", config.background_color[c]);
  }
}

// The reference divides, multiplies and truncates in double, in this order; (side * size) / longest differs.
int scaled_side(int side, int longest, const PreprocessConfig& config) {
  const double scaled = static_cast<double>(side) / longest * config.image_size;
  return std::max(static_cast<int>(scaled), config.min_size);
}

}  // namespace

Image resize_and_pad(const Image& image, const PreprocessConfig& config) {
  check_config(config);
  check(image.width > 0 && image.height > 0, "picture: expected at least 1 x 1 pixels, found {} x {}",
        image.width, image.height);
  const int longest = std::max(image.width, image.height);
  Image resized = resize_bicubic(image, scaled_side(image.width, longest, config),
                                 scaled_side(image.height, longest, config));
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
    for (int byte = 0; byte < 256; ++byte) {
      // Rounded to float before the normalisation, as numpy does it.
      level[byte] = static_cast<float>(byte * config.rescale_factor);
      if (config.do_normalize) level[byte] = (level[byte] - config.image_mean[c]) / config.image_std[c];
    }
    for (size_t i = 0; i < plane; ++i) values[c * plane + i] = level[square.pixels[i * kChannels + c]];
  }
  return values;
}

Image to_image(std::span<const float> values, int width, int height) {
  check(width > 0 && height > 0 && values.size() == static_cast<size_t>(width) * height * kChannels,
        "pixels of the decoder: expected {} x {} x 3 values, found {}", height, width, values.size());
  Image image{width, height, std::vector<uint8_t>(values.size())};
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = (values[i] + 1.0F) / 2.0F * 255.0F;
    // A NaN is not above 0 and becomes black, as numpy's cast makes it.
    image.pixels[i] = value > 0.0F ? static_cast<uint8_t>(std::min(value, 255.0F)) : 0;
  }
  return image;
}

}  // namespace janus
