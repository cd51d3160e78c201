// Copies, conversions and operations element by element.
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/cpu/cpu_device.h"
#include "core/quant/quantize.h"

namespace janus::cpu {
namespace {

// Elements a thread should have before a second one is worth waking.
constexpr int64_t kGrain = 16384;
static_assert(kGrain % (256 * kPackedRows) == 0);  // blocks are not cut

int64_t row_length(const Tensor& x) {
  return x.rank() == 0 || x.size(0) == 0 ? x.elements() : x.elements() / x.size(0);
}
// Counts the rows in memory: whole groups of a packed tensor.
int64_t row_count(const Tensor& x) {
  if (x.layout() == Layout::packed) return (x.size(0) + kPackedRows - 1) / kPackedRows * kPackedRows;
  return x.rank() == 0 ? 1 : x.size(0);
}

const std::byte* row(const Tensor& x, int64_t index) {
  return static_cast<const std::byte*>(x.raw()) + bytes_of(x.dtype(), index * x.row_stride());
}
std::byte* row(Tensor& x, int64_t index) {
  return static_cast<std::byte*>(x.raw()) + bytes_of(x.dtype(), index * x.row_stride());
}

// Calls body(row, begin, end) for pieces of rows of `length` elements.
template <typename Body>
void for_pieces(const ThreadPool& thread_pool, int64_t rows, int64_t length, Body body) {
  const int64_t pieces = std::max<int64_t>(1, (length + kGrain - 1) / kGrain);
  const int64_t step = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, length));
  thread_pool.parallel_for(rows * pieces, step, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % pieces * kGrain;
      body(i / pieces, first, std::min(length, first + kGrain));
    }
  });
}

// Calls body(row, count, begin, end) for pieces of groups of kPackedRows rows of a matrix: columns [begin,
// end) of `count` rows.
template <typename Body>
void for_groups(const ThreadPool& thread_pool, const Tensor& x, Body body) {
  const int64_t groups = (x.size(0) + kPackedRows - 1) / kPackedRows;
  for_pieces(thread_pool, groups, kPackedRows * x.size(1), [&](int64_t group, int64_t begin, int64_t end) {
    const int64_t first = group * kPackedRows;
    body(first, static_cast<int>(std::min<int64_t>(kPackedRows, x.size(0) - first)), begin / kPackedRows,
         end / kPackedRows);
  });
}

void pack(const Kernels& kernels, const ThreadPool& thread_pool, const Tensor& x, Tensor& out) {
  const WeightKernels& kernel = kernels.of(out.dtype(), Layout::packed);
  for_groups(thread_pool, x, [&](int64_t first, int count, int64_t begin, int64_t end) {
    kernel.pack_rows(row(x, first) + bytes_of(x.dtype(), begin), x.row_stride(), count, end - begin,
                     row(out, first) + bytes_of(out.dtype(), kPackedRows * begin));
  });
}

void unpack(const Kernels& kernels, const ThreadPool& thread_pool, const Tensor& x, Tensor& out) {
  const WeightKernels& kernel = kernels.of(x.dtype(), Layout::packed);
  for_groups(thread_pool, x, [&](int64_t first, int count, int64_t begin, int64_t end) {
    kernel.unpack_rows(row(x, first) + bytes_of(x.dtype(), kPackedRows * begin), count, end - begin,
                       out.data<float>() + first * out.row_stride() + begin, out.row_stride());
  });
}

}  // namespace

