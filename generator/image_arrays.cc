#include "generator/image_arrays.h"

#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {

std::vector<Array> pixel_arrays(std::span<const std::vector<float>> prepared, int64_t size) {
  std::vector<Array> arrays;
  for (const std::vector<float>& planes : prepared)
    arrays.push_back({.shape = {3, size, size}, .values = planes});
  return arrays;
}

std::vector<Array> arrays_of_images(const Tensor& values, int64_t images) {
  const int64_t width = values.shape().back(), vectors = values.elements() / width / images;
  const std::vector<float> all = ops::to_host(values);
  std::vector<Array> arrays;
  for (int64_t i = 0; i < images; ++i) {
    const auto begin = all.begin() + i * vectors * width;
    arrays.push_back({.shape = {vectors, width}, .values = {begin, begin + vectors * width}});
  }
  return arrays;
}

std::vector<Array> vision_arrays(std::span<const std::vector<float>> prepared,
                                 const std::function<Tensor(std::span<const float> pixels)>& part,
                                 const EngineModel& model) {
  std::vector<float> pixels;
  for (const std::vector<float>& planes : prepared) pixels.insert(pixels.end(), planes.begin(), planes.end());
  std::vector<Array> arrays = arrays_of_images(part(pixels), static_cast<int64_t>(prepared.size()));
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (all_finite(arrays[i].values)) continue;
    model.check_image_embeddings(prepared[i]);
    fail_not_finite("vision tower");
  }
  return arrays;
}

}  // namespace janus
