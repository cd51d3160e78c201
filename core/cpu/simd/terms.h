// Numbers as sums of terms of bf16, laid out for the tiles of a matrix unit (term_gemm.h): each term is what
// the ones before it leave, rounded, so two of them hold 16 bits of a number and three all 24.
//
// A group is 16 rows of the left operand or 16 columns of the right one, over up to kTermDepth of depth:
// [term][depth / 32] tiles, of which the left ones are [row][32], the right ones [16 pairs of the
// depth][column][2]. Behind a depth that is no multiple of 32 stand zeros.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/gemm_tile.h"
#include "core/cpu/simd/packed_weights.h"
#include "core/cpu/simd/tiles.h"

#if defined(JANUS_HAS_TILES)

namespace janus::cpu::JANUS_ISA {
namespace {

constexpr int64_t kTermTile = 512;                           // numbers of a tile
constexpr int64_t kTermPlane = kTermGroupRows * kTermDepth;  // of a term of a group

// The upper half of each lane as the nearest bf16, the lower one zero. A NaN stays one.
JANUS_INLINE Vec nearest_bf16(Vec x) {
  const UInt32Vec bits = bit_cast<UInt32Vec>(x);
  const UInt32Vec rounded = bits + 0x7FFFU + (bits >> 16 & 1U);
  const UInt32Vec quiet = bits | 0x400000U;
  return bit_cast<Vec>((x == x ? rounded : quiet) & 0xFFFF0000U);
}

template <int kTerms>
JANUS_INLINE void split_terms(Vec x, UInt32Vec (&terms)[kTerms]) {
#pragma GCC unroll 3
  for (int i = 0; i < kTerms; ++i) {
    const Vec term = nearest_bf16(x);
    terms[i] = bit_cast<UInt32Vec>(term);
    x -= term;
  }
}

// Stores the terms of kLanes columns at two depths that make a pair: `to` is the first term's place.
template <int kTerms>
JANUS_INLINE void store_pair(Vec first, Vec second, uint16_t* to) {
  UInt32Vec a[kTerms], b[kTerms];
  split_terms(first, a);
  split_terms(second, b);
#pragma GCC unroll 3
  for (int i = 0; i < kTerms; ++i) {
    const UInt32Vec both = a[i] >> 16 | b[i];
    __builtin_memcpy(to + i * kTermPlane, &both, sizeof both);
  }
}

// The place of a column of a pair of depths in the first term.
JANUS_INLINE uint16_t* pair_place(uint16_t* to, int64_t pair, int column) {
  return to + pair * 2 * kTermGroupRows + 2 * column;
}

JANUS_INLINE int64_t round_to_tiles(int64_t depth) { return (depth + 31) / 32 * 32; }

// -- the left operand -------------------------------------------------------------------------------------

// `count` numbers of a row of a group to their terms.
template <int kTerms>
JANUS_INLINE void split_row(const float* x, int64_t count, int row, uint16_t* to) {
  for (int64_t k = 0; k < round_to_tiles(count); k += kLanes) {
    const int64_t rest = count - k;
    UInt32Vec terms[kTerms];
    split_terms(rest >= kLanes ? load(x + k) : rest <= 0 ? Vec{} : load_part(x + k, rest), terms);
#pragma GCC unroll 3
    for (int i = 0; i < kTerms; ++i) {
      const auto narrow = __builtin_convertvector(terms[i] >> 16, HalfVec);
      __builtin_memcpy(to + i * kTermPlane + k / 32 * kTermTile + row * 32 + k % 32, &narrow, sizeof narrow);
    }
  }
}

void split_left_row(const float* x, int64_t count, int row, int terms, uint16_t* to) {
  if (terms == 2) {
    split_row<2>(x, count, row, to);
  } else {
    split_row<3>(x, count, row, to);
  }
}

// -- the right operand, from weights of rows that are its columns -----------------------------------------

// How many terms hold what numbers of a type say, to the bits that activations have beside them.
template <typename T>
constexpr int kTermsOf = 2;  // f16, exactly, and blocks
template <>
constexpr int kTermsOf<float> = 3;
template <>
constexpr int kTermsOf<Bf16> = 1;

// `columns` rows of `depth` floats, `stride` apart, to a group; zeros for the columns that are missing.
template <int kTerms, typename T>
JANUS_INLINE void pack_columns(const T* data, int64_t stride, int columns, int64_t depth, uint16_t* to) {
  for (int column = 0; column < kTermGroupRows; column += kLanes) {
    for (int64_t k = 0; k < round_to_tiles(depth); k += kLanes) {
      const int64_t rest = depth - k;
      Vec block[kLanes] = {};
      for (int j = 0; j < kLanes && column + j < columns && rest > 0; ++j) {
        block[j] = load_up_to(data + (column + j) * stride + k, rest < kLanes ? rest : kLanes);
      }
      transpose(block);
#pragma GCC unroll 8
      for (int i = 0; i < kLanes; i += 2) {
        store_pair<kTerms>(block[i], block[i + 1], pair_place(to, (k + i) / 2, column));
      }
    }
  }
}

// Rows [row, row + columns) of a matrix, k in [begin, end).
template <typename T>
void pack_float_terms(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                      uint16_t* to) {
  const T* data = static_cast<const T*>(from.data) + row * from.stride + begin;
  pack_columns<kTermsOf<T>>(data, from.stride, columns, end - begin, to);
}

// The same for a matrix whose rows are already k: columns [column, column + columns) of its rows [begin,
// end).
template <typename T>
void pack_float_terms_by_depth(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end,
                               uint16_t* to) {
  const T* data = static_cast<const T*>(from.data) + column;
  for (int64_t k = begin; k < begin + round_to_tiles(end - begin); k += 2) {
    for (int first = 0; first < kTermGroupRows; first += kLanes) {
      const int64_t count = columns - first < kLanes ? columns - first : kLanes;
      const auto at = [&](int64_t depth) __attribute__((always_inline)) {
        return count <= 0 || depth >= end ? Vec{} : load_up_to(data + depth * from.stride + first, count);
      };
      store_pair<kTermsOf<T>>(at(k), at(k + 1), pair_place(to, (k - begin) / 2, first));
    }
  }
}

// Rows of plain blocks; `begin` and `end` are multiples of the block.
template <typename Block>
void pack_block_terms(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                      uint16_t* to) {
  float values[kTermGroupRows][kTermDepth];
  const int64_t row_blocks = from.stride / Block::kSize;
  for (int j = 0; j < columns; ++j) {
    const auto* blocks = static_cast<const Block*>(from.data) + (row + j) * row_blocks + begin / Block::kSize;
    for (int64_t k = 0; k < end - begin; k += Block::kSize, ++blocks) {
      Block block;
      __builtin_memcpy(static_cast<void*>(&block), blocks, sizeof block);
      dequantize_block(block, values[j] + k);
    }
  }
  pack_columns<kTermsOf<Block>>(values[0], kTermDepth, columns, end - begin, to);
}

#if defined(JANUS_HAS_PACKED)
// A group of packed rows. A vector has four depths of all 16.
template <typename Packed>
void pack_packed_terms(const Matrix& from, int64_t row, int /*columns*/, int64_t begin, int64_t /*end*/,
                       uint16_t* to) {
  using Format = PackedFormat<Packed>;
  static_assert(kTermDepth == kSuperBlock && kTermGroupRows == kPackedRows);
  const int64_t row_blocks = from.stride / kSuperBlock;
  const Packed& block =
      static_cast<const Packed*>(from.data)[row / kPackedRows * row_blocks + begin / kSuperBlock];
  for (int first = 0; first < kPackedRows; first += kLanes) {
    const PackedFactors<Packed> factors = load_factors(block, first);
#pragma GCC unroll 1
    for (int part = 0; part < PackedFactors<Packed>::kParts; ++part) {
      const Vec bias = splat(static_cast<float>(Format::kBias * (part % 2 == 0 ? 1 : Format::kHigh)));
      for (int v = 0; v < Format::kPart / 4; ++v) {
        const IntVec bytes = elements_of<Packed>(block, part, v, first);
        Vec values[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          values[i] = (to_float(shift_right(bytes, 8 * i) & splat_int(255)) - bias) * factors.scales[part];
          if constexpr (Format::kHasMins) values[i] -= factors.mins[part];
        }
        const int64_t pair = (part * Format::kPart + 4 * v) / 2;
        store_pair<2>(values[0], values[1], pair_place(to, pair, first));
        store_pair<2>(values[2], values[3], pair_place(to, pair + 1, first));
      }
    }
  }
}
#endif

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // JANUS_HAS_TILES
