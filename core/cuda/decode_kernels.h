// The kernels of one decoding step. Each waits for the one before it, lets the next one start, and only then
// touches what others write; the products of gemv.h ask for their weights before they wait.
#pragma once

#include "core/cuda/attention_token.h"
#include "core/cuda/decode.h"
#include "core/cuda/gemv.h"
#include "core/cuda/sampling.h"

namespace janus::cuda {

constexpr unsigned kNormThreads = 256;

// What stands for normed rows between two kernels: each element times the norm's weight, cut in two, and sums
// of squares. The product that reads them multiplies by 1 / rms at its end: no kernel for the norm alone.
struct NormedRows {
  SplitRows rows;
  const float* weight;  // of the norm
  float* squares;       // [tiles, batch], of kGemvRows elements each
  int tiles;
};

// 1 / rms of each batch row, from what NormedRows has; or 1.
struct RowScale {
  const float* squares;  // or null
  int tiles;
  int64_t width;
  float eps;
};

// Computes the scales of the batch rows from `first` on, in shared memory, ready for all threads. Every
// thread of the block calls it.
template <int kTiles>
__device__ __forceinline__ const float* row_scales(const RowScale& scale, int batch, int first) {
  __shared__ float scales[8 * kTiles];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int b = static_cast<int>(threadIdx.x) / 32; b < 8 * kTiles; b += kGemvWarps) {
    float squares = 0.0F;
    if (scale.squares != nullptr && first + b < batch) {
      for (int tile = lane; tile < scale.tiles; tile += 32)
        squares += scale.squares[tile * batch + first + b];
    }
    const float mean = warp_sum(squares) / static_cast<float>(scale.width);
    if (lane == 0) scales[b] = scale.squares == nullptr ? 1.0F : 1.0F / sqrtf(mean + scale.eps);
  }
  __syncthreads();
  return scales;
}

// The rows' inputs: what was sampled last, looked up. A block a row.
template <DType kType>
__global__ __launch_bounds__(kNormThreads) void begin_step(const StepState* state, StepRows rows,
                                                           MatrixView table, float* x, NormedRows normed) {
  wait_for_last();
  let_next_start();
  const int b = static_cast<int>(blockIdx.x);
  const unsigned char* const from = table.data + int64_t{state->ids[rows.items[b]]} * table.row_bytes;
  float* const row = x + b * table.depth;
  float squares = 0.0F;
  for (int64_t k = int64_t{threadIdx.x} * 8; k < table.depth; k += int64_t{blockDim.x} * 8) {
    float elements[8];
    Elements<kType>::load(from, k, table.depth, table.wide, elements);
    for (int i = 0; i < 8 && k + i < table.depth; ++i) {
      row[k + i] = elements[i];
      store_split(normed.rows, b, k + i, elements[i] * normed.weight[k + i]);
      squares = fmaf(elements[i], elements[i], squares);
    }
  }
  squares = block_sum(squares);
  for (int tile = static_cast<int>(threadIdx.x); tile < normed.tiles; tile += blockDim.x) {
    normed.squares[tile * rows.batch + b] = tile == 0 ? squares : 0.0F;
  }
}

// What becomes of the sums of a gemv: one thread an output calls it with weight row, batch row
// and whether there are such; whole warps do, sixteen neighbouring lanes with the rows of a tile.
struct PlainEnd {  // out = sum + bias
  float* out;
  int64_t columns;
  const float* bias;
  __device__ __forceinline__ void operator()(int64_t row, int b, float sum, bool inside) const {
    if (inside) out[b * columns + row] = sum + (bias == nullptr ? 0.0F : bias[row]);
  }
};
struct AddEnd {  // x += sum, and what the norm behind it needs
  float* x;
  int64_t columns;
  NormedRows normed;
  __device__ __forceinline__ void operator()(int64_t row, int b, float sum, bool inside) const {
    float y = 0.0F;
    if (inside) {
      y = x[b * columns + row] + sum;
      x[b * columns + row] = y;
      store_split(normed.rows, b, row, y * normed.weight[row]);
    }
    float squares = y * y;
    for (int bits = kGemvRows / 2; bits > 0; bits /= 2) squares += __shfl_xor_sync(kAllLanes, squares, bits);
    if (row % kGemvRows == 0 && b < normed.rows.batch) {
      normed.squares[row / kGemvRows * normed.rows.batch + b] = squares;
    }
  }
};
struct GeluEnd {  // cut in two for the next product
  SplitRows out;
  const float* bias;
  __device__ __forceinline__ void operator()(int64_t row, int b, float sum, bool inside) const {
    if (!inside) return;
    const float y = sum + (bias == nullptr ? 0.0F : bias[row]);
    store_split(out, b, row, y * 0.5F * erfcf(-y * 0.70710678118654752F));
  }
};

