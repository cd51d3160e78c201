#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/base/error.h"
#include "vision/image.h"
#include "vision/resample_filter.h"

namespace janus {
namespace {

constexpr int kChannels = 3;
constexpr int kFractionBits = 22;  // of a weight: 32 bits less 8 of a pixel and 2 of head room
// Along one axis, output pixel o is the sum of weights[o * stride + k] * input[first[o] + k], k < count[o].
struct Taps {
  int stride = 0;  // the largest count
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights;
};

// The order of these operations is Pillow's (precompute_coeffs, normalize_coeffs_8bpc): the weights are equal
// to the last bit only if each step rounds as there. Even the input size passes through a float there.
Taps make_taps(int input_size, int output_size, const ResampleFilter& filter) {
  const double scale = static_cast<double>(static_cast<float>(input_size)) / output_size;
  const double filter_scale = std::max(scale, 1.0);
  const double inverse_scale = 1.0 / filter_scale;
  const double radius = filter.support * filter_scale;

  Taps taps;
  taps.first.resize(output_size);
  taps.count.resize(output_size);
  for (int o = 0; o < output_size; ++o) {
    const double center = (o + 0.5) * scale;
    taps.first[o] = std::max(static_cast<int>(center - radius + 0.5), 0);
    taps.count[o] = std::min(static_cast<int>(center + radius + 0.5), input_size) - taps.first[o];
    taps.stride = std::max(taps.stride, taps.count[o]);
  }

  taps.weights.resize(static_cast<size_t>(output_size) * taps.stride);
  std::vector<double> exact(taps.stride);
  for (int o = 0; o < output_size; ++o) {
    const double center = (o + 0.5) * scale;
    double sum = 0;
    for (int k = 0; k < taps.count[o]; ++k) {
      exact[k] = filter.weight((k + taps.first[o] - center + 0.5) * inverse_scale);
      sum += exact[k];
    }
    int32_t* weights = &taps.weights[static_cast<size_t>(o) * taps.stride];
    for (int k = 0; k < taps.count[o]; ++k) {
      const double weight = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << kFractionBits);
      weights[k] = static_cast<int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return taps;
}

size_t row_bytes(int width) { return static_cast<size_t>(width) * kChannels; }

Image blank(int width, int height) {
  return {width, height, std::vector<uint8_t>(row_bytes(width) * height)};
}

const uint8_t* row_of(const Image& image, int y) { return &image.pixels[y * row_bytes(image.width)]; }

uint8_t round_to_byte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255)); }

void resample_row(const uint8_t* input, const Taps& taps, uint8_t* output) {
  for (size_t o = 0; o < taps.first.size(); ++o) {
    const int32_t* weights = &taps.weights[o * taps.stride];
    const uint8_t* pixel = input + static_cast<size_t>(taps.first[o]) * kChannels;
    int32_t sum0 = 1 << (kFractionBits - 1);
    int32_t sum1 = sum0;
    int32_t sum2 = sum0;
    for (int k = 0; k < taps.count[o]; ++k, pixel += kChannels) {
      sum0 += weights[k] * pixel[0];
      sum1 += weights[k] * pixel[1];
      sum2 += weights[k] * pixel[2];
    }
    *output++ = round_to_byte(sum0);
    *output++ = round_to_byte(sum1);
    *output++ = round_to_byte(sum2);
  }
}

// One output row of the vertical pass: the weighted sum of rows(first), rows(first + 1), ...
template <typename Rows>
void resample_column(Rows& rows, const Taps& taps, int o, std::vector<int32_t>& sums, uint8_t* output) {
  std::fill(sums.begin(), sums.end(), 1 << (kFractionBits - 1));
  for (int k = 0; k < taps.count[o]; ++k) {
    const int32_t weight = taps.weights[static_cast<size_t>(o) * taps.stride + k];
    const uint8_t* row = rows(taps.first[o] + k);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += weight * row[i];
  }
  std::transform(sums.begin(), sums.end(), output, round_to_byte);
}

Image resample_vertically_first(const Image& image, int width, int height, const ResampleFilter& filter) {
  Image result = blank(width, height);
  const Taps horizontal = make_taps(image.width, width, filter);
  const Taps vertical = make_taps(image.height, height, filter);
  const auto rows = [&](int y) { return row_of(image, y); };
  std::vector<int32_t> sums(row_bytes(image.width));
  std::vector<uint8_t> wide_row(row_bytes(image.width));
  for (int o = 0; o < height; ++o) {
    resample_column(rows, vertical, o, sums, wide_row.data());
    resample_row(wide_row.data(), horizontal, &result.pixels[o * row_bytes(width)]);
  }
  return result;
}

Image resample_horizontally_first(const Image& image, int width, int height, const ResampleFilter& filter) {
  Image result = blank(width, height);
  const Taps horizontal = make_taps(image.width, width, filter);
  const Taps vertical = make_taps(image.height, height, filter);
  // Only the narrowed rows that the next output row needs are kept; its window never moves up.
  std::vector<uint8_t> ring(row_bytes(width) * vertical.stride);
  int narrowed = 0;
  const auto rows = [&](int y) {
    const auto slot = [&](int row) { return &ring[row % vertical.stride * row_bytes(width)]; };
    for (; narrowed <= y; ++narrowed) resample_row(row_of(image, narrowed), horizontal, slot(narrowed));
    return slot(y);
  };
  std::vector<int32_t> sums(row_bytes(width));
  for (int o = 0; o < height; ++o) {
    resample_column(rows, vertical, o, sums, &result.pixels[o * row_bytes(width)]);
  }
  return result;
}

Image resample_width(const Image& image, int width, const ResampleFilter& filter) {
  Image result = blank(width, image.height);
  const Taps taps = make_taps(image.width, width, filter);
  for (int y = 0; y < image.height; ++y) {
    resample_row(row_of(image, y), taps, &result.pixels[y * row_bytes(width)]);
  }
  return result;
}

Image resample_height(const Image& image, int height, const ResampleFilter& filter) {
  Image result = blank(image.width, height);
  const Taps taps = make_taps(image.height, height, filter);
  const auto rows = [&](int y) { return row_of(image, y); };
  std::vector<int32_t> sums(row_bytes(image.width));
  for (int o = 0; o < height; ++o)
    resample_column(rows, taps, o, sums, &result.pixels[o * row_bytes(image.width)]);
  return result;
}

// Input positions of the output pixels of one axis: centres added up from the first, as Pillow's affine
// transform does.
std::vector<int> nearest_positions(int input_size, int output_size) {
  const double step = static_cast<double>(static_cast<float>(input_size)) / output_size;
  std::vector<int> positions(output_size);
  double center = step * 0.5;
  for (int& position : positions) {
    position = std::min(static_cast<int>(center), input_size - 1);
    center += step;
  }
  return positions;
}

Image take_nearest(const Image& image, int width, int height) {
  Image result = blank(width, height);
  const std::vector<int> columns = nearest_positions(image.width, width);
  const std::vector<int> rows = nearest_positions(image.height, height);
  uint8_t* out = result.pixels.data();
  for (const int row : rows) {
    const uint8_t* from = row_of(image, row);
    for (const int column : columns)
      out = std::copy_n(from + static_cast<size_t>(column) * kChannels, kChannels, out);
  }
  return result;
}

}  // namespace

Image resize(const Image& image, int width, int height, Resample resample) {
  check(image.width > 0 && image.height > 0, "picture: expected at least 1 x 1 pixels, found {} x {}",
        image.width, image.height);
  check(width > 0 && height > 0 && static_cast<int64_t>(width) * height <= kMaxPixels,
        "size to resize to: expected 1 x 1 to {} pixels, found {} x {}", kMaxPixels, width, height);
  // Pillow leaves an axis alone whose size stays: not even the identity weights are applied.
  if (width == image.width && height == image.height) return image;
  if (resample == Resample::nearest) return take_nearest(image, width, height);
  const ResampleFilter filter = filter_of(resample);
  if (height == image.height) return resample_width(image, width, filter);
  if (width == image.width) return resample_height(image, height, filter);
  // Since Pillow 13 the height comes first where it shrinks by more than twice what the width does; the bytes
  // between the passes are rounded, so the order shows.
  const int64_t fewer_rows = int64_t{image.height} - height;
  const int64_t fewer_columns = int64_t{image.width} - width;
  if (fewer_rows > 0 && fewer_rows > 2 * fewer_columns)
    return resample_vertically_first(image, width, height, filter);
  return resample_horizontally_first(image, width, height, filter);
}

}  // namespace janus
