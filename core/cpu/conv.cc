// Convolution as a product: each output pixel is a row whose k runs over (kernel y, kernel x, channel).
#include <algorithm>
#include <cstring>

#include "core/cpu/cpu_device.h"
#include "core/cpu/gemm.h"
#include "core/cpu/norm.h"
#include "core/cpu/term_gemm.h"
#include "core/cpu/winograd.h"

namespace janus::cpu {
namespace {

struct ConvShape {
  int64_t height, width, channels;  // input
  int64_t kernel_height, kernel_width;
  int64_t out_height, out_width, filters;
  Conv2dOptions options;

  int64_t depth() const { return kernel_height * kernel_width * channels; }
};

// Writes k in [begin, end) of the window of output pixel (y, x): for each kernel row the inputs stand side by
// side in memory, except where the window leaves the image.
void load_window(const ConvShape& shape, const float* image, int64_t y, int64_t x, int64_t begin, int64_t end,
                 float* to) {
  const int64_t run = shape.kernel_width * shape.channels;
  const int64_t left = x * shape.options.stride - shape.options.pad_left;
  const int64_t inside_begin = std::max<int64_t>(0, -left) * shape.channels;
  const int64_t inside_end = std::min(shape.kernel_width, shape.width - left) * shape.channels;
  for (int64_t k = begin; k < end;) {
    const int64_t kernel_y = k / run, first = k - kernel_y * run;
    const int64_t last = std::min(run, first + end - k);
    const int64_t in_y = y * shape.options.stride - shape.options.pad_top + kernel_y;
    const bool inside = in_y >= 0 && in_y < shape.height;
    const int64_t copy_begin = inside ? std::min(last, std::max(first, inside_begin)) : last;
    const int64_t copy_end = inside ? std::max(copy_begin, std::min(last, inside_end)) : last;
    std::fill_n(to, copy_begin - first, 0.0F);
    if (copy_end > copy_begin) {
      const float* from = image + (in_y * shape.width + left) * shape.channels;
      std::memcpy(to + copy_begin - first, from + copy_begin,
                  static_cast<size_t>(copy_end - copy_begin) * sizeof(float));
    }
    std::fill_n(to + copy_end - first, last - copy_end, 0.0F);
    to += last - first;
    k += last - first;
  }
}

// weight [F, C, kh, kw] of any float type -> [F, kh, kw, C] in f32.
void reorder_weight(const Kernels& kernels, const ThreadPool& thread_pool, const Tensor& weight, float* to) {
  const int64_t channels = weight.size(1), taps = weight.size(2) * weight.size(3), depth = channels * taps;
  const auto size = static_cast<int64_t>(size_of(weight.dtype()));
  const auto to_f32 = kernels.of(weight.dtype()).to_f32;
  thread_pool.parallel_for(weight.size(0), [&](int64_t begin, int64_t end) {
    float* wide = scratch(0, depth);
    for (int64_t f = begin; f < end; ++f) {
      to_f32(static_cast<const std::byte*>(weight.raw()) + f * depth * size, depth, wide);
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t tap = 0; tap < taps; ++tap) to[f * depth + tap * channels + c] = wide[c * taps + tap];
      }
    }
  });
}

// Few filters would leave most of a tile empty: here the windows stream past the filters instead, a block of
// them at a time.
void few_filters(const Kernels& kernels, const ThreadPool& thread_pool, const ConvShape& shape,
                 const float* image, const float* weight, const float* bias, float* out) {
  constexpr int64_t kBlock = 64;
  const int64_t depth = shape.depth(), filters = shape.filters;
  const auto pack_activations = kernels.of(DType::f32).pack_activations;
  const auto gemv = kernels.of(DType::f32).gemv;
  thread_pool.parallel_for(shape.out_height * shape.out_width, kBlock, [&](int64_t begin, int64_t end) {
    float* windows = scratch(0, kBlock * depth);
    float* packed = scratch(1, gemv_floats(depth, kMaxGemvRows));
    pack_activations(weight, depth, depth, static_cast<int>(filters), packed);
    float sums[kMaxGemvRows * kBlock];
    for (int64_t first = begin; first < end; first += kBlock) {
      const int64_t count = std::min(kBlock, end - first);
      for (int64_t i = 0; i < count; ++i) {
        load_window(shape, image, (first + i) / shape.out_width, (first + i) % shape.out_width, 0, depth,
                    windows + i * depth);
      }
      gemv(Matrix{DType::f32, windows, depth}, 0, count, depth, packed, static_cast<int>(filters), nullptr,
           sums, kBlock);
      for (int64_t i = 0; i < count * filters; ++i) {
        const int64_t f = i % filters;
        out[first * filters + i] = sums[f * kBlock + i / filters] + (bias == nullptr ? 0.0F : bias[f]);
      }
    }
  });
}

