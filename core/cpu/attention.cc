// Attention over all tokens of a row, and over a cache.
#include <cmath>
#include <cstring>

#include "core/base/half.h"
#include "core/cpu/cpu_device.h"
#include "core/cpu/gemm.h"
#include "core/cpu/term_attention.h"

namespace janus::cpu {
namespace {

// Query tokens whose scores are held at once: few enough that they stay in the second-level cache.
constexpr int64_t kQueryBlock = 96;

// Keys and values of the head that a thread works on, packed for the tile kernel, or as terms for a matrix
// unit. Scratch slots 0 and 1.
struct PackedHead {
  float* keys = nullptr;
  float* values = nullptr;
  TermHead terms;

  static PackedHead pack(const Kernels& kernels, const Head& head) {
    if (kernels.terms != nullptr) return {.terms = TermHead::pack(kernels, head)};
    PackedHead packed{scratch(0, packed_floats(kernels, head.count, head.width)),
                      scratch(1, packed_floats(kernels, head.width, head.count)),
                      {}};
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
  if (kernels.terms != nullptr) {
    return attend_terms(kernels, head, packed.terms, queries, rows, stride, visible, out);
  }
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

// Where in the cache's tensors token `token` of the new ones of a batch row stands.
int64_t place_in(const CacheView& cache, int64_t b, int64_t head, int64_t token) {
  return (head * cache.keys.size(1) + cache.starts[b] + cache.positions[b] + token) * cache.keys.size(2);
}

void store_head(const float* from, const Tensor& to, int64_t place, int64_t width) {
  if (to.dtype() == DType::f32) {
    std::memcpy(const_cast<float*>(to.data<float>()) + place, from,
                static_cast<size_t>(width) * sizeof(float));
    return;
  }
  auto* target = const_cast<uint16_t*>(to.data<uint16_t>()) + place;
  for (int64_t d = 0; d < width; ++d) target[d] = to_bf16(from[d]);
}

// Returns one key head of a batch row, with its `tokens` new tokens.
Head head_of(const CacheView& cache, int64_t b, int64_t key_head, int64_t tokens) {
  const int64_t width = cache.keys.size(2), place = place_in(cache, b, key_head, -cache.positions[b]);
  const auto bytes = place * static_cast<int64_t>(size_of(cache.keys.dtype()));
  return {{cache.keys.dtype(), static_cast<const std::byte*>(cache.keys.raw()) + bytes, width},
          {cache.keys.dtype(), static_cast<const std::byte*>(cache.values.raw()) + bytes, width},
          cache.positions[b] + tokens,
          width};
}

// Where each sequence's batch rows end, which stand one after another.
std::vector<int64_t> sequence_ends(std::span<const int32_t> starts) {
  std::vector<int64_t> ends;
  for (size_t b = 1; b <= starts.size(); ++b) {
    if (b == starts.size() || starts[b] != starts[b - 1]) ends.push_back(static_cast<int64_t>(b));
  }
  return ends;
}

// One query of each of the `group` heads that share a key head. Scratch slots 2 and 3.
void attend_few(const Kernels& kernels, const Head& head, const float* queries, int64_t group, float* out) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(head.width));
  const WeightKernels &keys = kernels.of(head.keys.dtype), &values = kernels.of(head.values.dtype);
  float* scores = scratch(3, kMaxGemvRows * head.count);
  for (int64_t first = 0; first < group; first += kMaxGemvRows) {
    const int rows = static_cast<int>(std::min<int64_t>(kMaxGemvRows, group - first));
    const int64_t offset = first * head.width;
    float* const packed = scratch(2, gemv_floats(head.width, rows));
    keys.pack_queries(queries + offset, head.width, head.width, rows, packed);
    keys.score(head.keys, 0, head.count, head.width, packed, rows, nullptr, scores, head.count);
    for (int r = 0; r < rows; ++r) kernels.softmax(scores + r * head.count, head.count, scale);
    values.weighted_rows(head.values, head.count, head.width, scores, head.count, rows, out + offset,
                         head.width);
  }
}

}  // namespace

void CpuDevice::attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                          Tensor& out) {
  const int64_t tokens = queries.size(1), stride = queries.size(2), width = stride / heads;
  const int64_t blocks = (tokens + kQueryBlock - 1) / kQueryBlock;
  thread_pool_.parallel_for(queries.size(0) * heads * blocks, [&](int64_t begin, int64_t end) {
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
  const int64_t tokens = keys.size(1), heads = cache.keys.size(0), width = cache.keys.size(2);
  thread_pool_.parallel_for(keys.size(0) * tokens, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t from = (i * heads + h) * width, to = place_in(cache, i / tokens, h, i % tokens);
        store_head(keys.data<float>() + from, cache.keys, to, width);
        store_head(values.data<float>() + from, cache.values, to, width);
      }
    }
  });
}

