// Copies, conversions and operations element by element.
#include <algorithm>
#include <thread>
#include <vector>

#include "core/cuda/cuda_device.h"
#include "core/cuda/grid_stride.h"
#include "core/cuda/launch.h"
#include "core/cuda/packed_blocks.h"
#include "core/quant/quantize.h"

namespace janus::cuda {
namespace {

int64_t row_length(const Tensor& x) {
  return x.rank() == 0 || x.size(0) == 0 ? x.elements() : x.elements() / x.size(0);
}
int64_t row_count(const Tensor& x) { return x.rank() == 0 ? 1 : x.size(0); }

// Elements of a host array go to a kernel by value, so many at a time.
constexpr int kListed = 256;
struct Listed {
  int32_t values[kListed];
};
Listed listed(std::span<const int32_t> values, size_t first) {
  Listed list{};
  std::copy_n(values.begin() + static_cast<int64_t>(first), std::min<size_t>(kListed, values.size() - first),
              list.values);
  return list;
}

// Rows of any type and layout to dense f32, eight elements a thread. ids: which rows, or null for all in
// order.
template <DType kType, Layout kLayout>
__global__ void rows_to_f32(MatrixView x, int64_t rows, float* out) {
  const int64_t pieces = divide_up(x.depth, 8);
  for (int64_t i = first_index(); i < rows * pieces; i += index_step()) {
    const int64_t row = i / pieces, k = i % pieces * 8;
    float elements[8];
    load_elements<kType, kLayout>(x, row, k, elements);
    for (int j = 0; j < 8 && k + j < x.depth; ++j) out[row * x.depth + k + j] = elements[j];
  }
}

template <DType kType>
__global__ void gather_rows(MatrixView table, Listed ids, int count, float* out) {
  const int64_t pieces = divide_up(table.depth, 8);
  for (int64_t i = first_index(); i < count * pieces; i += index_step()) {
    const int64_t row = i / pieces, k = i % pieces * 8;
    float elements[8];
    load_elements<kType, Layout::plain>(table, ids.values[row], k, elements);
    for (int j = 0; j < 8 && k + j < table.depth; ++j) out[row * table.depth + k + j] = elements[j];
  }
}

template <DType kType>
__global__ void from_f32(const float* x, int64_t count, uint16_t* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    out[i] = kType == DType::bf16 ? to_bf16(x[i]) : to_f16(x[i]);
  }
}

__global__ void add_kernel(const float* x, const float* y, int64_t count, int64_t period, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) out[i] = x[i] + y[i % period];
}

// A vector of each for every `period` elements, one after another.
__global__ void scale_shift_kernel(const float* x, const float* scale, const float* shift, int64_t count,
                                   int64_t channels, int64_t period, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    const int64_t at = i / period * channels + i % channels;
    out[i] = fmaf(x[i], 1.0F + scale[at], shift[at]);
  }
}

__global__ void gelu_kernel(const float* x, int64_t count, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    // erfc keeps the small values of the left tail.
    out[i] = x[i] * 0.5F * erfcf(-x[i] * 0.70710678118654752F);
  }
}

__global__ void swiglu_kernel(const float* gate, const float* up, int64_t count, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    out[i] = gate[i] / (1.0F + expf(-gate[i])) * up[i];
  }
}

__global__ void rope_kernel(float* x, int64_t pairs, int64_t tokens, int heads, int64_t half,
                            Listed positions, const float* table) {
  for (int64_t i = first_index(); i < pairs; i += index_step()) {
    const int64_t j = i % half, head = i / half, token = head / heads;
    const int64_t position = positions.values[token / tokens] + token % tokens;
    const float cosine = table[position * 2 * half + j], sine = table[position * 2 * half + half + j];
    float* const pair = x + head * 2 * half + j;
    const float a = pair[0], b = pair[half];
    pair[0] = a * cosine - b * sine;
    pair[half] = b * cosine + a * sine;
  }
}

__global__ void upsample_kernel(const float* x, int64_t height, int64_t width, int64_t channels,
                                int64_t count, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    const int64_t c = i % channels, pixel = i / channels, ox = pixel % (2 * width), y = pixel / (2 * width);
    const int64_t image = y / (2 * height), oy = y % (2 * height);
    out[i] = x[((image * height + oy / 2) * width + ox / 2) * channels + c];
  }
}