void CpuDevice::convert(const Tensor& x, Tensor& out) {
  if (x.layout() != out.layout()) {
    return out.layout() == Layout::packed ? pack(kernels_, thread_pool_, x, out)
                                          : unpack(kernels_, thread_pool_, x, out);
  }
  const auto to_f32 = kernels_.of(x.dtype()).to_f32;
  const auto search = kernels_.of(out.dtype()).quantize;
  for_pieces(thread_pool_, row_count(x), row_length(x), [&](int64_t r, int64_t begin, int64_t end) {
    const std::byte* from = row(x, r) + bytes_of(x.dtype(), begin);
    std::byte* to = row(out, r) + bytes_of(out.dtype(), begin);
    if (x.dtype() == out.dtype()) {
      std::memcpy(to, from, bytes_of(x.dtype(), end - begin));
    } else if (out.dtype() == DType::f32) {
      to_f32(from, end - begin, reinterpret_cast<float*>(to));
    } else {
      constexpr int64_t kPart = 1024;
      float part[kPart];
      for (int64_t i = 0; i < end - begin; i += kPart) {
        const int64_t count = std::min(kPart, end - begin - i);
        to_f32(from + bytes_of(x.dtype(), i), count, part);
        std::byte* place = to + bytes_of(out.dtype(), i);
        if (search != nullptr) {
          check_quantizable(out.dtype(), part, count);
          search(part, count, place);
        } else {
          quantize(out.dtype(), part, count, place);
        }
      }
    }
  });
}

void CpuDevice::copy(const Tensor& x, Tensor& out) {
  for_pieces(thread_pool_, row_count(x), row_length(x), [&](int64_t r, int64_t begin, int64_t end) {
    std::memcpy(row(out, r) + bytes_of(x.dtype(), begin), row(x, r) + bytes_of(x.dtype(), begin),
                bytes_of(x.dtype(), end - begin));
  });
}

void CpuDevice::embedding(const Tensor& table, std::span<const int32_t> ids, Tensor& out) {
  const auto to_f32 = kernels_.of(table.dtype()).to_f32;
  for_pieces(thread_pool_, out.size(0), out.size(1), [&](int64_t t, int64_t begin, int64_t end) {
    const std::byte* from = row(table, ids[t]) + bytes_of(table.dtype(), begin);
    to_f32(from, end - begin, out.data<float>() + t * out.size(1) + begin);
  });
}

void CpuDevice::add(const Tensor& x, const Tensor& y, Tensor& out) {
  const int64_t period = y.elements();
  for_pieces(thread_pool_, x.elements() / period, period, [&](int64_t r, int64_t begin, int64_t end) {
    kernels_.add(x.data<float>() + r * period + begin, y.data<float>() + begin, end - begin,
                 out.data<float>() + r * period + begin);
  });
}

void CpuDevice::gelu_erf(const Tensor& x, Tensor& out) {
  for_pieces(thread_pool_, 1, x.elements(), [&](int64_t, int64_t begin, int64_t end) {
    kernels_.gelu_erf(x.data<float>() + begin, end - begin, out.data<float>() + begin);
  });
}

void CpuDevice::swiglu(const Tensor& gate, const Tensor& up, Tensor& out) {
  for_pieces(thread_pool_, 1, gate.elements(), [&](int64_t, int64_t begin, int64_t end) {
    kernels_.swiglu(gate.data<float>() + begin, up.data<float>() + begin, end - begin,
                    out.data<float>() + begin);
  });
}

void CpuDevice::rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) {
  const int64_t tokens = x.size(1), width = x.size(2) / heads, half = width / 2;
  const int64_t step = std::max<int64_t>(1, kGrain / x.size(2));
  thread_pool_.parallel_for(x.size(0) * tokens, step, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* cosines = table.data<float>() + (positions[i / tokens] + i % tokens) * 2 * half;
      for (int64_t h = 0; h < heads; ++h) {
        kernels_.rope(x.data<float>() + (i * heads + h) * width, width, cosines, cosines + half);
      }
    }
  });
}

void CpuDevice::upsample_nearest2x(const Tensor& x, Tensor& out) {
  const int64_t height = x.size(1), width = x.size(2), channels = x.size(3);
  thread_pool_.parallel_for(x.size(0) * height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      const float* from = x.data<float>() + y * width * channels;
      float* to = out.data<float>() + 4 * y * width * channels;
      for (int64_t i = 0; i < width; ++i) {
        std::copy_n(from + i * channels, channels, to + 2 * i * channels);
        std::copy_n(from + i * channels, channels, to + (2 * i + 1) * channels);
      }
      std::copy_n(to, 2 * width * channels, to + 2 * width * channels);
    }
  });
}

}  // namespace janus::cpu
