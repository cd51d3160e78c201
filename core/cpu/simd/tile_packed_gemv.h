// Products of up to 64 activation rows with packed weights (core/cpu/packed_blocks.h) in the tiles of a
// matrix unit. A vector of four elements of 16 weight rows is a row of the right operand as it stands in
// memory, and the high and the low bytes of activations (packed_gemv.h) are the left ones.
//
// The integers are exact and become floats in the order of packed_gemv.h, so every row has the same bits from
// both; what takes few rows stays there.
#pragma once

#include "core/cpu/simd/packed_gemv.h"
#include "core/cpu/simd/tiles.h"

#if defined(JANUS_HAS_TILES) && defined(JANUS_HAS_PACKED)

namespace janus::cpu::JANUS_ISA {
namespace {

static_assert(kLanes == kPackedRows);

// From here on a tile costs less than the vectors of as many rows.
constexpr int kFewestTileRows = 4;

// The elements of a block as right operands, [part][kPart / 4] rows of a tile.
template <typename Packed>
JANUS_INLINE const uint8_t* elements_in_order(const Packed& block, uint8_t (&memory)[kSuperBlock / 4][64]) {
  using Format = PackedFormat<Packed>;
  constexpr int kVectors = Format::kPart / 4;
#pragma GCC unroll 1
  for (int part = 0; part < PackedFactors<Packed>::kParts; ++part) {
    fetch_ahead(block, part, PackedFactors<Packed>::kParts);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const IntVec elements = elements_of<Packed>(block, part, v, 0);
      __builtin_memcpy(memory[part * kVectors + v], &elements, sizeof elements);
    }
  }
  return memory[0];
}
// (Where tiles load what comes from memory, fetching it before made it slower.)
JANUS_INLINE const uint8_t* elements_in_order(const PackedQ8_0& block, uint8_t (&)[kSuperBlock / 4][64]) {
  return block.q[0][0];
}

// Sums of a block's products by part, of high bytes and of low ones.
template <typename Packed>
struct PartSums {
  alignas(64) int32_t of[PackedFactors<Packed>::kParts][2][kTileHeight][kPackedRows];
};

// kTile, kTile + 1: the sums of high and of low bytes; kTile + 2: activations. Tile 6: elements.
template <typename Packed, int kTile>
JANUS_INLINE void add_parts(const uint8_t* elements, const Int8Activations* x, PartSums<Packed>& sums) {
  constexpr int kPart = PackedFormat<Packed>::kPart;
  for (int part = 0; part < PackedFactors<Packed>::kParts; ++part, elements += kPart * kPackedRows) {
    const int place = part * kPart;
    load_tile<6>(elements, kTileBytes);
    zero_tile<kTile>();
    load_tile<kTile + 2>(x->bytes[place / 32][0] + place % 32, sizeof *x);
    add_byte_tiles<kTile, kTile + 2, 6>();
    store_tile<kTile>(sums.of[part][0], kTileBytes);
    zero_tile<kTile + 1>();
    load_tile<kTile + 2>(x->bytes[place / 32][1] + place % 32, sizeof *x);
    add_byte_tiles<kTile + 1, kTile + 2, 6>();
    store_tile<kTile + 1>(sums.of[part][1], kTileBytes);
  }
}

// Adds a block's sums of `rows` rows, each in the order of add_packed_dots.
template <typename Packed>
JANUS_INLINE void add_part_sums(const PackedFactors<Packed>& factors, const PartSums<Packed>& part_sums,
                                const Int8Activations* x, int rows, float (*sums)[kPackedRows]) {
  using Format = PackedFormat<Packed>;
  for (int r = 0; r < rows; ++r) {
    Vec total{};
#pragma GCC unroll 16
    for (int part = 0; part < PackedFactors<Packed>::kParts; ++part) {
      const auto high = load_as<IntVec>(part_sums.of[part][0][r]);
      IntVec integers = shift_left(high, 8) + load_as<IntVec>(part_sums.of[part][1][r]);
      if constexpr (Format::kBias != 0) integers += splat_int(start_of<Packed>(x[r], part));
      total = fma(to_float(integers), factors.scales[part], total);
      if constexpr (Format::kHasMins) total = fma(-factors.mins[part], splat(x[r].sums[part]), total);
    }
    store(sums[r], fma(total, splat(x[r].factor), load(sums[r])));
  }
}

template <typename Packed>
void tile_packed_dots(const Packed* weight, int count, int64_t blocks, const Int8Activations* x, int rows,
                      const float* bias, float* out, int64_t out_stride) {
  alignas(64) float sums[kMaxTileGemvRows][kPackedRows];
  __builtin_memset(sums, 0, static_cast<size_t>(rows) * sizeof sums[0]);
  for (int64_t block = 0; block < blocks; ++block, ++weight, x += rows) {
    alignas(64) uint8_t memory[kSuperBlock / 4][64];
    const uint8_t* elements = elements_in_order(*weight, memory);
    const PackedFactors<Packed> factors = load_factors(*weight, 0);
    PartSums<Packed> part_sums;
    int r = 0;
    for (; r + kTileHeight < rows; r += kTileHeight) {
      add_parts<Packed, 0>(elements, x + r, part_sums);
      add_part_sums(factors, part_sums, x + r, kTileHeight, sums + r);
    }
    add_parts<Packed, 3>(elements, x + r, part_sums);
    add_part_sums(factors, part_sums, x + r, rows - r, sums + r);
  }
  for (int r = 0; r < rows; ++r) {
    Vec y = load(sums[r]);
    if (bias != nullptr) y += load_up_to(bias, count);
    store_up_to(out + r * out_stride, y, count);
  }
}

template <typename Packed>
void tile_packed_gemv(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed,
                      int rows, const float* bias, float* out, int64_t out_stride) {
  if (rows < kFewestTileRows) {
    return packed_gemv<Packed>(weight, begin, end, depth, packed, rows, bias, out, out_stride);
  }
  constexpr int kPart = PackedFormat<Packed>::kPart;
  const int last_rows = (rows - 1) % kTileHeight + 1;
  TileShapes shapes;
  for (int tile = 0; tile < 6; ++tile) {
    shapes.set(tile, tile < 3 ? kTileHeight : last_rows, tile % 3 == 2 ? kPart : kTileBytes);
  }
  shapes.set(6, kPart / 4, kTileBytes);
  const TileRegion region(shapes);
  const int64_t blocks = weight.stride / kSuperBlock;
  const auto* groups = static_cast<const Packed*>(weight.data) + begin / kPackedRows * blocks;
  for (int64_t f = begin; f < end; f += kPackedRows, groups += blocks) {
    const int count = static_cast<int>(end - f < kPackedRows ? end - f : kPackedRows);
    tile_packed_dots(groups, count, blocks, reinterpret_cast<const Int8Activations*>(packed), rows,
                     bias == nullptr ? nullptr : bias + f, out + f, out_stride);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif
