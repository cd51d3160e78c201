#include "generator/janusflow/latent_layout.h"

namespace janus {
namespace {

// [rows, columns] -> [columns, rows].
std::vector<float> transposed(std::span<const float> x, size_t rows, size_t columns) {
  std::vector<float> result(x.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column)
      result[column * rows + row] = x[row * columns + column];
  }
  return result;
}

}  // namespace

std::vector<float> latent_planes(std::span<const float> channels_last, int64_t channels) {
  const auto count = static_cast<size_t>(channels);
  return transposed(channels_last, channels_last.size() / count, count);
}

std::vector<float> latent_channels_last(std::span<const float> planes, int64_t channels) {
  const auto count = static_cast<size_t>(channels);
  return transposed(planes, count, planes.size() / count);
}

}  // namespace janus
