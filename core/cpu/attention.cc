// Attention over all tokens of a row, and over a cache.
#include <cmath>
#include <cstring>

#include "core/cpu/cpu_device.h"
#include "core/cpu/gemm.h"
#include "core/half.h"

namespace janus::cpu {
namespace {

// Query tokens whose scores are held at once: few enough that they stay in the second-level cache.
constexpr int64_t kQueryBlock = 96;

// The keys or values of one head: `count` rows of `width`.
struct Head {
  Matrix keys, values;
  int64_t count, width;
};

// Keys and values of the head that a thread works on, packed for the tile kernel. Scratch slots 0 and 1.
struct PackedHead {
  float* keys = nullptr;
  float* values = nullptr;

  static PackedHead pack(const Kernels& kernels, const Head& head) {
    PackedHead packed{scratch(0, packed_floats(kernels, head.count, head.width)),
                      scratch(1, packed_floats(kernels, head.width, head.count))};
    for (int64_t k = 0; k < head.width; k += kBlockDepth) {
      const int64_t end = std::min(head.width, k + kBlockDepth);
      pack_panels(kernels, head.keys, true, 0, head.count, k, end,
                  packed.keys + packed_floats(kernels, head.count, k));
    }
    for (int64_t k = 0; k < head.count; k += kBlockDepth) {
      const int64_t end = std::min(head.count, k + kBlockDepth);
      pack_panels(kernels, head.values, false, 0, head.width, k, end,
                  packed.values + packed_floats(kernels, head.width, k));
    }
    return packed;
  }
};

// out = softmax(queries keys^T / sqrt(width)) values for `rows` query rows; row r sees the first
// min(count, visible + r) keys. Rows of queries and out are `stride` apart.
void attend_block(const Kernels& kernels, const Head& head, const PackedHead& packed, const float* queries,
                  int64_t rows, int64_t stride, int64_t visible, float* out) {
  float* left = scratch(2, kMaxTileRows * kTileStride);
  float* scores = scratch(3, rows * head.count);
  const int64_t keys = std::min(head.count, visible + rows - 1);
  for (int64_t k = 0; k < head.width; k += kBlockDepth) {
    const int64_t depth = std::min(head.width - k, kBlockDepth);
    const auto load_rows = [&](int64_t r, int count, float* to) {
      for (int j = 0; j < count; ++j) {
        std::memcpy(to + j * kTileStride, queries + (r + j) * stride + k,
                    static_cast<size_t>(depth) * sizeof(float));
      }
    };
    multiply_panels(kernels, load_rows, rows, packed.keys + packed_floats(kernels, head.count, k), depth,
                    keys, k > 0, nullptr, scores, keys, left);
  }
  const float scale = 1.0F / std::sqrt(static_cast<float>(head.width));
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t seen = std::min(keys, visible + r);
    kernels.softmax(scores + r * keys, seen, scale);
    std::fill_n(scores + r * keys + seen, keys - seen, 0.0F);
  }
  for (int64_t k = 0; k < keys; k += kBlockDepth) {
    const int64_t depth = std::min(keys - k, kBlockDepth);
    const int64_t packed_depth = std::min(head.count - k, kBlockDepth);
    const auto load_rows = [&](int64_t r, int count, float* to) {
      for (int j = 0; j < count; ++j) {
        std::memcpy(to + j * kTileStride, scores + (r + j) * keys + k,
                    static_cast<size_t>(depth) * sizeof(float));
        std::fill_n(to + j * kTileStride + depth, packed_depth - depth, 0.0F);
      }
    };
    multiply_panels(kernels, load_rows, rows, packed.values + packed_floats(kernels, head.width, k),
                    packed_depth, head.width, k > 0, nullptr, out, stride, left);
  }
}

}  // namespace

void CpuDevice::attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                          Tensor& out) {
  const int64_t tokens = queries.size(1), stride = queries.size(2), width = stride / heads;
  const int64_t blocks = (tokens + kQueryBlock - 1) / kQueryBlock;
  team_.parallel_for(queries.size(0) * heads * blocks, [&](int64_t begin, int64_t end) {
    PackedHead packed;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / blocks / heads, head_index = i / blocks % heads;
      const int64_t offset = row * tokens * stride + head_index * width;
      const Head head{{DType::f32, keys.data<float>() + offset, stride},
                      {DType::f32, values.data<float>() + offset, stride},
                      tokens,
                      width};
      if (i == begin || i % blocks == 0) packed = PackedHead::pack(kernels_, head);
      const int64_t first = i % blocks * kQueryBlock;
      attend_block(kernels_, head, packed, queries.data<float>() + offset + first * stride,
                   std::min(kQueryBlock, tokens - first), stride, tokens,
                   out.data<float>() + offset + first * stride);
    }
  });
}

