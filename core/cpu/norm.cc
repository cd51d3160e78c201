// Norms.
#include "core/cpu/norm.h"

#include <cmath>
#include <vector>

#include "core/cpu/cpu_device.h"

namespace janus::cpu {
namespace {

constexpr int64_t kGrain = 16384;  // elements a thread should have before a second one is worth waking

int64_t rows_a_step(int64_t width) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, width)); }

// Mean and sum of squared differences of `count` values; joined as by Chan, Golub and LeVeque (1983).
struct Moments {
  double count = 0.0, mean = 0.0, squares = 0.0;

  void join(const Moments& other) {
    const double total = count + other.count, delta = other.mean - mean;
    squares += other.squares + delta * delta * count * other.count / total;
    mean += delta * other.count / total;
    count = total;
  }
};

// Pixels whose sums are taken in f32 before they are joined in double: small enough to stay in the
// first-level cache for the second pass, and part of the order of the sum, so it depends on nothing.
constexpr int64_t kChunkPixels = 64;

// The moments of each group over one chunk of pixels.
void chunk_moments(const Kernels& kernels, const float* x, int64_t pixels, int64_t channels, int groups,
                   std::vector<float>& mean, std::vector<float>& sums, Moments* out) {
  const int64_t width = channels / groups;
  const double count = static_cast<double>(pixels * width);
  kernels.channel_sums(x, pixels, channels, sums.data());
  for (int g = 0; g < groups; ++g) {
    double total = 0.0;
    for (int64_t c = g * width; c < (g + 1) * width; ++c) total += sums[c];
    const auto rounded = static_cast<float>(total / count);
    for (int64_t c = g * width; c < (g + 1) * width; ++c) mean[c] = rounded;
    out[g] = {count, total / count, 0.0};
  }
  kernels.channel_squares(x, pixels, channels, mean.data(), sums.data());
  for (int g = 0; g < groups; ++g) {
    for (int64_t c = g * width; c < (g + 1) * width; ++c) out[g].squares += sums[c];
    // The differences were from the mean as rounded to f32.
    const double error = out[g].mean - static_cast<double>(mean[g * width]);
    out[g].squares = std::max(0.0, out[g].squares - count * error * error);
  }
}

}  // namespace

GroupStatistics group_statistics(const Kernels& kernels, const ThreadPool& thread_pool, const Tensor& x,
                                 const GroupNormOptions& norm) {
  const int64_t pixels = x.size(1) * x.size(2), channels = x.size(3), width = channels / norm.groups;
  const int64_t chunks = (pixels + kChunkPixels - 1) / kChunkPixels;
  std::vector<Moments> moments(static_cast<size_t>(x.size(0) * chunks * norm.groups));
  thread_pool.parallel_for(x.size(0) * chunks, [&](int64_t begin, int64_t end) {
    std::vector<float> mean(static_cast<size_t>(channels)), sums(static_cast<size_t>(channels));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % chunks * kChunkPixels;
      chunk_moments(kernels, x.data<float>() + (i / chunks * pixels + first) * channels,
                    std::min(kChunkPixels, pixels - first), channels, norm.groups, mean, sums,
                    &moments[i * norm.groups]);
    }
  });
  GroupStatistics result;
  result.mean.resize(static_cast<size_t>(x.size(0) * channels));
  result.scale.resize(result.mean.size());
  const auto* weight = norm.weight.data<float>();
  for (int64_t b = 0; b < x.size(0); ++b) {
    for (int g = 0; g < norm.groups; ++g) {
      Moments total;
      for (int64_t i = 0; i < chunks; ++i) total.join(moments[(b * chunks + i) * norm.groups + g]);
      const double inverse = 1.0 / std::sqrt(total.squares / total.count + static_cast<double>(norm.eps));
      for (int64_t c = g * width; c < (g + 1) * width; ++c) {
        result.mean[b * channels + c] = static_cast<float>(total.mean);
        result.scale[b * channels + c] = static_cast<float>(inverse * static_cast<double>(weight[c]));
      }
    }
  }
  return result;
}

void CpuDevice::rms_norm(const Tensor& x, const Tensor& weight, float eps, Tensor& out) {
  const int64_t width = x.shape().back();
  thread_pool_.parallel_for(x.elements() / width, rows_a_step(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      kernels_.rms_norm(x.data<float>() + i * width, weight.data<float>(), width, eps,
                        out.data<float>() + i * width);
    }
  });
}

void CpuDevice::layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                           Tensor& out) {
  const int64_t width = x.shape().back();
  thread_pool_.parallel_for(x.elements() / width, rows_a_step(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      kernels_.layer_norm(x.data<float>() + i * width, weight.data<float>(), bias.data<float>(), width, eps,
                          out.data<float>() + i * width);
    }
  });
}