// Grid of a product: tile of weight rows, 8 * kTiles batch rows.
template <DType kType, int kTiles, class End>
__global__ __launch_bounds__(kGemvThreads) void step_linear(StackedRows weight, SplitRows x, int64_t depth,
                                                            RowScale scale, End end) {
  const int first = static_cast<int>(blockIdx.y) * 8 * kTiles;
  const auto sums = gemv_sums<kType, kTiles>(weight, x, depth, first);
  let_next_start();
  const float* const scales = row_scales<kTiles>(scale, x.batch, first);
  for (int i = static_cast<int>(threadIdx.x); i < kGemvRows * 8 * kTiles; i += kGemvThreads) {
    const int r = i % kGemvRows, b = i / kGemvRows;
    const int64_t row = int64_t{blockIdx.x} * kGemvRows + r;
    end(row, first + b, sums[r][b] * scales[b], row < weight.ends[2] && first + b < x.batch);
  }
}

template <DType kType, int kTiles>
__global__ __launch_bounds__(kGemvThreads) void step_gate_up(PairedRows weight, SplitRows x, int64_t depth,
                                                             RowScale scale, SplitRows out) {
  const int first = static_cast<int>(blockIdx.y) * 8 * kTiles;
  const auto sums = gemv_sums<kType, kTiles>(weight, x, depth, first);
  let_next_start();
  const float* const scales = row_scales<kTiles>(scale, x.batch, first);
  for (int i = static_cast<int>(threadIdx.x); i < kGemvRows / 2 * 8 * kTiles; i += kGemvThreads) {
    const int r = i % 8, b = i / 8;
    const int64_t row = int64_t{blockIdx.x} * (kGemvRows / 2) + r;
    const float gate = sums[r][b] * scales[b], up = sums[r + 8][b] * scales[b];
    if (row < weight.rows && first + b < x.batch)
      store_split(out, first + b, row, gate / (1.0F + expf(-gate)) * up);
  }
}

// Rotates element d of a head of width 2 * half.
__device__ __forceinline__ float rotated(const float* head, int64_t d, int64_t half, const float* angles) {
  const float cosine = angles[d % half], sine = angles[half + d % half];
  return d < half ? head[d] * cosine - head[d + half] * sine : head[d] * cosine + head[d - half] * sine;
}

// qkv [B, (H + 2 Hkv) * Dh], not rotated. Grid: part, key head, batch row. The block of the part where the
// new token stands writes it into the cache first.
template <DType kCache>
__global__ __launch_bounds__(kTokenThreads) void step_attention(TokenAttention a, const StepState* state,
                                                                StepRows rows, const float* qkv,
                                                                const float* rope_table, SplitRows out) {
  JANUS_DYNAMIC_SHARED(shared);
  auto* const query = reinterpret_cast<float*>(shared);
  wait_for_last();
  let_next_start();
  const int b = static_cast<int>(blockIdx.z), key_head = static_cast<int>(blockIdx.y);
  const int64_t width = a.cache.width, half = width / 2, heads = a.parts.heads;
  const int64_t position = rows.first_positions[b] + state->step, length = position + 1;
  const int64_t parts = context_parts(length), start = rows.cache_starts[b];
  if (blockIdx.x >= parts) return;
  const float* const own = qkv + b * (heads + 2 * a.cache.heads) * width;
  const float* const angles = rope_table + position * width;
  if (blockIdx.x == parts - 1) {
    const float* const key = own + (heads + key_head) * width;
    const float* const value = own + (heads + a.cache.heads + key_head) * width;
    const int64_t to = a.cache.token(start, key_head, position);
    for (int64_t d = threadIdx.x; d < width; d += kTokenThreads) {
      const float k = rotated(key, d, half, angles), v = value[d];
      if constexpr (kCache == DType::f32) {
        reinterpret_cast<float*>(const_cast<unsigned char*>(a.keys))[to + d] = k;
        reinterpret_cast<float*>(const_cast<unsigned char*>(a.values))[to + d] = v;
      } else {
        reinterpret_cast<uint16_t*>(const_cast<unsigned char*>(a.keys))[to + d] = to_bf16(k);
        reinterpret_cast<uint16_t*>(const_cast<unsigned char*>(a.values))[to + d] = to_bf16(v);
      }
    }
  }
  for (int head = key_head * a.group; head < (key_head + 1) * a.group; ++head) {
    for (int64_t d = threadIdx.x; d < width; d += kTokenThreads) {
      query[d] = rotated(own + head * width, d, half, angles);
    }
    __syncthreads();  // the cache's new token is this block's own
    attend_part<kCache>(a, query, b, start, head, static_cast<int>(blockIdx.x), length);
  }
  if (!is_last_part(a, b, key_head, parts)) return;
  for (int head = key_head * a.group; head < (key_head + 1) * a.group; ++head) {
    for (int64_t d = threadIdx.x; d < width; d += kTokenThreads) {
      store_split(out, b, head * width + d, joined_value(a, b, head, parts, d));
    }
  }
}

