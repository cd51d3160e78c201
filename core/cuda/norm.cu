// Norms.
#include "core/cuda/cuda_device.h"
#include "core/cuda/launch.h"
#include "core/cuda/numbers.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {
namespace {

constexpr unsigned kThreads = 256;

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
  const auto number = [&](int64_t i) -> float {
    if constexpr (kType == DType::f32) return reinterpret_cast<const float*>(from)[i];
    const uint16_t bits = reinterpret_cast<const uint16_t*>(from)[i];
    return kType == DType::bf16 ? from_bf16(bits) : from_f16(bits);
  };
  double squares = 0.0;
  for (int64_t i = lane; i < x.depth; i += 32) {
    squares += static_cast<double>(number(i)) * static_cast<double>(number(i));
  }
  const auto length = static_cast<float>(sqrt(warp_sum(squares)));
  const float bound = length < eps ? eps : length;  // keeps a NaN
  for (int64_t i = lane; i < x.depth; i += 32) out[row * x.depth + i] = number(i) / bound;
}

// -- groups of channels -------------------------------------------------------------------------------------

// Pixels whose sums are taken in f32 before they are joined in double; many blocks share an image, since a
// block a group would leave most of the card idle.
constexpr int64_t kChunkPixels = 64;

// Mean and sum of squared differences of `count` numbers; joined as by Chan, Golub and LeVeque (1983).
struct Moments {
  double count, mean, squares;
};
__device__ __forceinline__ Moments joined(const Moments& a, const Moments& b) {
  if (a.count == 0.0) return b;
  if (b.count == 0.0) return a;
  const double total = a.count + b.count, delta = b.mean - a.mean;
  return {total, a.mean + delta * b.count / total,
          a.squares + b.squares + delta * delta * a.count * b.count / total};
}

// The moments of every group over one chunk of one image: a warp a group, its lanes over the chunk's numbers.
__global__ __launch_bounds__(kThreads) void chunk_moments(const float* x, int64_t pixels, int64_t channels,
                                                          int groups, Moments* out) {
  const int64_t chunks = gridDim.x, first = int64_t{blockIdx.x} * kChunkPixels;
  const int64_t count = pixels - first < kChunkPixels ? pixels - first : kChunkPixels;
  const int64_t width = channels / groups, numbers = count * width;
  const float* const from = x + (int64_t{blockIdx.y} * pixels + first) * channels;
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int group = static_cast<int>(threadIdx.x / 32); group < groups; group += kThreads / 32) {
    const auto number = [&](int64_t i) { return from[i / width * channels + group * width + i % width]; };
    float sum = 0.0F;
    for (int64_t i = lane; i < numbers; i += 32) sum += number(i);
    const double mean = warp_sum(static_cast<double>(sum)) / static_cast<double>(numbers);
    const auto rounded = static_cast<float>(mean);
    float squares = 0.0F;
    for (int64_t i = lane; i < numbers; i += 32) {
      const float difference = number(i) - rounded;
      squares = fmaf(difference, difference, squares);
    }
    const double error = mean - static_cast<double>(rounded);
    const double total =
        warp_sum(static_cast<double>(squares)) - static_cast<double>(numbers) * error * error;
    if (lane == 0) {
      out[(int64_t{blockIdx.y} * groups + group) * chunks + blockIdx.x] = {static_cast<double>(numbers), mean,
                                                                           total < 0.0 ? 0.0 : total};
    }
  }
}

// A block a group of an image. scales: mean and 1 / deviation of each.
__global__ __launch_bounds__(kThreads) void join_moments(const Moments* parts, int64_t chunks, float eps,
                                                         float* scales) {
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
  if (threadIdx.x != 0) return;
  scales[2 * blockIdx.x] = static_cast<float>(sums[0].mean);
  scales[2 * blockIdx.x + 1] =
      static_cast<float>(1.0 / sqrt(sums[0].squares / sums[0].count + static_cast<double>(eps)));
}

__global__ void apply_group_norm(const float* x, const float* weight, const float* bias, const float* scales,
                                 int64_t image, int64_t channels, int groups, int64_t count, bool swish,
                                 float* out) {
  const int64_t width = channels / groups;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t channel = i % channels;
    const float* const scale = scales + 2 * (i / image * groups + channel / width);
    const float y = (x[i] - scale[0]) * (scale[1] * weight[channel]) + bias[channel];
    out[i] = swish ? y / (1.0F + expf(-y)) : y;
  }
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
                            bool swish, Tensor& out) {
  const int64_t pixels = x.size(1) * x.size(2), channels = x.size(3),
                chunks = divide_up(pixels, kChunkPixels);
  const auto batch = static_cast<unsigned>(x.size(0));
  const std::shared_ptr<void> moments =
      allocate(sizeof(Moments) * static_cast<size_t>(batch * groups * chunks));
  const std::shared_ptr<void> scales = allocate(2 * sizeof(float) * static_cast<size_t>(batch) * groups);
  launch(stream(), {.grid = dim3(static_cast<unsigned>(chunks), batch), .threads = kThreads}, chunk_moments,
         x.data<float>(), pixels, channels, groups, static_cast<Moments*>(moments.get()));
  launch(stream(), {.grid = batch * static_cast<unsigned>(groups), .threads = kThreads}, join_moments,
         static_cast<const Moments*>(moments.get()), chunks, eps, static_cast<float*>(scales.get()));
  launch(stream(), {.grid = blocks_for(x.elements())}, apply_group_norm, x.data<float>(),
         weight.data<float>(), bias.data<float>(), static_cast<const float*>(scales.get()), pixels * channels,
         channels, groups, x.elements(), swish, out.data<float>());
}

void CudaDevice::l2_normalize(const Tensor& x, float eps, Tensor& out) {
  const int64_t width = x.shape().back();
  Tensor dense = x;
  if (!x.contiguous()) {
    dense = Tensor(*this, x.dtype(), x.shape());
    copy(x, dense);
  }
  const MatrixView view = MatrixView::of(dense.reshape(Shape{x.elements() / width, width}));
  const auto run = [&](auto kernel) {
    launch(stream(), {.grid = static_cast<unsigned>(x.elements() / width), .threads = 32}, kernel, view, eps,
           out.data<float>());
  };
  if (x.dtype() == DType::f32) {
    run(l2_normalize_kernel<DType::f32>);
  } else if (x.dtype() == DType::bf16) {
    run(l2_normalize_kernel<DType::bf16>);
  } else {
    run(l2_normalize_kernel<DType::f16>);
  }
  note_written();
}

}  // namespace janus::cuda