void CpuDevice::store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) {
  const int64_t tokens = keys.size(1), heads = cache.keys.size(1), capacity = cache.keys.size(2);
  const int64_t width = cache.keys.size(3);
  const auto store = [&](const Tensor& from, const Tensor& to, int64_t i) {
    const int64_t b = i / tokens, t = i % tokens;
    for (int64_t h = 0; h < heads; ++h) {
      const float* source = from.data<float>() + (i * heads + h) * width;
      const int64_t offset = ((cache.rows[b] * heads + h) * capacity + cache.positions[b] + t) * width;
      if (to.dtype() == DType::f32) {
        std::memcpy(const_cast<float*>(to.data<float>()) + offset, source,
                    static_cast<size_t>(width) * sizeof(float));
      } else {
        auto* target = const_cast<uint16_t*>(to.data<uint16_t>()) + offset;
        for (int64_t d = 0; d < width; ++d) target[d] = to_bf16(source[d]);
      }
    }
  };
  team_.parallel_for(keys.size(0) * tokens, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      store(keys, cache.keys, i);
      store(values, cache.values, i);
    }
  });
}

void CpuDevice::cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) {
  const int64_t tokens = queries.size(1), stride = queries.size(2), width = cache.keys.size(3);
  const int64_t key_heads = cache.keys.size(1), group = heads / key_heads, capacity = cache.keys.size(2);
  const auto head_of = [&](int64_t b, int64_t key_head) {
    const int64_t offset = (cache.rows[b] * key_heads + key_head) * capacity * width;
    const auto size = static_cast<int64_t>(size_of(cache.keys.dtype()));
    const auto* k = static_cast<const std::byte*>(cache.keys.raw()) + offset * size;
    const auto* v = static_cast<const std::byte*>(cache.values.raw()) + offset * size;
    return Head{
        {cache.keys.dtype(), k, width}, {cache.keys.dtype(), v, width}, cache.positions[b] + tokens, width};
  };
  if (tokens == 1) {
    team_.parallel_for(queries.size(0) * key_heads, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Head head = head_of(i / key_heads, i % key_heads);
        float* scores = scratch(3, kMaxFewRows * head.count);
        for (int64_t first = 0; first < group; first += kMaxFewRows) {
          const int rows = static_cast<int>(std::min<int64_t>(kMaxFewRows, group - first));
          const int64_t offset = (i * group + first) * width;
          kernels_.few_rows(head.keys, 0, head.count, width, queries.data<float>() + offset, width, rows,
                            nullptr, scores, head.count, scratch(2, few_rows_floats(width, rows)));
          const float scale = 1.0F / std::sqrt(static_cast<float>(width));
          for (int r = 0; r < rows; ++r) kernels_.softmax(scores + r * head.count, head.count, scale);
          kernels_.weighted_rows(head.values, head.count, width, scores, head.count, rows,
                                 out.data<float>() + offset, width);
        }
      }
    });
    return;
  }
  const int64_t blocks = (tokens + kQueryBlock - 1) / kQueryBlock;
  const int64_t tasks = group * blocks;  // of one key head
  team_.parallel_for(queries.size(0) * key_heads * tasks, [&](int64_t begin, int64_t end) {
    PackedHead packed;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / tasks / key_heads, key_head = i / tasks % key_heads;
      const Head head = head_of(b, key_head);
      if (i == begin || i % tasks == 0) packed = PackedHead::pack(kernels_, head);
      const int64_t query_head = key_head * group + i % tasks / blocks, first = i % blocks * kQueryBlock;
      const int64_t offset = (b * tokens + first) * stride + query_head * width;
      attend_block(kernels_, head, packed, queries.data<float>() + offset,
                   std::min(kQueryBlock, tokens - first), stride, cache.positions[b] + first + 1,
                   out.data<float>() + offset);
    }
  });
}

}  // namespace janus::cpu