// On the processor, on all its threads: searching for a block's scales is no work for a GPU, and is done
// once a weight.
void quantize_rows(DType type, const float* from, int64_t rows, int64_t length, std::byte* to) {
  const auto threads = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const size_t row_bytes = bytes_of(type, length);
  std::vector<std::thread> workers;
  std::vector<std::exception_ptr> faults(static_cast<size_t>(threads));
  for (int64_t worker = 0; worker < threads; ++worker) {
    workers.emplace_back([=, &faults] {
      try {
        for (int64_t row = worker; row < rows; row += threads) {
          check_quantizable(type, from + row * length, length);
          quantize(type, from + row * length, length, to + row * row_bytes);
        }
      } catch (...) {
        faults[worker] = std::current_exception();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (const std::exception_ptr& fault : faults) {
    if (fault) std::rethrow_exception(fault);
  }
}

// [rows, row length] of a tensor of any rank.
Tensor as_matrix(const Tensor& x) {
  if (x.rank() == 2) return x;
  return x.reshape(Shape{row_count(x), row_length(x)});
}

}  // namespace

void CudaDevice::convert(const Tensor& x, Tensor& out) {
  if (x.dtype() == out.dtype() && x.layout() == out.layout()) return copy(x, out);
  if (out.layout() == Layout::packed) return pack(x, out);
  const int64_t rows = row_count(x), length = row_length(x);
  if (out.dtype() == DType::f32) {
    with_weight_kind(x, [&]<DType kType, Layout kLayout>() {
      const Tensor matrix = as_matrix(x);
      launch(stream(), {.grid = blocks_for(rows * divide_up(length, 8))}, rows_to_f32<kType, kLayout>,
             MatrixView::of(matrix), rows, out.data<float>());
    });
    note_written();
    return;
  }
  if (x.dtype() != DType::f32 || !x.contiguous()) {
    Tensor wide(*this, DType::f32, x.shape());
    convert(x, wide);
    return convert(wide, out);
  }
  if (!is_quantized(out.dtype())) {
    const auto kernel = out.dtype() == DType::bf16 ? from_f32<DType::bf16> : from_f32<DType::f16>;
    launch(stream(), {.grid = blocks_for(x.elements())}, kernel, x.data<float>(), x.elements(),
           out.data<uint16_t>());
    note_written();
    return;
  }
  const int64_t part = std::max<int64_t>(1, (int64_t{1} << 24) / length);
  std::vector<float> elements(static_cast<size_t>(std::min(part, rows) * length));
  std::vector<std::byte> blocks(bytes_of(out.dtype(), static_cast<int64_t>(elements.size())));
  for (int64_t row = 0; row < rows; row += part) {
    const int64_t count = std::min(part, rows - row);
    download(elements.data(), x.data<float>() + row * length,
             static_cast<size_t>(count * length) * sizeof(float));
    quantize_rows(out.dtype(), elements.data(), count, length, blocks.data());
    upload(static_cast<std::byte*>(out.raw()) + bytes_of(out.dtype(), row * length), blocks.data(),
           bytes_of(out.dtype(), count * length));
  }
}

void CudaDevice::copy(const Tensor& x, Tensor& out) {
  if (x.contiguous() && out.contiguous()) {
    check_cuda(cudaMemcpyAsync(out.raw(), x.raw(), x.memory_bytes(), cudaMemcpyDeviceToDevice, stream()),
               "copying on the GPU");
    return;
  }
  const size_t row_bytes = bytes_of(x.dtype(), row_length(x));
  const auto rows = static_cast<size_t>(row_count(x));
  // With one row a stride may be less than the row: it is of no tensor.
  const size_t from_pitch = rows > 1 ? bytes_of(x.dtype(), x.row_stride()) : row_bytes;
  const size_t to_pitch = rows > 1 ? bytes_of(out.dtype(), out.row_stride()) : row_bytes;
  check_cuda(cudaMemcpy2DAsync(out.raw(), to_pitch, x.raw(), from_pitch, row_bytes, rows,
                               cudaMemcpyDeviceToDevice, stream()),
             "copying on the GPU");
}

void CudaDevice::embedding(const Tensor& table, std::span<const int32_t> ids, Tensor& out) {
  for (size_t first = 0; first < ids.size(); first += kListed) {
    const int count = static_cast<int>(std::min<size_t>(kListed, ids.size() - first));
    with_weight_type(table.dtype(), [&]<DType kType>() {
      launch(stream(), {.grid = blocks_for(count * divide_up(table.size(1), 8))}, gather_rows<kType>,
             MatrixView::of(table), listed(ids, first), count,
             out.data<float>() + static_cast<int64_t>(first) * table.size(1));
    });
  }
}

void CudaDevice::add(const Tensor& x, const Tensor& y, Tensor& out) {
  launch(stream(), {.grid = blocks_for(x.elements())}, add_kernel, x.data<float>(), y.data<float>(),
         x.elements(), y.elements(), out.data<float>());
}

void CudaDevice::scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift, Tensor& out) {
  const int64_t count = x.elements(), period = scale.rank() == 1 ? count : count / x.size(0);
  launch(stream(), {.grid = blocks_for(count)}, scale_shift_kernel, x.data<float>(), scale.data<float>(),
         shift.data<float>(), count, x.shape().back(), period, out.data<float>());
}

void CudaDevice::gelu_erf(const Tensor& x, Tensor& out) {
  launch(stream(), {.grid = blocks_for(x.elements())}, gelu_kernel, x.data<float>(), x.elements(),
         out.data<float>());
}

void CudaDevice::swiglu(const Tensor& gate, const Tensor& up, Tensor& out) {
  launch(stream(), {.grid = blocks_for(gate.elements())}, swiglu_kernel, gate.data<float>(), up.data<float>(),
         gate.elements(), out.data<float>());
}

void CudaDevice::rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) {
  const int64_t tokens = x.size(1), half = table.size(2);
  for (size_t first = 0; first < positions.size(); first += kListed) {
    const auto rows = static_cast<int64_t>(std::min<size_t>(kListed, positions.size() - first));
    const int64_t pairs = rows * tokens * heads * half;
    launch(stream(), {.grid = blocks_for(pairs)}, rope_kernel,
           x.data<float>() + static_cast<int64_t>(first) * tokens * x.size(2), pairs, tokens, heads, half,
           listed(positions, first), table.data<float>());
  }
}

void CudaDevice::upsample_nearest2x(const Tensor& x, Tensor& out) {
  launch(stream(), {.grid = blocks_for(out.elements())}, upsample_kernel, x.data<float>(), x.size(1),
         x.size(2), x.size(3), out.elements(), out.data<float>());
}

}  // namespace janus::cuda
