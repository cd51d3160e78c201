// Norms.
#include "core/cuda/bf16_terms.h"
#include "core/cuda/cuda_device.h"
#include "core/cuda/elements.h"
#include "core/cuda/launch.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kJoinThreads = 1024;  // of the one block of an image

__global__ __launch_bounds__(kThreads) void rms_norm_kernel(const float* x, const float* weight,
                                                            int64_t width, float eps, float* out) {
  const float* const row = x + int64_t{blockIdx.x} * width;
  float squares = 0.0F;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) squares = fmaf(row[i], row[i], squares);
  const float scale = 1.0F / sqrtf(block_sum(squares) / static_cast<float>(width) + eps);
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    out[int64_t{blockIdx.x} * width + i] = row[i] * scale * weight[i];
  }
}

__global__ __launch_bounds__(kThreads) void layer_norm_kernel(const float* x, const float* weight,
                                                              const float* bias, int64_t width, float eps,
                                                              float* out) {
  const float* const row = x + int64_t{blockIdx.x} * width;
  float sum = 0.0F;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) sum += row[i];
  const float mean = block_sum(sum) / static_cast<float>(width);
  float squares = 0.0F;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const float difference = row[i] - mean;
    squares = fmaf(difference, difference, squares);
  }
  const float scale = 1.0F / sqrtf(block_sum(squares) / static_cast<float>(width) + eps);
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    out[int64_t{blockIdx.x} * width + i] = (row[i] - mean) * scale * weight[i] + bias[i];
  }
}

template <DType kType>
__global__ __launch_bounds__(32) void l2_normalize_kernel(MatrixView x, float eps, float* out) {
  // A warp a row, which is the whole block: rows are short.
  const int64_t row = blockIdx.x;
  const int lane = static_cast<int>(threadIdx.x % 32);
  const unsigned char* const from = x.data + row * x.row_bytes;
  const auto element = [&](int64_t i) { return float_element<kType>(from, i); };
  double squares = 0.0;
  for (int64_t i = lane; i < x.depth; i += 32) {
    squares += static_cast<double>(element(i)) * static_cast<double>(element(i));
  }
  const auto length = static_cast<float>(sqrt(warp_sum(squares)));
  const float bound = length < eps ? eps : length;  // keeps a NaN
  for (int64_t i = lane; i < x.depth; i += 32) out[row * x.depth + i] = element(i) / bound;
}

// -- groups of channels -------------------------------------------------------------------------------------

// Joined as by Chan, Golub and LeVeque (1983).
__device__ __forceinline__ Moments joined(const Moments& a, const Moments& b) {
  if (a.count == 0.0) return b;
  if (b.count == 0.0) return a;
  const double total = a.count + b.count, delta = b.mean - a.mean;
  return {total, a.mean + delta * b.count / total,
          a.squares + b.squares + delta * delta * a.count * b.count / total};
}

// The moments of every group over one chunk of one image: a warp a group, its lanes over the chunk's
// elements.
__global__ __launch_bounds__(kThreads) void chunk_moments(const float* x, int64_t pixels, int64_t channels,
                                                          int groups, Moments* out) {
  const int64_t chunks = gridDim.x, first = int64_t{blockIdx.x} * kChunkPixels;
  const int64_t count = pixels - first < kChunkPixels ? pixels - first : kChunkPixels;
  // 32 bits are enough for a chunk, and make the divisions cheap.
  const auto width = static_cast<uint32_t>(channels / groups),
             elements = static_cast<uint32_t>(count) * width;
  const float* const from = x + (int64_t{blockIdx.y} * pixels + first) * channels;
  const uint32_t lane = threadIdx.x % 32;
  for (int group = static_cast<int>(threadIdx.x / 32); group < groups; group += kThreads / 32) {
    const auto element = [&](uint32_t i) { return from[i / width * channels + group * width + i % width]; };
    float sum = 0.0F;
    for (uint32_t i = lane; i < elements; i += 32) sum += element(i);
    const double mean = warp_sum(static_cast<double>(sum)) / static_cast<double>(elements);
    const auto rounded = static_cast<float>(mean);
    float squares = 0.0F;
    for (uint32_t i = lane; i < elements; i += 32) {
      const float difference = element(i) - rounded;
      squares = fmaf(difference, difference, squares);
    }
    const double error = mean - static_cast<double>(rounded);
    const double total =
        warp_sum(static_cast<double>(squares)) - static_cast<double>(elements) * error * error;
    if (lane == 0) {
      out[(int64_t{blockIdx.y} * groups + group) * chunks + blockIdx.x] = {static_cast<double>(elements),
                                                                           mean, total < 0.0 ? 0.0 : total};
    }
  }
}

