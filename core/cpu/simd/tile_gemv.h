// Products of up to 64 activation rows with weights of bf16 in the tiles of a matrix unit: 16 weight rows are
// the left operand as they stand in memory, so weights are streamed once and never unpacked, and activations
// are the right one, as two terms (terms.h). One row costs what 16 do.
//
// Source of the shape: measured with 16 and 32 rows at 0.93 and 0.77 of a loop that only reads, and slower
// with prefetch of any kind.
#pragma once

#include "core/cpu/simd/terms.h"
#include "core/cpu/simd/tiles.h"

#if defined(JANUS_HAS_TILES)

namespace janus::cpu::JANUS_ISA {
namespace {

// Activations are [depth / 32][group of 16 rows][term][16 pairs of the depth][row][2]; the last group has
// as many rows as there are.
constexpr int kTileGemvGroups = kMaxTileGemvRows / kTermGroupRows;

JANUS_INLINE int rows_of_group(int rows, int group) {
  const int rest = rows - group * kTermGroupRows;
  return rest < kTermGroupRows ? rest : kTermGroupRows;
}

// The words [row][16 pairs] of a term, which stand in `rows`, to [pair][row] of `height` rows.
JANUS_INLINE void transpose_words(const uint16_t (&rows)[kTermGroupRows][32], int height, uint16_t* to) {
  for (int pair = 0; pair < 16; pair += kLanes) {
    for (int row = 0; row < height; row += kLanes) {
      Vec block[kLanes];
      for (int j = 0; j < kLanes; ++j) __builtin_memcpy(&block[j], rows[row + j] + 2 * pair, sizeof(Vec));
      transpose(block);
      const int count = height - row < kLanes ? height - row : kLanes;
      for (int i = 0; i < kLanes; ++i) {
        __builtin_memcpy(to + 2 * ((pair + i) * height + row), &block[i], static_cast<size_t>(count) * 4);
      }
    }
  }
}

void pack_tile_rows(const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  auto* to = reinterpret_cast<uint16_t*>(packed);
  for (int64_t k = 0; k < depth; k += 32) {
    const int64_t count = depth - k < 32 ? depth - k : 32;
    for (int group = 0; group * kTermGroupRows < rows; ++group) {
      const int height = rows_of_group(rows, group);
      uint16_t terms[2][kTermGroupRows][32] = {};
      for (int r = 0; r < height; ++r) {
        float values[32] = {};
        __builtin_memcpy(values, x + (group * kTermGroupRows + r) * x_stride + k,
                         static_cast<size_t>(count) * sizeof(float));
        for (int i = 0; i < 32; i += kLanes) {
          UInt32Vec both[2];
          split_terms(load(values + i), both);
          for (int term = 0; term < 2; ++term) {
            const auto narrow = __builtin_convertvector(both[term] >> 16, HalfVec);
            __builtin_memcpy(terms[term][r] + i, &narrow, sizeof narrow);
          }
        }
      }
      for (int term = 0; term < 2; ++term, to += 32 * height) transpose_words(terms[term], height, to);
    }
  }
}

// Tiles 0 to 3 are sums of the groups, 4 the weights, 5 the activations of a full group, 6 those of the last.
JANUS_INLINE TileShapes tile_gemv_shapes(int weight_rows, int rows) {
  TileShapes shapes;
  const int groups = (rows + kTermGroupRows - 1) / kTermGroupRows;
  for (int group = 0; group < groups; ++group) {
    shapes.set(group, weight_rows, 4 * rows_of_group(rows, group));
  }
  shapes.set(4, weight_rows, kTileBytes);
  shapes.set(5, kTileHeight, kTileBytes);
  shapes.set(6, kTileHeight, 4 * rows_of_group(rows, groups - 1));
  return shapes;
}

// Adds the products of the weights in tile 4 with group kGroup of kGroups at `x`; returns where the next
// ones stand.
template <int kGroups, int kGroup>
JANUS_INLINE const uint16_t* add_group(const uint16_t* x, int last_rows) {
  constexpr bool kLast = kGroup + 1 == kGroups;
  constexpr int kRight = kLast ? 6 : 5;
  const int height = kLast ? last_rows : kTermGroupRows;
#pragma GCC unroll 2
  for (int term = 0; term < 2; ++term, x += 32 * height) {
    load_tile<kRight>(x, 4 * height);
    add_bf16_tiles<kGroup, 4, kRight>();
  }
  return x;
}

template <int kGroups>
JANUS_INLINE const uint16_t* add_groups(const uint16_t* x, int last_rows) {
  x = add_group<kGroups, 0>(x, last_rows);
  if constexpr (kGroups > 1) x = add_group<kGroups, 1>(x, last_rows);
  if constexpr (kGroups > 2) x = add_group<kGroups, 2>(x, last_rows);
  if constexpr (kGroups > 3) x = add_group<kGroups, 3>(x, last_rows);
  return x;
}

template <int kGroup>
JANUS_INLINE void store_group(int weight_rows, int rows, const float* bias, float* out, int64_t out_stride) {
  alignas(64) float sums[kTileHeight][kTileHeight];
  store_tile<kGroup>(sums, kTileBytes);
  const int height = rows_of_group(rows, kGroup);
  out += kGroup * kTermGroupRows * out_stride;
  for (int r = 0; r < height; ++r) {
    for (int f = 0; f < weight_rows; ++f) {
      out[r * out_stride + f] = sums[f][r] + (bias == nullptr ? 0.0F : bias[f]);
    }
  }
}

// The products of `count` <= 16 weight rows, for which the tiles are configured.
template <int kGroups>
void tile_group_dots(const Bf16* weight, int64_t stride, int count, int64_t depth, const uint16_t* x,
                     int rows, const float* bias, float* out, int64_t out_stride) {
  const int last_rows = rows_of_group(rows, kGroups - 1);
  zero_tile<0>();
  if constexpr (kGroups > 1) zero_tile<1>();
  if constexpr (kGroups > 2) zero_tile<2>();
  if constexpr (kGroups > 3) zero_tile<3>();
  int64_t k = 0;
  for (; k + 32 <= depth; k += 32) {
    load_tile<4>(weight + k, stride * static_cast<int64_t>(sizeof(Bf16)));
    x = add_groups<kGroups>(x, last_rows);
  }
  if (k < depth) {
    alignas(64) Bf16 rest[kTileHeight][32] = {};
    for (int f = 0; f < count; ++f) {
      __builtin_memcpy(rest[f], weight + f * stride + k, static_cast<size_t>(depth - k) * sizeof(Bf16));
    }
    load_tile<4>(rest, kTileBytes);
    add_groups<kGroups>(x, last_rows);
  }
  store_group<0>(count, rows, bias, out, out_stride);
  if constexpr (kGroups > 1) store_group<1>(count, rows, bias, out, out_stride);
  if constexpr (kGroups > 2) store_group<2>(count, rows, bias, out, out_stride);
  if constexpr (kGroups > 3) store_group<3>(count, rows, bias, out, out_stride);
}

void tile_gemv(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed, int rows,
               const float* bias, float* out, int64_t out_stride) {
  using Function =
      void (*)(const Bf16*, int64_t, int, int64_t, const uint16_t*, int, const float*, float*, int64_t);
  static constexpr Function kByGroups[kTileGemvGroups] = {tile_group_dots<1>, tile_group_dots<2>,
                                                          tile_group_dots<3>, tile_group_dots<4>};
  const Function group_dots = kByGroups[(rows - 1) / kTermGroupRows];
  const auto* x = reinterpret_cast<const uint16_t*>(packed);
  int configured = end - begin < kTileHeight ? static_cast<int>(end - begin) : kTileHeight;
  TileRegion region(tile_gemv_shapes(configured, rows));
  for (int64_t f = begin; f < end; f += kTileHeight) {
    const int count = static_cast<int>(end - f < kTileHeight ? end - f : kTileHeight);
    if (count != configured) region.change(tile_gemv_shapes(configured = count, rows));
    group_dots(static_cast<const Bf16*>(weight.data) + f * weight.stride, weight.stride, count, depth, x,
               rows, bias == nullptr ? nullptr : bias + f, out + f, out_stride);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // JANUS_HAS_TILES
