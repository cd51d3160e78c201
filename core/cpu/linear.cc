// Linear layers.
#include <cstring>

#include "core/cpu/cpu_device.h"
#include "core/cpu/gemm.h"
#include "core/cpu/integer_gemm.h"
#include "core/cpu/term_gemm.h"

namespace janus::cpu {
namespace {

constexpr int64_t kSharedPanel = 256;  // weight rows
// Parts of threads are multiples of it: a cache line of the output belongs to one thread.
constexpr int64_t kStep = 16;

int64_t tokens_of(const Tensor& x) { return x.size(x.rank() - 2); }
int64_t steps_of(const LinearView& layer) { return (layer.weight.size(0) + kStep - 1) / kStep; }
Matrix matrix_of(const Tensor& weight) {
  return {weight.dtype(), weight.raw(), weight.row_stride(), weight.layout()};
}

// The product of many rows: out[rows, columns] = x weight^T + bias.
void gemm(const Kernels& kernels, const ThreadPool& thread_pool, const float* x, int64_t rows, int64_t depth,
          const Matrix& weight, int64_t columns, const float* bias, float* out) {
  if (term_weights(kernels, weight) != nullptr) {
    const auto to_row = [&](int64_t row, float*) { return x + row * depth; };
    return term_gemm(kernels, thread_pool, rows, depth, to_row, weight, columns, bias, out);
  }
  if (is_quantized(weight.dtype)) {
    return integer_gemm(kernels, thread_pool, x, rows, depth, weight, columns, bias, out);
  }
  const auto load_row = [&](int64_t row, int64_t begin, int64_t end, float* to) {
    std::memcpy(to, x + row * depth + begin, static_cast<size_t>(end - begin) * sizeof(float));
  };
  multiply(kernels, thread_pool, rows, depth, load_row, weight, columns, bias, out);
}

// The rows [B, 1, D] or [1, D] of a step on one thread, for products with several weights. Each thread packs
// them itself: that is less than waiting for another to have done it. Scratch slot 0.
class GemvRows {
 public:
  GemvRows(const Kernels& kernels, const Tensor& x)
      : kernels_(kernels), x_(x.data<float>()), depth_(x.shape().back()), count_(x.elements() / depth_) {}

  // out[r * out_stride + f] = the product of row r with weight row f, plus its bias, for f in [begin, end).
  void multiply(const LinearView& layer, int64_t begin, int64_t end, float* out, int64_t out_stride) {
    if (begin >= end) return;
    const Matrix weight = matrix_of(layer.weight);
    const float* bias = layer.bias.empty() ? nullptr : layer.bias.data<float>();
    const WeightKernels& kernels = kernels_.of(weight.dtype, weight.layout);
    pack_for(kernels);
    // What more rows than the kernel takes at once share comes from the second-level cache, not from memory
    // again.
    const int64_t panel = count_ <= at_once_ ? end - begin : kSharedPanel;
    for (int64_t first = begin; first < end; first += panel) {
      for (int64_t row = 0; row < count_; row += at_once_) {
        kernels.gemv(weight, first, std::min(end, first + panel), depth_, packed_at(row), rows_at(row), bias,
                     out + row * out_stride, out_stride);
      }
    }
  }

 private:
  int rows_at(int64_t row) const { return static_cast<int>(std::min(at_once_, count_ - row)); }
  float* packed_at(int64_t row) const { return packed_ + gemv_floats(depth_, static_cast<int>(row)); }

  void pack_for(const WeightKernels& kernels) {
    if (packed_ != nullptr && packed_by_ == kernels.pack_activations) return;
    packed_ = scratch(0, gemv_floats(depth_, static_cast<int>(count_)));
    packed_by_ = kernels.pack_activations;
    at_once_ = kernels.gemv_rows;
    for (int64_t row = 0; row < count_; row += at_once_) {
      packed_by_(x_ + row * depth_, depth_, depth_, rows_at(row), packed_at(row));
    }
  }

  const Kernels& kernels_;
  const float* x_;
  int64_t depth_, count_, at_once_ = 0;
  float* packed_ = nullptr;
  decltype(WeightKernels::pack_activations) packed_by_ = nullptr;
};

}  // namespace

void CpuDevice::linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  if (tokens_of(x) == 1) {
    const LinearView layer{weight, bias};
    linear_multi(x, {&layer, 1}, {&out, 1});
    return;
  }
  // Every element of this product is computed alike wherever it stands, so the batch can be one tall matrix.
  const int64_t depth = weight.size(1);
  gemm(kernels_, thread_pool_, x.data<float>(), x.elements() / depth, depth, matrix_of(weight),
       weight.size(0), bias.empty() ? nullptr : bias.data<float>(), out.data<float>());
}

void CpuDevice::linear_multi(const Tensor& x, std::span<const LinearView> layers, std::span<Tensor> outs) {
  if (tokens_of(x) > 1) return Device::linear_multi(x, layers, outs);
  int64_t steps = 0;
  for (const LinearView& layer : layers) steps += steps_of(layer);
  thread_pool_.parallel_for(steps, [&](int64_t begin, int64_t end) {
    GemvRows rows(kernels_, x);
    for (size_t i = 0; i < layers.size(); ++i) {
      const int64_t count = steps_of(layers[i]), columns = layers[i].weight.size(0);
      const int64_t first = std::clamp<int64_t>(begin, 0, count), last = std::clamp<int64_t>(end, 0, count);
      rows.multiply(layers[i], first * kStep, std::min(last * kStep, columns), outs[i].data<float>(),
                    columns);
      begin -= count;
      end -= count;
    }
  });
}

void CpuDevice::linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual, Tensor& out) {
  if (tokens_of(x) > 1) return Device::linear_add(x, layer, residual, out);
  const int64_t columns = layer.weight.size(0);
  thread_pool_.parallel_for(columns, kStep, [&](int64_t begin, int64_t end) {
    GemvRows(kernels_, x).multiply(layer, begin, end, out.data<float>(), columns);
    for (int64_t row = 0; row < x.size(0); ++row) {
      float* place = out.data<float>() + row * columns + begin;
      kernels_.add(residual.data<float>() + row * columns + begin, place, end - begin, place);
    }
  });
}

void CpuDevice::linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up, Tensor& out) {
  if (tokens_of(x) > 1) return Device::linear_swiglu(x, gate, up, out);
  const int64_t columns = gate.weight.size(0);
  thread_pool_.parallel_for(columns, kStep, [&](int64_t begin, int64_t end) {
    float* up_out = scratch(1, x.size(0) * columns);
    GemvRows rows(kernels_, x);
    rows.multiply(gate, begin, end, out.data<float>(), columns);
    rows.multiply(up, begin, end, up_out, columns);
    for (int64_t row = 0; row < x.size(0); ++row) {
      float* place = out.data<float>() + row * columns + begin;
      kernels_.swiglu(place, up_out + row * columns + begin, end - begin, place);
    }
  });
}

}  // namespace janus::cpu
