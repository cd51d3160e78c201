#include "cli/embed/pooling.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace janus::cli {

Array pooled(Array vectors, Pool pool) {
  if (pool == Pool::none) return vectors;
  const auto width = static_cast<size_t>(vectors.shape.back());
  const size_t count = vectors.values.size() / width;
  Array result{.shape = {vectors.shape.back()}, .values = std::vector<float>(width)};
  for (size_t d = 0; d < width; ++d) {
    double sum = 0;
    float greatest = vectors.values[d];
    for (size_t n = 0; n < count; ++n) {
      sum += vectors.values[n * width + d];
      greatest = std::max(greatest, vectors.values[n * width + d]);
    }
    result.values[d] = pool == Pool::mean ? static_cast<float>(sum / static_cast<double>(count)) : greatest;
  }
  return result;
}

void normalize(Array& vectors) {
  const auto width = static_cast<size_t>(vectors.shape.back());
  for (size_t at = 0; at < vectors.values.size(); at += width) {
    const std::span<float> vector = std::span(vectors.values).subspan(at, width);
    double squares = 0;
    for (const float value : vector) squares += static_cast<double>(value) * value;
    if (squares == 0) continue;
    const double scale = 1 / std::sqrt(squares);
    for (float& value : vector) value = static_cast<float>(value * scale);
  }
}

}  // namespace janus::cli
