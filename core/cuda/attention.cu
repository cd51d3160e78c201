// Attention over all tokens of a row, and over a cache.
#include <algorithm>

#include "core/cuda/cuda_device.h"
#include "core/cuda/tile.h"
#include "core/cuda/tile_attention.h"
#include "core/cuda/token_attention.h"

namespace janus::cuda {
namespace {

Placed placed(const CacheView& cache, size_t first) {
  Placed list{};
  const auto count = static_cast<int64_t>(std::min<size_t>(kPlaced, cache.starts.size() - first));
  std::copy_n(cache.starts.begin() + static_cast<int64_t>(first), count, list.starts);
  std::copy_n(cache.positions.begin() + static_cast<int64_t>(first), count, list.positions);
  return list;
}
CacheShape shape_of(const CacheView& cache) {
  return {cache.keys.size(0), cache.keys.size(1), cache.keys.size(2)};
}

template <DType kCache>
__global__ void store_kernel(const float* keys, const float* values, int64_t count, int64_t tokens, Placed at,
                             CacheShape cache, void* cached_keys, void* cached_values) {
  const int64_t width = cache.heads * cache.width;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t token = i / width, b = token / tokens;
    const int64_t to = cache.token(at.starts[b], i % width / cache.width, at.positions[b] + token % tokens) +
                       i % cache.width;
    if constexpr (kCache == DType::f32) {
      static_cast<float*>(cached_keys)[to] = keys[i];
      static_cast<float*>(cached_values)[to] = values[i];
    } else {
      static_cast<uint16_t*>(cached_keys)[to] = to_bf16(keys[i]);
      static_cast<uint16_t*>(cached_values)[to] = to_bf16(values[i]);
    }
  }
}

// Grid: part, key head, batch row.
template <DType kCache>
__global__ __launch_bounds__(kTokenThreads) void token_kernel(TokenAttention a, const float* queries,
                                                              Placed at, float* out) {
  JANUS_DYNAMIC_SHARED(shared);
  auto* const query = reinterpret_cast<float*>(shared);
  const int b = static_cast<int>(blockIdx.z), key_head = static_cast<int>(blockIdx.y);
  const int64_t length = at.positions[b] + 1, parts = context_parts(length), width = a.cache.width;
  if (blockIdx.x >= parts) return;
  for (int head = key_head * a.group; head < (key_head + 1) * a.group; ++head) {
    const float* const from = queries + (b * a.parts.heads + head) * width;
    for (int64_t d = threadIdx.x; d < width; d += kTokenThreads) query[d] = from[d];
    __syncthreads();
    attend_part<kCache>(a, query, b, at.starts[b], head, static_cast<int>(blockIdx.x), length);
  }
  if (!is_last_part(a, b, key_head, parts)) return;
  for (int head = key_head * a.group; head < (key_head + 1) * a.group; ++head) {
    for (int64_t d = threadIdx.x; d < width; d += kTokenThreads) {
      out[(b * a.parts.heads + head) * width + d] = joined_number(a, b, head, parts, d);
    }
  }
}

// -- many tokens --------------------------------------------------------------------------------------------

template <DType kType, int kWidth>
void run_tile(cudaStream_t stream, const TileAttention& a, const Placed& at, unsigned rows) {
  using Tile = AttentionTile<kType, kWidth>;
  launch(stream,
         {.grid = dim3(static_cast<unsigned>(divide_up(a.tokens, Tile::kQueries)),
                       static_cast<unsigned>(a.heads), rows),
          .threads = Tile::kThreads,
          .shared_bytes = Tile::kSharedBytes},
         tile_attention<kType, kWidth>, a, at);
}

void run_tiles(cudaStream_t stream, DType type, const TileAttention& a, const Placed& at, unsigned rows) {
  const bool narrow = a.width <= kMostTileWidth / 2;
  if (type == DType::f32) {
    narrow ? run_tile<DType::f32, 64>(stream, a, at, rows) : run_tile<DType::f32, 128>(stream, a, at, rows);
  } else {
    narrow ? run_tile<DType::bf16, 64>(stream, a, at, rows) : run_tile<DType::bf16, 128>(stream, a, at, rows);
  }
}

// -- the same through memory, for heads of any width --------------------------------------------------------

// Scores to probabilities in place, a block a row [heads, tokens, keys]; token t sees the first
// min(keys, visible + t).
__global__ __launch_bounds__(256) void softmax_kernel(float* scores, int64_t tokens, int64_t keys,
                                                      int64_t visible, float scale) {
  float* const row = scores + int64_t{blockIdx.x} * keys;
  const int64_t bound = visible + blockIdx.x % tokens, seen = bound < keys ? bound : keys;
  float largest = -INFINITY;
  for (int64_t i = threadIdx.x; i < seen; i += blockDim.x) {
    const float score = row[i] * scale;
    largest = score > largest || score != score ? score : largest;
  }
  largest = block_max(largest);
  float sum = 0.0F;
  for (int64_t i = threadIdx.x; i < seen; i += blockDim.x) {
    const float power = expf(row[i] * scale - largest);
    row[i] = power;
    sum += power;
  }
  const float inverse = 1.0F / block_sum(sum);
  for (int64_t i = threadIdx.x; i < keys; i += blockDim.x) row[i] = i < seen ? row[i] * inverse : 0.0F;
}

// Scores held at once, in bytes. Queries beyond wait: rows of a product do not depend on each other.
constexpr int64_t kScoreBytes = int64_t{256} << 20;

struct HeadsShape {
  int heads, group;
  int64_t tokens, keys, width;
  int64_t visible;  // keys that the first token sees; tokens see one more each
};

// One batch row: queries and out [T, heads * width], keys as rows and values as columns of each head.
template <class Keys, class Values>
void attend_heads(Device& device, cudaStream_t stream, const HeadsShape& s, const float* queries,
                  const Keys& keys, const Values& values, float* out) {
  const int64_t most = std::max<int64_t>(1, kScoreBytes / 4 / (s.heads * s.keys));
  const int64_t step = std::min(s.tokens, most), stride = s.heads * s.width;
  const std::shared_ptr<void> memory = device.allocate(static_cast<size_t>(4 * s.heads * step * s.keys));
  auto* const scores = static_cast<float*>(memory.get());
  for (int64_t first = 0; first < s.tokens; first += step) {
    const int64_t count = std::min(step, s.tokens - first);
    const DenseRows left{queries + first * stride, stride, s.width, count, s.width, s.width % 8 == 0};
    run_full_product(stream, {count, s.keys, s.width, s.heads}, left, keys,
                     TileOutput{scores, s.keys, count * s.keys, nullptr});
    launch(stream, {.grid = static_cast<unsigned>(s.heads * count)}, softmax_kernel, scores, count, s.keys,
           s.visible + first, 1.0F / std::sqrt(static_cast<float>(s.width)));
    const DenseRows weights{scores, s.keys, count * s.keys, count, s.keys, s.keys % 8 == 0};
    run_full_product(stream, {count, s.width, s.keys, s.heads}, weights, values,
                     TileOutput{out + first * stride, stride, s.width, nullptr});
  }
}

template <DType kCache>
void attend_cached_row(Device& device, cudaStream_t stream, const HeadsShape& s, const Tensor& queries,
                       int64_t b, const CacheView& cache, Tensor& out) {
  const CacheShape shape = shape_of(cache);
  const auto size = static_cast<int64_t>(size_of(kCache));
  const int64_t row = shape.token(cache.starts[b], 0, 0) * size,
                head_bytes = shape.tokens * shape.width * size;
  const auto* const keys = static_cast<const unsigned char*>(cache.keys.raw()) + row;
  const auto* const values = static_cast<const unsigned char*>(cache.values.raw()) + row;
  const int64_t offset = b * s.tokens * s.heads * s.width;
  attend_heads(
      device, stream, s, queries.data<float>() + offset,
      WeightRows<kCache>{
          {keys, shape.width * size, shape.width, shape.width % 8 == 0}, s.keys, head_bytes, s.group},
      MatrixColumns<kCache>{values, shape.width, head_bytes, s.width, s.keys, s.group},
      out.data<float>() + offset);
}

}  // namespace