// (x - mean) * factor + bias. [B, C] each.
struct ChannelScales {
  float* means;
  float* factors;

  // In memory of channel_scale_bytes, for `count` channels of all images.
  static ChannelScales in(void* memory, int64_t count) {
    auto* const floats = static_cast<float*>(memory);
    return {floats, floats + count};
  }
};

__device__ __forceinline__ void load_elements(const float* from, float (&to)[1]) { to[0] = from[0]; }
__device__ __forceinline__ void load_elements(const float* from, float (&to)[8]) {
  Elements<DType::f32>::load(reinterpret_cast<const unsigned char*>(from), 0, 8, true, to);
}
__device__ __forceinline__ void store_elements(const float (&from)[1], float* to) { to[0] = from[0]; }
__device__ __forceinline__ void store_elements(const float (&from)[8], float* to) {
  reinterpret_cast<float4*>(to)[0] = make_float4(from[0], from[1], from[2], from[3]);
  reinterpret_cast<float4*>(to)[1] = make_float4(from[4], from[5], from[6], from[7]);
}

// A block a group of an image: how each of its channels is scaled.
__global__ __launch_bounds__(kThreads) void join_moments(const Moments* parts, int64_t chunks, float eps,
                                                         const float* weight, int64_t width, int groups,
                                                         ChannelScales scales) {
  __shared__ Moments sums[kThreads];
  const Moments* const own = parts + int64_t{blockIdx.x} * chunks;
  Moments total{0.0, 0.0, 0.0};
  for (int64_t i = threadIdx.x; i < chunks; i += kThreads) total = joined(total, own[i]);
  sums[threadIdx.x] = total;
  __syncthreads();
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] = joined(sums[threadIdx.x], sums[threadIdx.x + half]);
    __syncthreads();
  }
  const auto mean = static_cast<float>(sums[0].mean);
  const auto scale =
      static_cast<float>(1.0 / sqrt(sums[0].squares / sums[0].count + static_cast<double>(eps)));
  const int64_t group = blockIdx.x % groups, image = blockIdx.x / groups;
  for (int64_t i = threadIdx.x; i < width; i += kThreads) {
    const int64_t channel = group * width + i, at = image * width * groups + channel;
    scales.means[at] = mean;
    scales.factors[at] = scale * weight[channel];
  }
}

// -- every channel ------------------------------------------------------------------------------------------

// A thread a channel. blockIdx.x: chunk, y: part of the channels, z: image.
__global__ __launch_bounds__(kThreads) void chunk_squares(const float* x, int64_t pixels, int64_t channels,
                                                          float* out) {
  const int64_t channel = int64_t{blockIdx.y} * kThreads + threadIdx.x;
  if (channel >= channels) return;
  const int64_t first = int64_t{blockIdx.x} * kChunkPixels;
  const int64_t count = pixels - first < kChunkPixels ? pixels - first : kChunkPixels;
  const float* const from = x + (int64_t{blockIdx.z} * pixels + first) * channels + channel;
  float squares = 0.0F;
  for (int64_t i = 0; i < count; ++i) squares = fmaf(from[i * channels], from[i * channels], squares);
  out[(int64_t{blockIdx.z} * gridDim.x + blockIdx.x) * channels + channel] = squares;
}

