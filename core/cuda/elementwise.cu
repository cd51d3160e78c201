// Copies, conversions and operations element by element.
#include <algorithm>
#include <thread>
#include <vector>

#include "core/cuda/cuda_device.h"
#include "core/cuda/lane_blocks.h"
#include "core/cuda/launch.h"
#include "core/quant/quants.h"

namespace janus::cuda {
namespace {

int64_t row_length(const Tensor& x) {
  return x.rank() == 0 || x.size(0) == 0 ? x.elements() : x.elements() / x.size(0);
}
int64_t row_count(const Tensor& x) { return x.rank() == 0 ? 1 : x.size(0); }

// Numbers of a host array go to a kernel by value, so many at a time.
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

__device__ __forceinline__ int64_t first_index() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t index_step() { return int64_t{gridDim.x} * blockDim.x; }

// Rows of any type to dense f32, eight numbers a thread. ids: which rows, or null for all in order.
template <DType kType>
__global__ void widen_rows(MatrixView x, int64_t rows, float* out) {
  const int64_t pieces = divide_up(x.depth, 8);
  for (int64_t i = first_index(); i < rows * pieces; i += index_step()) {
    const int64_t row = i / pieces, k = i % pieces * 8;
    float numbers[8];
    load_numbers<kType>(x, row, k, numbers);
    for (int j = 0; j < 8 && k + j < x.depth; ++j) out[row * x.depth + k + j] = numbers[j];
  }
}

template <DType kType>
__global__ void gather_rows(MatrixView table, Listed ids, int count, float* out) {
  const int64_t pieces = divide_up(table.depth, 8);
  for (int64_t i = first_index(); i < count * pieces; i += index_step()) {
    const int64_t row = i / pieces, k = i % pieces * 8;
    float numbers[8];
    load_numbers<kType>(table, ids.values[row], k, numbers);
    for (int j = 0; j < 8 && k + j < table.depth; ++j) out[row * table.depth + k + j] = numbers[j];
  }
}

template <DType kType>
__global__ void narrow(const float* x, int64_t count, uint16_t* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    out[i] = kType == DType::bf16 ? to_bf16(x[i]) : to_f16(x[i]);
  }
}

__global__ void add_kernel(const float* x, const float* y, int64_t count, int64_t period, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) out[i] = x[i] + y[i % period];
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

// On the processor, on all its threads: searching for a block's scales is no work for a card, and is done
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
  if (x.dtype() == out.dtype()) return copy(x, out);
  if (in_lanes(out.dtype())) return order_in_lanes(x, out);
  const int64_t rows = row_count(x), length = row_length(x);
  if (out.dtype() == DType::f32) {
    with_product_type(x.dtype(), [&]<DType kType>() {
      const Tensor matrix = as_matrix(x);
      launch(stream(), {.grid = blocks_for(rows * divide_up(length, 8))}, widen_rows<kType>,
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
    const auto kernel = out.dtype() == DType::bf16 ? narrow<DType::bf16> : narrow<DType::f16>;
    launch(stream(), {.grid = blocks_for(x.elements())}, kernel, x.data<float>(), x.elements(),
           out.data<uint16_t>());
    note_written();
    return;
  }
  const int64_t part = std::max<int64_t>(1, (int64_t{1} << 24) / length);
  std::vector<float> numbers(static_cast<size_t>(std::min(part, rows) * length));
  std::vector<std::byte> blocks(bytes_of(out.dtype(), static_cast<int64_t>(numbers.size())));
  for (int64_t row = 0; row < rows; row += part) {
    const int64_t count = std::min(part, rows - row);
    download(numbers.data(), x.data<float>() + row * length,
             static_cast<size_t>(count * length) * sizeof(float));
    quantize_rows(out.dtype(), numbers.data(), count, length, blocks.data());
    upload(static_cast<std::byte*>(out.raw()) + bytes_of(out.dtype(), row * length), blocks.data(),
           bytes_of(out.dtype(), count * length));
  }
}

void CudaDevice::copy(const Tensor& x, Tensor& out) {
  if (x.contiguous() && out.contiguous()) {
    check_cuda(cudaMemcpyAsync(out.raw(), x.raw(), x.memory_bytes(), cudaMemcpyDeviceToDevice, stream()),
               "copying on the card");
    return;
  }
  const size_t row_bytes = bytes_of(x.dtype(), row_length(x));
  const auto rows = static_cast<size_t>(row_count(x));
  // With one row a stride may be less than the row: it is of no tensor.
  const size_t from_pitch = rows > 1 ? bytes_of(x.dtype(), x.row_stride()) : row_bytes;
  const size_t to_pitch = rows > 1 ? bytes_of(out.dtype(), out.row_stride()) : row_bytes;
  check_cuda(cudaMemcpy2DAsync(out.raw(), to_pitch, x.raw(), from_pitch, row_bytes, rows,
                               cudaMemcpyDeviceToDevice, stream()),
             "copying on the card");
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