void CudaDevice::store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) {
  const auto kernel = cache.keys.dtype() == DType::f32 ? store_kernel<DType::f32> : store_kernel<DType::bf16>;
  const int64_t per_row = keys.size(1) * keys.size(2);
  for (size_t first = 0; first < cache.starts.size(); first += kPlaced) {
    const auto rows = static_cast<int64_t>(std::min<size_t>(kPlaced, cache.starts.size() - first));
    const int64_t offset = static_cast<int64_t>(first) * per_row;
    launch(stream(), {.grid = blocks_for(rows * per_row)}, kernel, keys.data<float>() + offset,
           values.data<float>() + offset, rows * per_row, keys.size(1), placed(cache, first), shape_of(cache),
           const_cast<void*>(cache.keys.raw()), const_cast<void*>(cache.values.raw()));
  }
}

void CudaDevice::attend_one_token(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) {
  const CacheShape shape = shape_of(cache);
  const auto kernel = cache.keys.dtype() == DType::f32 ? token_kernel<DType::f32> : token_kernel<DType::bf16>;
  const int64_t longest = *std::max_element(cache.positions.begin(), cache.positions.end()) + 1;
  const PartShape parts{heads, context_parts(longest), shape.width};
  const auto most = static_cast<int64_t>(std::min<size_t>(kPlaced, cache.starts.size()));
  const std::shared_ptr<void> partial = allocate(static_cast<size_t>(4 * parts.floats(most)));
  const size_t count_bytes = sizeof(unsigned) * static_cast<size_t>(most * shape.heads);
  const std::shared_ptr<void> counts = allocate(count_bytes);
  check_cuda(cudaMemsetAsync(counts.get(), 0, count_bytes, stream()), "clearing counts");
  for (size_t first = 0; first < cache.starts.size(); first += kPlaced) {
    const auto rows = static_cast<unsigned>(std::min<size_t>(kPlaced, cache.starts.size() - first));
    const TokenAttention a{.keys = static_cast<const unsigned char*>(cache.keys.raw()),
                           .values = static_cast<const unsigned char*>(cache.values.raw()),
                           .cache = shape,
                           .group = heads / static_cast<int>(shape.heads),
                           .partial = static_cast<float*>(partial.get()),
                           .parts = parts,
                           .done = static_cast<unsigned*>(counts.get())};
    const int64_t offset = static_cast<int64_t>(first) * heads * shape.width;
    launch(stream(),
           {.grid = dim3(static_cast<unsigned>(parts.parts), static_cast<unsigned>(shape.heads), rows),
            .threads = kTokenThreads,
            .shared_bytes = static_cast<size_t>(shape.width) * sizeof(float)},
           kernel, a, queries.data<float>() + offset, placed(cache, first), out.data<float>() + offset);
  }
}

