// Linear layers.
#include <algorithm>

#include "core/cuda/bf16_terms.h"
#include "core/cuda/cuda_device.h"
#include "core/cuda/gemm.h"
#include "core/cuda/gemv.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {
namespace {

struct GemvOutput {
  float* data;
  int64_t stride;     // between batch rows
  const float* bias;  // or null
};

template <DType kType, int kTiles>
__global__ __launch_bounds__(kGemvThreads) void gemv_linear(StackedRows weight, SplitRows x, int64_t depth,
                                                            GemvOutput out) {
  for (int first = 0; first < x.batch; first += 8 * kTiles) {
    const auto sums = gemv_sums<kType, kTiles>(weight, x, depth, first);
    for (int i = static_cast<int>(threadIdx.x); i < kGemvRows * 8 * kTiles; i += kGemvThreads) {
      // Neighbouring threads write neighbouring outputs.
      const int r = i % kGemvRows, b = first + i / kGemvRows;
      const int64_t row = int64_t{blockIdx.x} * kGemvRows + r;
      if (row < weight.ends[2] && b < x.batch) {
        out.data[b * out.stride + row] =
            sums[r][i / kGemvRows] + (out.bias == nullptr ? 0.0F : out.bias[row]);
      }
    }
    __syncthreads();
  }
}

// In f32, for what the tensor cores would round or whose rows are not aligned: a warp a weight row, its lanes
// over the depth, so the order of a sum depends on the depth alone.
constexpr int kWarpBatch = 8;

template <DType kType>
__global__ __launch_bounds__(256) void warp_linear(MatrixView weight, int64_t columns, const float* x,
                                                   int batch, GemvOutput out) {
  const int64_t row = int64_t{blockIdx.x} * 8 + threadIdx.x / 32;
  const int lane = static_cast<int>(threadIdx.x % 32);
  if (row >= columns) return;
  const int first = static_cast<int>(blockIdx.y) * kWarpBatch;
  const unsigned char* const from = weight.data + row * weight.row_bytes;
  const bool wide = weight.depth % 8 == 0;  // activations are dense
  float sums[kWarpBatch] = {};
  for (int64_t k = lane * 8; k < weight.depth; k += 256) {
    float w[8];
    Elements<kType>::load(from, k, weight.depth, weight.wide, w);
#pragma unroll
    for (int b = 0; b < kWarpBatch; ++b) {
      if (first + b >= batch) break;
      float y[8];
      const float* const entry = x + (first + b) * weight.depth;
      Elements<DType::f32>::load(reinterpret_cast<const unsigned char*>(entry), k, weight.depth, wide, y);
#pragma unroll
      for (int i = 0; i < 8; ++i) sums[b] = fmaf(w[i], y[i], sums[b]);
    }
  }
#pragma unroll
  for (int b = 0; b < kWarpBatch; ++b) {
    const float total = warp_sum(sums[b]);
    if (lane == 0 && first + b < batch) {
      out.data[(first + b) * out.stride + row] = total + (out.bias == nullptr ? 0.0F : out.bias[row]);
    }
  }
}

}  // namespace

void CudaDevice::gemv(const Tensor& x, const Tensor& weight, const float* bias, Tensor& out) {
  const auto batch = static_cast<int>(x.elements() / weight.size(1));
  const GemvOutput output{out.data<float>(), weight.size(0), bias};
  if (!is_gemv_weight(weight)) {
    with_weight_type(weight.dtype(), [&]<DType kType>() {
      launch(stream(),
             {.grid = dim3(static_cast<unsigned>(divide_up(weight.size(0), 8)),
                           static_cast<unsigned>(divide_up(batch, kWarpBatch)))},
             warp_linear<kType>, MatrixView::of(weight), weight.size(0), x.data<float>(), batch, output);
    });
    return;
  }
  const SplitBuffer split(*this, batch, weight.size(1));
  split_rows(stream(), x.data<float>(), split.rows(), weight.size(1));
  const Tensor* const part[] = {&weight};
  const StackedRows rows = StackedRows::of(part);
  with_gemv_type(weight.dtype(), [&]<DType kType>() {
    with_gemv_tiles(batch, [&]<int kTiles>() {
      launch(stream(),
             {.grid = static_cast<unsigned>(rows.tiles()), .threads = kGemvThreads, .overlaps = true},
             gemv_linear<kType, kTiles>, rows, split.rows(), weight.size(1), output);
    });
  });
}

// Multiplies by the library. False where it is missing or does not take such a product.
bool CudaDevice::blas_linear(const Tensor& x, const Tensor& weight, const float* bias, Tensor& out) {
  const int64_t columns = weight.size(0), depth = weight.size(1), rows = x.elements() / depth;
  if (!blas_ || !is_blas_gemm(weight.dtype(), columns, depth)) return false;
  if (!MatrixView::of(weight).wide) return false;
  BlasGemm product{.rows = rows,
                   .columns = columns,
                   .depth = depth,
                   .type = weight.dtype(),
                   .weight = weight.raw(),
                   .weight_stride = weight.row_stride(),
                   .x = x.raw(),
                   .x_stride = depth,
                   .out = out.data<float>(),
                   .bias = bias,
                   .adds = false};
  if (weight.dtype() == DType::f32) return blas_->run(stream(), product);
  // As exact as own kernels: activations in two terms, the small one first.
  const SplitBuffer split(*this, static_cast<int>(rows), depth);
  split_rows(stream(), x.data<float>(), split.rows(), depth);
  product.x = split.rows().low;
  product.x_stride = split.rows().depth;
  product.bias = nullptr;
  if (!blas_->run(stream(), product)) return false;
  product.x = split.rows().high;
  product.bias = bias;
  product.adds = true;
  return blas_->run(stream(), product);
}

void CudaDevice::linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  const int64_t tokens = x.size(x.rank() - 2), depth = weight.size(1);
  const float* const bias_data = bias.empty() ? nullptr : bias.data<float>();
  if (tokens > 1 && blas_linear(x, weight, bias_data, out)) return;
  if (tokens == 1) return gemv(x, weight, bias_data, out);
  with_weight_kind(weight, [&]<DType kType, Layout kLayout>() {
    // Every element is computed alike wherever it stands, so the batch can be one tall matrix.
    const int64_t rows = x.elements() / depth;
    const DenseRows left{x.data<float>(), depth, 0, rows, depth, depth % 8 == 0};
    const WeightRows<kType, kLayout> right{MatrixView::of(weight), weight.size(0)};
    const GemmOutput output{out.data<float>(), weight.size(0), 0, bias_data};
    const GemmShape shape{rows, weight.size(0), depth};
    if constexpr (kType == DType::f32) {
      run_f32_gemm(stream(), shape, left, right, output);
    } else {
      run_split_gemm(stream(), shape, left, right, output);
    }
  });
}

}  // namespace janus::cuda