// -- sampling -----------------------------------------------------------------------------------------------

constexpr unsigned kSampleThreads = 256, kFilterThreads = 1024;

__device__ __forceinline__ ItemSampler sampler_of(const StepItems& items, const StepState* state,
                                                  const float* logits, int64_t vocabulary, int item) {
  return {
      .conditional = logits + items.rows[item] * vocabulary,
      .unconditional = items.other_rows[item] < 0 ? nullptr : logits + items.other_rows[item] * vocabulary,
      .guidance = items.guidance[item],
      .temperature = items.temperature[item],
      .top_p = items.top_p[item],
      .top_k = items.top_k[item],
      .seed = items.seeds[item],
      .stream = items.stream,
      .step = items.first_steps[item] + static_cast<uint32_t>(state->step)};
}

// The last of `blocks` blocks to come here joins every item's best and ends the step. sampled: a ring of
// `ring` steps in the host's memory.
__device__ __forceinline__ void end_step(StepState* state, const StepItems& items, const Best* best,
                                         unsigned parts, unsigned blocks, int32_t* sampled, int ring) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(&state->finished_blocks, 1U) == blocks - 1;
  __syncthreads();
  if (!last) return;
  __threadfence();
  if (threadIdx.x < static_cast<unsigned>(items.count)) {
    Best found{0.0, kNoId};
    for (unsigned i = 0; i < parts; ++i) found = better(found, best[threadIdx.x * parts + i]);
    // The host is told of logits that are not finite; the steps ahead of it go on with an id that there is.
    state->ids[threadIdx.x] = found.id < 0 ? 0 : found.id;
    sampled[state->step % ring * kMostItems + static_cast<int>(threadIdx.x)] =
        found.id < 0 ? DeviceDecodeRun::kNotFinite : found.id;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    state->finished_blocks = 0;
    state->step += 1;
  }
}

// Grid: kSampleBlocks, items.
static __global__ __launch_bounds__(kSampleThreads) void sample_all(StepState* state, StepItems items,
                                                                    const float* logits, int64_t vocabulary,
                                                                    Best* best, int32_t* sampled, int ring) {
  wait_for_last();
  let_next_start();
  const int item = static_cast<int>(blockIdx.y);
  const ItemSampler sampler = sampler_of(items, state, logits, vocabulary, item);
  Best found{0.0, kNoId};
  for (int64_t id = int64_t{blockIdx.x} * kSampleThreads + threadIdx.x; id < vocabulary;
       id += int64_t{kSampleBlocks} * kSampleThreads) {
    found = better(found, candidate(sampler, sampler.logit(id), id));
  }
  found = block_best(found);
  if (threadIdx.x == 0) best[item * kSampleBlocks + blockIdx.x] = found;
  end_step(state, items, best, kSampleBlocks, gridDim.x * gridDim.y, sampled, ring);
}

// With top-k or top-p. A block an item; guided: [items, V], its own.
static __global__ __launch_bounds__(kFilterThreads) void sample_filtered(StepState* state, StepItems items,
                                                                         const float* logits,
                                                                         int64_t vocabulary, float* guided,
                                                                         Best* best, int32_t* sampled,
                                                                         int ring) {
  wait_for_last();
  let_next_start();
  const int item = static_cast<int>(blockIdx.x);
  const ItemSampler sampler = sampler_of(items, state, logits, vocabulary, item);
  float* const own = guided + item * vocabulary;
  float largest = -INFINITY;
  Best found{0.0, kNoId};
  for (int64_t id = threadIdx.x; id < vocabulary; id += blockDim.x) {
    own[id] = sampler.logit(id);
    largest = own[id] > largest ? own[id] : largest;
    if (!(fabsf(own[id]) < INFINITY)) found = {0.0, kNotFiniteId};
  }
  largest = block_max(largest);
  const uint64_t floor = sampler.temperature == 0.0F ? 0 : lowest_kept(sampler, own, vocabulary, largest);
  const KeyOrder order = KeyOrder::of(vocabulary);
  for (int64_t id = threadIdx.x; id < vocabulary; id += blockDim.x) {
    if (order.key(__float_as_uint(own[id]), id) < floor) continue;
    found = better(found, candidate(sampler, own[id], id));
  }
  found = block_best(found);
  if (threadIdx.x == 0) best[item] = found;
  end_step(state, items, best, 1, gridDim.x, sampled, ring);
}

}  // namespace janus::cuda