void CudaDevice::cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) {
  if (queries.size(1) == 1) return attend_one_token(queries, heads, cache, out);
  const CacheShape stored = shape_of(cache);
  if (stored.width <= kMostTileWidth) {
    const int64_t per_row = queries.size(1) * queries.size(2);
    for (size_t first = 0; first < cache.starts.size(); first += kPlaced) {
      const int64_t offset = static_cast<int64_t>(first) * per_row;
      run_tiles(stream(), cache.keys.dtype(),
                {.queries = queries.data<float>() + offset,
                 .keys = static_cast<const unsigned char*>(cache.keys.raw()),
                 .values = static_cast<const unsigned char*>(cache.values.raw()),
                 .row_stride = stored.token(1, 0, 0),
                 .head_stride = stored.token(0, 1, 0),
                 .token_stride = stored.width,
                 .tokens = queries.size(1),
                 .width = stored.width,
                 .heads = heads,
                 .group = heads / static_cast<int>(stored.heads),
                 .causal = true,
                 .out = out.data<float>() + offset},
                placed(cache, first),
                static_cast<unsigned>(std::min<size_t>(kPlaced, cache.starts.size() - first)));
    }
    return;
  }
  const auto run =
      cache.keys.dtype() == DType::f32 ? attend_cached_row<DType::f32> : attend_cached_row<DType::bf16>;
  for (int64_t b = 0; b < queries.size(0); ++b) {
    const int64_t before = cache.positions[b], tokens = queries.size(1);
    const HeadsShape shape{.heads = heads,
                           .group = heads / static_cast<int>(cache.keys.size(0)),
                           .tokens = tokens,
                           .keys = before + tokens,
                           .width = cache.keys.size(2),
                           .visible = before + 1};
    run(*this, stream(), shape, queries, b, cache, out);
  }
}

void CudaDevice::attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                           Tensor& out) {
  const int64_t tokens = queries.size(1), stride = queries.size(2), width = stride / heads;
  if (width <= kMostTileWidth) {
    Placed in_order{};
    for (int i = 0; i < kPlaced; ++i) in_order.starts[i] = i;
    for (int64_t first = 0; first < queries.size(0); first += kPlaced) {
      const int64_t offset = first * tokens * stride;
      run_tiles(stream(), DType::f32,
                {.queries = queries.data<float>() + offset,
                 .keys = reinterpret_cast<const unsigned char*>(keys.data<float>() + offset),
                 .values = reinterpret_cast<const unsigned char*>(values.data<float>() + offset),
                 .row_stride = tokens * stride,
                 .head_stride = width,
                 .token_stride = stride,
                 .tokens = tokens,
                 .width = width,
                 .heads = heads,
                 .group = 1,
                 .causal = false,
                 .out = out.data<float>() + offset},
                in_order, static_cast<unsigned>(std::min<int64_t>(kPlaced, queries.size(0) - first)));
    }
    return;
  }
  const HeadsShape shape{
      .heads = heads, .group = 1, .tokens = tokens, .keys = tokens, .width = width, .visible = tokens};
  for (int64_t b = 0; b < queries.size(0); ++b) {
    const int64_t offset = b * tokens * stride, bytes = width * 4;
    const auto* const k = reinterpret_cast<const unsigned char*>(keys.data<float>() + offset);
    const auto* const v = reinterpret_cast<const unsigned char*>(values.data<float>() + offset);
    attend_heads(*this, stream(), shape, queries.data<float>() + offset,
                 WeightRows<DType::f32>{{k, stride * 4, width, width % 8 == 0}, tokens, bytes, 1},
                 MatrixColumns<DType::f32>{v, stride, bytes, width, tokens, 1}, out.data<float>() + offset);
  }
}

}  // namespace janus::cuda