void CpuDevice::group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps,
                           bool silu, Tensor& out) {
  const GroupStatistics statistics = group_statistics(
      kernels_, thread_pool_, x, {.weight = weight, .bias = bias, .groups = groups, .eps = eps});
  const int64_t pixels = x.size(1) * x.size(2), channels = x.size(3);
  const int64_t chunks = (pixels + kChunkPixels - 1) / kChunkPixels;
  thread_pool_.parallel_for(x.size(0) * chunks, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / chunks, first = i % chunks * kChunkPixels;
      const int64_t offset = (b * pixels + first) * channels;
      kernels_.channel_scale(x.data<float>() + offset, std::min(kChunkPixels, pixels - first), channels,
                             &statistics.mean[b * channels], &statistics.scale[b * channels],
                             bias.data<float>(), silu, out.data<float>() + offset);
    }
  });
}

void CpuDevice::l2_normalize(const Tensor& x, float eps, Tensor& out) {
  convert(x, out);
  const int64_t width = x.shape().back();
  thread_pool_.parallel_for(x.elements() / width, rows_a_step(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = out.data<float>() + i * width;
      double squares = 0.0;
      for (int64_t j = 0; j < width; ++j)
        squares += static_cast<double>(row[j]) * static_cast<double>(row[j]);
      const auto length = static_cast<float>(std::sqrt(squares));
      const float bound = length < eps ? eps : length;  // keeps a NaN
      for (int64_t j = 0; j < width; ++j) row[j] /= bound;
    }
  });
}

void CpuDevice::global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                                     Tensor& out) {
  const int64_t pixels = x.size(1) * x.size(2), channels = x.size(3);
  const int64_t chunks = (pixels + kChunkPixels - 1) / kChunkPixels;
  const std::vector<float> zeros(static_cast<size_t>(channels));
  std::vector<float> squares(static_cast<size_t>(x.size(0) * chunks * channels));
  const auto for_chunks = [&](const auto& body) {
    thread_pool_.parallel_for(x.size(0) * chunks, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t b = i / chunks, first = i % chunks * kChunkPixels;
        body(i, b, (b * pixels + first) * channels, std::min(kChunkPixels, pixels - first));
      }
    });
  };
  for_chunks([&](int64_t i, int64_t, int64_t offset, int64_t count) {
    kernels_.channel_squares(x.data<float>() + offset, count, channels, zeros.data(), &squares[i * channels]);
  });
  std::vector<float> scale(static_cast<size_t>(x.size(0) * channels));
  std::vector<double> lengths(static_cast<size_t>(channels));
  for (int64_t b = 0; b < x.size(0); ++b) {
    double mean = 0.0;
    for (int64_t c = 0; c < channels; ++c) {
      double total = 0.0;
      for (int64_t i = 0; i < chunks; ++i) total += squares[(b * chunks + i) * channels + c];
      lengths[c] = std::sqrt(total);
      mean += lengths[c] / static_cast<double>(channels);
    }
    for (int64_t c = 0; c < channels; ++c) {
      const double share = lengths[c] / (mean + static_cast<double>(eps));
      scale[b * channels + c] =
          static_cast<float>(1.0 + static_cast<double>(weight.data<float>()[c]) * share);
    }
  }
  for_chunks([&](int64_t, int64_t b, int64_t offset, int64_t count) {
    kernels_.channel_scale(x.data<float>() + offset, count, channels, zeros.data(), &scale[b * channels],
                           bias.data<float>(), /*silu=*/false, out.data<float>() + offset);
  });
}

void CpuDevice::scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift, Tensor& out) {
  const int64_t channels = x.shape().back(), pixels = x.elements() / x.size(0) / channels;
  const int64_t step = scale.rank() == 1 ? 0 : channels;  // between the vectors of batch rows
  const std::vector<float> zeros(static_cast<size_t>(channels));
  std::vector<float> factors(static_cast<size_t>(scale.elements()));
  for (size_t i = 0; i < factors.size(); ++i) factors[i] = 1.0F + scale.data<float>()[i];
  thread_pool_.parallel_for(x.size(0) * pixels, rows_a_step(channels), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t vectors = i / pixels * step;
      kernels_.channel_scale(x.data<float>() + i * channels, 1, channels, zeros.data(), &factors[vectors],
                             shift.data<float>() + vectors, /*silu=*/false, out.data<float>() + i * channels);
    }
  });
}

}  // namespace janus::cpu
