// 8-bit RGB images, and the reference's preprocessing of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace janus {

// Rows from the top, three bytes a pixel: pixels.size() == width * height * 3.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;
};

// More pixels than this no image has: what is read of files may be told to have fewer (vision/image_file.h).
inline constexpr int64_t kMaxPixels = int64_t{1} << 28;

// Pillow's filters, under its numbers (Image.Resampling), which image settings name them by.
enum class Resample { nearest = 0, lanczos = 1, bilinear = 2, bicubic = 3, box = 4, hamming = 5 };

// Pillow's 8-bit Image.resize, byte for byte (libImaging/Resample.c): support scaled when shrinking, weights
// in 22-bit fixed point. The order of the passes is that of Pillow 13, which takes the height first where it
// shrinks by more than twice what the width does; Pillow 12 and older always took the width first, which
// differs for images more than twice as tall as wide.
Image resize(const Image& image, int width, int height, Resample filter);
inline Image resize_bicubic(const Image& image, int width, int height) {
  return resize(image, width, height, Resample::bicubic);
}

// How images are prepared (preprocessor_config.json): the original VLMImageProcessor, with the switches that
// transformers' JanusImageProcessor has besides.
struct PreprocessConfig {
  int image_size = 384;
  int min_size = 14;
  Resample resample = Resample::bicubic;
  std::vector<float> image_mean{0.5F, 0.5F, 0.5F};
  std::vector<float> image_std{0.5F, 0.5F, 0.5F};
  double rescale_factor = 0.00392156862745098;
  std::vector<int> background_color{127, 127, 127};
  bool do_resize = true;
  bool do_pad = true;
  bool do_rescale = true;
  bool do_normalize = true;

  // Throws Error for values that no image can be prepared with, or whose pixels would not be finite. `where`
  // names the file in messages.
  void check(const std::string& where) const;
};

// Long side to image_size, the other at least min_size, pasted in the middle of a square of the background
// colour. Throws Error for a config that makes no sense, like preprocess, and for an image that does not fit
// where the config has it neither resized nor padded.
Image resize_and_pad(const Image& image, const PreprocessConfig& config);
// resize_and_pad, then rescale and normalise as the reference does -> [3, image_size, image_size], f32.
std::vector<float> preprocess(const Image& image, const PreprocessConfig& config);

// How values between two levels become one of them.
enum class ByteRounding { down, nearest };

// Decoder output [h, w, 3] of nominal range -1..1 -> 8 bits, clamped; rounded down, as the reference does
// with images of codes.
Image to_image(std::span<const float> values, int width, int height,
               ByteRounding rounding = ByteRounding::down);

}  // namespace janus