// A block an image: how each of its channels is scaled. An image has few chunks.
__global__ __launch_bounds__(kJoinThreads) void join_squares(const float* parts, int64_t chunks,
                                                             int64_t channels, float eps, const float* weight,
                                                             ChannelScales scales) {
  const float* const own = parts + int64_t{blockIdx.x} * chunks * channels;
  float* const means = scales.means + int64_t{blockIdx.x} * channels;
  float* const factors = scales.factors + int64_t{blockIdx.x} * channels;
  double sum = 0.0;
  for (int64_t c = threadIdx.x; c < channels; c += kJoinThreads) {
    double squares = 0.0;
    for (int64_t i = 0; i < chunks; ++i) squares += static_cast<double>(own[i * channels + c]);
    const double length = sqrt(squares);
    sum += length;
    factors[c] = static_cast<float>(length);  // this thread alone reads it again
  }
  const double scale = 1.0 / (block_sum(sum) / static_cast<double>(channels) + static_cast<double>(eps));
  for (int64_t c = threadIdx.x; c < channels; c += kJoinThreads) {
    means[c] = 0.0F;
    factors[c] =
        static_cast<float>(1.0 + static_cast<double>(weight[c]) * static_cast<double>(factors[c]) * scale);
  }
}

// -- both ---------------------------------------------------------------------------------------------------

// kCount neighbouring channels at a time, to `out` or, where that is null, in two terms. blockIdx.y: image.
template <int kCount>
__global__ __launch_bounds__(kThreads) void scale_channels(const float* x, const float* bias,
                                                           ChannelScales scales, uint32_t pieces,
                                                           uint32_t channels, bool silu, float* out,
                                                           SplitRows terms) {
  const int64_t image = int64_t{blockIdx.y} * pieces * kCount;
  const float* const means = scales.means + int64_t{blockIdx.y} * channels;
  const float* const factors = scales.factors + int64_t{blockIdx.y} * channels;
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < pieces; i += gridDim.x * blockDim.x) {
    const uint32_t channel = i % (channels / kCount) * kCount;
    const int64_t at = image + int64_t{i} * kCount;
    float y[kCount];
    load_elements(x + at, y);
#pragma unroll
    for (int j = 0; j < kCount; ++j) {
      y[j] = (y[j] - means[channel + j]) * factors[channel + j] + bias[channel + j];
      if (silu) y[j] = y[j] / (1.0F + expf(-y[j]));
    }
    if (out != nullptr) {
      store_elements(y, out + at);
    } else if constexpr (kCount == 8) {
      store_terms(y, const_cast<uint16_t*>(terms.high) + at, const_cast<uint16_t*>(terms.low) + at);
    }
  }
}

// x: [B, h, w, C]; to `out` or, where that is null, to `terms`.
void apply_scales(cudaStream_t stream, const Tensor& x, const Tensor& bias, ChannelScales scales, bool silu,
                  float* out, const SplitRows* terms) {
  const int64_t channels = x.size(3), elements = x.elements() / x.size(0);
  const auto run = [&]<int kCount>() {
    const int64_t pieces = elements / kCount;
    launch(
        stream,
        {.grid = dim3(blocks_for(pieces, kThreads), static_cast<unsigned>(x.size(0))), .threads = kThreads},
        scale_channels<kCount>, x.data<float>(), bias.data<float>(), scales, static_cast<uint32_t>(pieces),
        static_cast<uint32_t>(channels), silu, out, terms != nullptr ? *terms : SplitRows{});
  };
  channels % 8 == 0 ? run.template operator()<8>() : run.template operator()<1>();
}

}  // namespace

