// Convolution of each channel alone.
#include <vector>

#include "core/cpu/cpu_device.h"

namespace janus::cpu {
namespace {

// weight [C, 1, kh, kw] of any float type -> [kh * kw, C] in f32.
std::vector<float> taps_of(const Kernels& kernels, const Tensor& weight) {
  const int64_t channels = weight.size(0), taps = weight.size(2) * weight.size(3);
  std::vector<float> wide(static_cast<size_t>(channels * taps)), turned(wide.size());
  kernels.of(weight.dtype()).to_f32(weight.raw(), channels * taps, wide.data());
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t tap = 0; tap < taps; ++tap) turned[tap * channels + c] = wide[c * taps + tap];
  }
  return turned;
}

}  // namespace

void CpuDevice::depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                 const Conv2dOptions& options, Tensor& out) {
  const int64_t height = x.size(1), width = x.size(2), channels = x.size(3);
  const int64_t kernel_height = weight.size(2), kernel_width = weight.size(3);
  const int64_t out_height = out.size(1), out_width = out.size(2);
  const std::vector<float> taps = taps_of(kernels_, weight);
  const std::vector<float> no_bias(bias.empty() ? static_cast<size_t>(channels) : 0);
  const float* start = bias.empty() ? no_bias.data() : bias.data<float>();
  thread_pool_.parallel_for(x.size(0) * out_height, [&](int64_t begin, int64_t end) {
    // Those of a window that lie inside the image.
    std::vector<const float*> pixels(static_cast<size_t>(kernel_height * kernel_width)), own(pixels.size());
    for (int64_t row = begin; row < end; ++row) {
      const float* image = x.data<float>() + row / out_height * height * width * channels;
      const int64_t top = row % out_height * options.stride - options.pad_top;
      for (int64_t column = 0; column < out_width; ++column) {
        const int64_t left = column * options.stride - options.pad_left;
        int64_t count = 0;
        for (int64_t tap = 0; tap < kernel_height * kernel_width; ++tap) {
          const int64_t in_y = top + tap / kernel_width, in_x = left + tap % kernel_width;
          if (in_y < 0 || in_y >= height || in_x < 0 || in_x >= width) continue;
          pixels[count] = image + (in_y * width + in_x) * channels;
          own[count++] = taps.data() + tap * channels;
        }
        kernels_.depthwise(pixels.data(), own.data(), count, channels, start,
                           out.data<float>() + (row * out_width + column) * channels);
      }
    }
  });
}

}  // namespace janus::cpu
