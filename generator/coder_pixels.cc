#include "generator/coder_pixels.h"

#include "core/tensor/ops.h"

namespace janus {

PreprocessConfig coder_preprocess(PreprocessConfig config) {
  config.do_normalize = true;
  config.rescale_factor = PreprocessConfig().rescale_factor;
  config.image_mean = PreprocessConfig().image_mean;
  config.image_std = PreprocessConfig().image_std;
  return config;
}

Tensor planes_to_tensor(Device& device, const std::vector<float>& planes, int64_t height, int64_t width) {
  std::vector<float> values(planes.size());
  for (int64_t pixel = 0; pixel < height * width; ++pixel) {
    for (int64_t channel = 0; channel < 3; ++channel) {
      values[pixel * 3 + channel] = planes[channel * height * width + pixel];
    }
  }
  return ops::from_host(device, values, {1, height, width, 3});
}

}  // namespace janus