void CudaDevice::rms_norm(const Tensor& x, const Tensor& weight, float eps, Tensor& out) {
  const int64_t width = x.shape().back();
  launch(stream(), {.grid = static_cast<unsigned>(x.elements() / width), .threads = kThreads},
         rms_norm_kernel, x.data<float>(), weight.data<float>(), width, eps, out.data<float>());
}

void CudaDevice::layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                            Tensor& out) {
  const int64_t width = x.shape().back();
  launch(stream(), {.grid = static_cast<unsigned>(x.elements() / width), .threads = kThreads},
         layer_norm_kernel, x.data<float>(), weight.data<float>(), bias.data<float>(), width, eps,
         out.data<float>());
}

void CudaDevice::group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps,
                            bool silu, Tensor& out) {
  group_norm_to(x, {.weight = weight, .bias = bias, .groups = groups, .eps = eps}, silu, out.data<float>(),
                nullptr);
}

void CudaDevice::group_norm_to(const Tensor& x, const GroupNormOptions& norm, bool silu, float* out,
                               const SplitRows* terms) {
  const int64_t pixels = x.size(1) * x.size(2), channels = x.size(3),
                chunks = divide_up(pixels, kChunkPixels);
  const auto batch = static_cast<unsigned>(x.size(0));
  const std::shared_ptr<void> moments = allocate(moment_bytes(batch, pixels, norm.groups));
  const std::shared_ptr<void> memory = allocate(channel_scale_bytes(batch, channels));
  const ChannelScales scales = ChannelScales::in(memory.get(), batch * channels);
  launch(stream(), {.grid = dim3(static_cast<unsigned>(chunks), batch), .threads = kThreads}, chunk_moments,
         x.data<float>(), pixels, channels, norm.groups, static_cast<Moments*>(moments.get()));
  launch(stream(), {.grid = batch * static_cast<unsigned>(norm.groups), .threads = kThreads}, join_moments,
         static_cast<const Moments*>(moments.get()), chunks, norm.eps, norm.weight.data<float>(),
         channels / norm.groups, norm.groups, scales);
  apply_scales(stream(), x, norm.bias, scales, silu, out, terms);
}

void CudaDevice::global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                                      Tensor& out) {
  const int64_t pixels = x.size(1) * x.size(2), channels = x.size(3),
                chunks = divide_up(pixels, kChunkPixels);
  const auto batch = static_cast<unsigned>(x.size(0));
  const std::shared_ptr<void> squares = allocate(channel_square_bytes(batch, pixels, channels));
  const std::shared_ptr<void> memory = allocate(channel_scale_bytes(batch, channels));
  const ChannelScales scales = ChannelScales::in(memory.get(), batch * channels);
  const auto parts = static_cast<unsigned>(divide_up(channels, kThreads));
  launch(stream(), {.grid = dim3(static_cast<unsigned>(chunks), parts, batch), .threads = kThreads},
         chunk_squares, x.data<float>(), pixels, channels, static_cast<float*>(squares.get()));
  launch(stream(), {.grid = batch, .threads = kJoinThreads}, join_squares,
         static_cast<const float*>(squares.get()), chunks, channels, eps, weight.data<float>(), scales);
  apply_scales(stream(), x, bias, scales, /*silu=*/false, out.data<float>(), nullptr);
}

void CudaDevice::l2_normalize(const Tensor& x, float eps, Tensor& out) {
  const int64_t width = x.shape().back();
  Tensor dense = x;
  if (!x.contiguous()) {
    dense = Tensor(*this, x.dtype(), x.shape());
    copy(x, dense);
  }
  const MatrixView view = MatrixView::of(dense.reshape(Shape{x.elements() / width, width}));
  with_float_type(x.dtype(), [&]<DType kType>() {
    launch(stream(), {.grid = static_cast<unsigned>(x.elements() / width), .threads = 32},
           l2_normalize_kernel<kType>, view, eps, out.data<float>());
  });
  note_written();
}

}  // namespace janus::cuda