void many_filters(const Kernels& kernels, const ThreadPool& thread_pool, const ConvShape& shape,
                  const float* image, const float* weight, const float* bias, float* out) {
  const Matrix filters{DType::f32, weight, shape.depth()};
  const int64_t pixels = shape.out_height * shape.out_width;
  const auto load_row = [&](int64_t pixel, int64_t begin, int64_t end, float* to) {
    load_window(shape, image, pixel / shape.out_width, pixel % shape.out_width, begin, end, to);
  };
  if (term_weights(kernels, filters) != nullptr) {
    const auto to_row = [&](int64_t pixel, float* memory) {
      load_row(pixel, 0, shape.depth(), memory);
      return memory;
    };
    return term_gemm(kernels, thread_pool, pixels, shape.depth(), to_row, filters, shape.filters, bias, out);
  }
  multiply(kernels, thread_pool, pixels, shape.depth(), load_row, filters, shape.filters, bias, out);
}

const float* data_or_null(const Tensor& x) { return x.empty() ? nullptr : x.data<float>(); }

}  // namespace

void CpuDevice::conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                       const Conv2dOptions& options, Tensor& out) {
  if (is_winograd_conv2d(weight, options)) {
    winograd_conv2d(kernels_, thread_pool_, {.x = x, .weight = weight, .bias = data_or_null(bias)}, out);
    return;
  }
  const ConvShape shape{.height = x.size(1),
                        .width = x.size(2),
                        .channels = x.size(3),
                        .kernel_height = weight.size(2),
                        .kernel_width = weight.size(3),
                        .out_height = out.size(1),
                        .out_width = out.size(2),
                        .filters = out.size(3),
                        .options = options};
  const float* bias_data = data_or_null(bias);
  Tensor filters(*this, DType::f32, Shape{shape.filters, shape.depth()});
  reorder_weight(kernels_, thread_pool_, weight, filters.data<float>());
  const auto run = shape.filters <= kMaxGemvRows ? few_filters : many_filters;
  for (int64_t b = 0; b < x.size(0); ++b) {
    run(kernels_, thread_pool_, shape, x.data<float>() + b * shape.height * shape.width * shape.channels,
        filters.data<float>(), bias_data,
        out.data<float>() + b * shape.out_height * shape.out_width * shape.filters);
  }
}

void CpuDevice::silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                            const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                            Tensor& out) {
  if (!is_same3x3(weight, options)) {
    Device::silu_conv2d(x, norm, weight, bias, options, residual, out);
    return;
  }
  const GroupStatistics statistics = group_statistics(kernels_, thread_pool_, x, norm);
  const InputNorm input{.mean = statistics.mean.data(),
                        .scale = statistics.scale.data(),
                        .bias = norm.bias.data<float>(),
                        .silu = true};
  winograd_conv2d(kernels_, thread_pool_,
                  {.x = x,
                   .weight = weight,
                   .bias = data_or_null(bias),
                   .norm = &input,
                   .residual = data_or_null(residual)},
                  out);
}

void CpuDevice::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  winograd_conv2d(kernels_, thread_pool_,
                  {.x = x, .weight = weight, .bias = data_or_null(bias), .doubled = true}, out);
}

}  // namespace janus::cpu
