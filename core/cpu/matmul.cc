// Linear layers.
#include <cstring>

#include "core/cpu/cpu_device.h"
#include "core/cpu/gemm.h"

namespace janus::cpu {
namespace {

constexpr int64_t kSharedPanel = 256;  // weight rows

// The product of many rows: out[rows, columns] = x weight^T + bias.
void many_rows(const Kernels& kernels, const Team& team, const float* x, int64_t rows, int64_t depth,
               const Matrix& weight, int64_t columns, const float* bias, float* out) {
  const auto load_row = [&](int64_t row, int64_t begin, int64_t end, float* to) {
    std::memcpy(to, x + row * depth + begin, static_cast<size_t>(end - begin) * sizeof(float));
  };
  multiply(kernels, team, rows, depth, load_row, weight, columns, bias, out);
}

}  // namespace

void CpuDevice::linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  const int64_t batch = x.rank() == 3 ? x.size(0) : 1, tokens = x.size(x.rank() - 2);
  const int64_t depth = weight.size(1), columns = weight.size(0);
  const Matrix matrix{weight.dtype(), weight.raw(), weight.row_stride()};
  const float* bias_data = bias.empty() ? nullptr : bias.data<float>();
  if (tokens > 1) {
    // Every element of this product is computed alike wherever it stands, so the batch can be one tall
    // matrix.
    many_rows(kernels_, team_, x.data<float>(), batch * tokens, depth, matrix, columns, bias_data,
              out.data<float>());
    return;
  }
  // What more rows than the kernel takes at once share comes from the second-level cache, not from memory
  // again.
  const int64_t panel = batch <= kMaxFewRows ? columns : kSharedPanel;
  // Parts are multiples of 16: a cache line of the output belongs to one thread.
  team_.parallel_for(columns, 16, [&](int64_t begin, int64_t end) {
    float* packed = scratch(0, few_rows_floats(depth, kMaxFewRows));
    for (int64_t first = begin; first < end; first += panel) {
      for (int64_t row = 0; row < batch; row += kMaxFewRows) {
        const int rows = static_cast<int>(std::min<int64_t>(kMaxFewRows, batch - row));
        kernels_.few_rows(matrix, first, std::min(end, first + panel), depth, x.data<float>() + row * depth,
                          depth, rows, bias_data, out.data<float>() + row * columns, columns, packed);
      }
    }
  });
}

}  // namespace janus::cpu