void CpuDevice::cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) {
  const int64_t tokens = queries.size(1), stride = queries.size(2), width = cache.keys.size(2);
  const int64_t key_heads = cache.keys.size(0), group = heads / key_heads;
  if (tokens == 1) {
    thread_pool_.parallel_for(queries.size(0) * key_heads, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        attend_few(kernels_, head_of(cache, i / key_heads, i % key_heads, 1),
                   queries.data<float>() + i * group * width, group, out.data<float>() + i * group * width);
      }
    });
    return;
  }
  const int64_t blocks = (tokens + kQueryBlock - 1) / kQueryBlock;
  const int64_t tasks = group * blocks;  // of one key head
  thread_pool_.parallel_for(queries.size(0) * key_heads * tasks, [&](int64_t begin, int64_t end) {
    PackedHead packed;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / tasks / key_heads, key_head = i / tasks % key_heads;
      const Head head = head_of(cache, b, key_head, tokens);
      if (i == begin || i % tasks == 0) packed = PackedHead::pack(kernels_, head);
      const int64_t query_head = key_head * group + i % tasks / blocks, first = i % blocks * kQueryBlock;
      const int64_t offset = (b * tokens + first) * stride + query_head * width;
      attend_block(kernels_, head, packed, queries.data<float>() + offset,
                   std::min(kQueryBlock, tokens - first), stride, cache.positions[b] + first + 1,
                   out.data<float>() + offset);
    }
  });
}

// All of it for one key head of a sequence at a time, so that the threads meet once; its tokens in turn,
// since each sees those before.
void CpuDevice::rope_cached_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                                      const Tensor& table, const CacheView& cache, Tensor& out) {
  if (queries.size(1) > 1)
    return Device::rope_cached_attention(queries, keys, values, heads, table, cache, out);
  const int64_t key_heads = cache.keys.size(0), width = cache.keys.size(2), group = heads / key_heads;
  const auto attend = [&](int64_t b, int64_t key_head) {
    const int64_t i = b * key_heads + key_head, place = place_in(cache, b, key_head, 0);
    const float* cosines = table.data<float>() + cache.rotations()[b] * width;
    float* key = keys.data<float>() + i * width;
    float* query = queries.data<float>() + i * group * width;
    kernels_.rope(key, width, cosines, cosines + width / 2);
    for (int64_t h = 0; h < group; ++h) {
      kernels_.rope(query + h * width, width, cosines, cosines + width / 2);
    }
    store_head(key, cache.keys, place, width);
    store_head(values.data<float>() + i * width, cache.values, place, width);
    attend_few(kernels_, head_of(cache, b, key_head, 1), query, group, out.data<float>() + i * group * width);
  };
  const std::vector<int64_t> ends = sequence_ends(cache.starts);
  thread_pool_.parallel_for(static_cast<int64_t>(ends.size()) * key_heads, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t sequence = i / key_heads;
      for (int64_t b = sequence == 0 ? 0 : ends[sequence - 1]; b < ends[sequence]; ++b)
        attend(b, i % key_heads);
    }
  });
}

}  // namespace janus::cpu
