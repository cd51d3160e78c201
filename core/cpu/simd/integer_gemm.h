// The GEMM of many rows with weights in ggml's block formats (core/quant/k_blocks.h), in whole
// elements.
//
// Activations become int16, with a factor of their own for every 256 (block_gemv.h), and so do
// weights: the elements of q8_0, those of a *_k times their scales, which fit 13 bits. One instruction then
// adds two exact products in each lane of 32 bits where floats take two instructions; sums become floats once
// in 16 to 64 elements, where a factor of the weights or the range of 32 bits ends.
//
// A panel is 256 elements each of kTileColumns weight rows. It is packed once, and stays in the first-level
// cache while all rows pass, kIntegerRows at a time. Nothing depends on the other rows.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/block_gemv.h"
#include "core/cpu/simd/gemm_tile.h"
#include "core/cpu/simd/packed_weights.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// -- activations ------------------------------------------------------------------------------------------

void round_row(const float* x, int64_t depth, int64_t row, const RoundedRows& to) {
  for (int64_t k = 0, block = 0; k < depth; k += kSuperBlock, ++block) {
    const int64_t place = block * to.rows + row, rest = depth - k;
    int16_t values[kSuperBlock];
    const float factor = round_to_int16(x + k, rest < kSuperBlock ? rest : kSuperBlock, values);
    __builtin_memcpy(to.values + place * kSuperBlock, values, sizeof values);
    to.factors[place] = factor;
    for (int part = 0; part < 8; ++part) {
      int total = 0;
      for (int i = 0; i < 32; ++i) total += values[32 * part + i];
      to.minus_sums[place * 8 + part] = static_cast<float>(-total) * factor;
    }
  }
}

// -- weights ----------------------------------------------------------------------------------------------

// Describes a format: the factors that a panel has for each weight row and 256 elements, beside the values;
// the largest value; and the elements after which sums become floats.
template <typename Block>
struct GemmFormat;
template <>
struct GemmFormat<BlockQ8_0> {
  using Panels = BlockQ8_0;
  static constexpr int kScales = 8, kMins = 0, kLargest = 128, kRun = 32;
};
template <>
struct GemmFormat<BlockQ6_K> {
  using Panels = BlockQ6_K;
  static constexpr int kScales = 1, kMins = 0, kLargest = 32 * 128, kRun = 16;
};
template <>
struct GemmFormat<BlockQ5_K> {
  using Panels = BlockQ5_K;
  static constexpr int kScales = 1, kMins = 8, kLargest = 31 * 63, kRun = 32;
};
template <>
struct GemmFormat<BlockQ4_K> {
  using Panels = BlockQ4_K;
  static constexpr int kScales = 1, kMins = 8, kLargest = 15 * 63, kRun = 64;
};

// An element of these is at most 127, and a block's scale is a part's.
template <NibbleBlock Block>
struct GemmFormat<Block> : GemmFormat<BlockQ8_0> {};

struct Panel {
  int16_t values[kSuperBlock / 2][kTileColumns][2];
  float scales[8][kTileColumns];
  float mins[8][kTileColumns];
};

// `blocks` as many as make 256 elements.
JANUS_INLINE void to_int16_values(const BlockQ8_0* blocks, int16_t* values, float* scales, float*) {
  for (int block = 0; block < 8; ++block) {
    for (int i = 0; i < 32; ++i) values[32 * block + i] = blocks[block].q[i];
    scales[block] = from_f16(blocks[block].d);
  }
}

template <typename Block>
JANUS_INLINE void unpack_factors(const Block& block, uint8_t (&factors)[8], float* scales, float* mins) {
  uint8_t whole_mins[8];
  unpack_scales(block.scales, factors, whole_mins);
  scales[0] = from_f16(block.d);
  const float dmin = from_f16(block.dmin);
  for (int j = 0; j < 8; ++j) mins[j] = dmin * static_cast<float>(whole_mins[j]);
}

JANUS_INLINE void to_int16_values(const BlockQ4_K* block, int16_t* values, float* scales, float* mins) {
  uint8_t factors[8];
  unpack_factors(*block, factors, scales, mins);
  for (int j = 0; j < 8; ++j) {
    const auto scale = static_cast<int16_t>(factors[j]);
    for (int l = 0; l < 32; ++l) {
      values[32 * j + l] = static_cast<int16_t>((block->q[j / 2 * 32 + l] >> j % 2 * 4 & 15) * scale);
    }
  }
}

JANUS_INLINE void to_int16_values(const BlockQ5_K* block, int16_t* values, float* scales, float* mins) {
  uint8_t factors[8];
  unpack_factors(*block, factors, scales, mins);
  for (int j = 0; j < 8; ++j) {
    const auto scale = static_cast<int16_t>(factors[j]);
    for (int l = 0; l < 32; ++l) {
      const int number = (block->q[j / 2 * 32 + l] >> j % 2 * 4 & 15) | (block->high[l] >> j & 1) << 4;
      values[32 * j + l] = static_cast<int16_t>(number * scale);
    }
  }
}

JANUS_INLINE void to_int16_values(const BlockQ6_K* block, int16_t* values, float* scales, float*) {
  scales[0] = from_f16(block->d);
  for (int part = 0; part < 16; ++part) {
    const int half = part / 8, quarter = part / 2 % 4, first = part % 2 * 16;
    const uint8_t* low = block->low + 64 * half + 32 * (quarter % 2) + first;
    const uint8_t* high = block->high + 32 * half + first;
    const int16_t scale = block->scales[part];
    for (int l = 0; l < 16; ++l) {
      const int number = (low[l] >> quarter / 2 * 4 & 15) | (high[l] >> quarter * 2 & 3) << 4;
      values[16 * part + l] = static_cast<int16_t>((number - 32) * scale);
    }
  }
}

// Int16 of kLanes weight rows -> pairs of them beside each other in the panel, from column `first` on.
JANUS_INLINE void place_pairs(const int16_t (&values)[kLanes][kSuperBlock], int first, Panel& panel) {
  for (int pair = 0; pair < kSuperBlock / 2; pair += kLanes) {
    Vec block[kLanes];
    for (int j = 0; j < kLanes; ++j) __builtin_memcpy(&block[j], values[j] + 2 * pair, sizeof(Vec));
    transpose(block);
    for (int i = 0; i < kLanes; ++i) {
      __builtin_memcpy(panel.values[pair + i][first], &block[i], sizeof(Vec));
    }
  }
}

// Packs elements [begin, begin + 256) of weight rows [row, row + columns), with zeros behind `depth` and for
// the rows that are missing.
template <typename Block>
void pack_block_panel(const Matrix& weight, int64_t row, int columns, int64_t begin, int64_t depth,
                      float* packed) {
  Panel& panel = *reinterpret_cast<Panel*>(packed);
  constexpr int kBlocks = kSuperBlock / Block::kSize;
  const int64_t row_blocks = weight.stride / Block::kSize;
  const int64_t count = (depth - begin < kSuperBlock ? depth - begin : kSuperBlock) / Block::kSize;
  const auto* from = static_cast<const Block*>(weight.data) + row * row_blocks + begin / Block::kSize;
  for (int first = 0; first < kTileColumns; first += kLanes) {
    int16_t values[kLanes][kSuperBlock] = {};
    for (int j = 0; j < kLanes; ++j) {
      float scales[8] = {}, mins[8] = {};
      if (first + j < columns) {
        Block blocks[kBlocks] = {};
        __builtin_memcpy(static_cast<void*>(blocks), from + (first + j) * row_blocks,
                         static_cast<size_t>(count) * sizeof(Block));
        to_int16_values(blocks, values[j], scales, mins);
      }
      for (int i = 0; i < GemmFormat<Block>::kScales; ++i) panel.scales[i][first + j] = scales[i];
      for (int i = 0; i < GemmFormat<Block>::kMins; ++i) panel.mins[i][first + j] = mins[i];
    }
    place_pairs(values, first, panel);
  }
}

#if defined(JANUS_HAS_PACKED)

// Bytes 2 * kPair and 2 * kPair + 1 of each lane as int16 without a sign.
template <int kPair>
JANUS_INLINE UInt16Vec pair_of_int16(IntVec bytes) {
  constexpr int kOrder = static_cast<int>(kPair == 0 ? 0x80018000U : 0x80038002U);
  typedef int32_t FourLanes __attribute__((vector_size(16)));
  const FourLanes within = FourLanes{0, 0x00040004, 0x00080008, 0x000C000C} + kOrder;
#if defined(__AVX512F__)
  const __m512i order = _mm512_maskz_broadcast_i32x4(0xFFFF, bit_cast<__m128i>(within));
  return bit_cast<UInt16Vec>(_mm512_shuffle_epi8(bit_cast<__m512i>(bytes), order));
#else
  const __m256i order = _mm256_broadcastsi128_si256(bit_cast<__m128i>(within));
  return bit_cast<UInt16Vec>(_mm256_shuffle_epi8(bit_cast<__m256i>(bytes), order));
#endif
}

// Rows [first, first + kLanes) of a block to columns [column, column + kLanes) of a panel.
template <typename Packed>
JANUS_INLINE void pack_packed_columns(const Packed& block, int first, int column, Panel& panel) {
  using Format = PackedFormat<Packed>;
  constexpr int kParts = PackedFactors<Packed>::kParts, kVectors = Format::kPart / 4;
#pragma GCC unroll 1
  for (int part = 0; part < kParts; ++part) {
    const int shift = part % 2 == 0 ? 0 : __builtin_ctz(Format::kHigh);
    const IntVec scale = integer_scale(block, part, first);
    const auto twice = bit_cast<Int16Vec>((scale & splat_int(0xFFFF)) | shift_left(scale, 16));
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const IntVec bytes = elements_of(block, part, v, first);
      const UInt16Vec pairs[2] = {pair_of_int16<0>(bytes) >> shift, pair_of_int16<1>(bytes) >> shift};
      for (int i = 0; i < 2; ++i) {
        const Int16Vec values = (bit_cast<Int16Vec>(pairs[i]) - static_cast<int16_t>(Format::kBias)) * twice;
        __builtin_memcpy(panel.values[(part * kVectors + v) * 2 + i][column], &values, sizeof values);
      }
    }
  }
  const PackedFactors<Packed> factors = load_factors(block, first);
  if constexpr (GemmFormat<typename Packed::Plain>::kScales == 1) {
    store(panel.scales[0] + column, to_f32_halves(block.d + first));
  } else {
    for (int i = 0; i < kParts; ++i) {
      // (What stands in high halves was shifted down above.)
      const Vec scale = i % 2 == 0 ? factors.scales[i] : factors.scales[i] * splat(Format::kHigh);
      store(panel.scales[i] + column, scale);
    }
  }
  for (int i = 0; i < GemmFormat<typename Packed::Plain>::kMins; ++i)
    store(panel.mins[i] + column, factors.mins[i]);
}

// `row` begins a group.
template <typename Packed>
void pack_packed_panel(const Matrix& weight, int64_t row, int columns, int64_t begin, int64_t /*depth*/,
                       float* packed) {
  Panel& panel = *reinterpret_cast<Panel*>(packed);
  static_assert(kTileColumns % kPackedRows == 0);
  if (columns <= kTileColumns - kPackedRows) __builtin_memset(&panel, 0, sizeof panel);
  const int64_t row_blocks = weight.stride / kSuperBlock;
  const auto* from =
      static_cast<const Packed*>(weight.data) + row / kPackedRows * row_blocks + begin / kSuperBlock;
  for (int group = 0; group < columns; group += kPackedRows, from += row_blocks) {
    for (int first = 0; first < kPackedRows; first += kLanes) {
      pack_packed_columns(*from, first, group + first, panel);
    }
  }
}
#endif

// -- products ---------------------------------------------------------------------------------------------

#if defined(__AVX512F__)
constexpr int kIntegerRows = 6;
#else
constexpr int kIntegerRows = 4;
#endif

// Adds the products of kIntegerRows rows of 256 int16 with a panel.
template <typename Block>
void add_integer_tile(const Panel& panel, const int16_t* values, const float* factors,
                      const float* minus_sums, float* totals) {
  using Format = GemmFormat<Block>;
  constexpr int kRun = Format::kRun, R = kIntegerRows;
  static_assert(int64_t{kRun} * 32767 * Format::kLargest <= INT32_MAX);
  Vec partial[R][kTileVectors] = {};
#pragma GCC unroll 1
  for (int run = 0; run < kSuperBlock / kRun; ++run) {
    IntVec integers[R][kTileVectors] = {};
#pragma GCC unroll 16
    for (int pair = run * kRun / 2; pair < (run + 1) * kRun / 2; ++pair) {
      // The next rows' 512 bytes each: too short a way for the processor to see where it leads.
      constexpr int kAhead = kSuperBlock / 2 / (R * kSuperBlock / 32);
      if (pair % kAhead == 0) __builtin_prefetch(values + R * kSuperBlock + pair / kAhead * 32);
      Int16Vec right[kTileVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kTileVectors; ++j) right[j] = load_as<Int16Vec>(panel.values[pair][j * kLanes]);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        int32_t both;
        __builtin_memcpy(&both, values + r * kSuperBlock + 2 * pair, sizeof both);
        auto x = bit_cast<Int16Vec>(splat_int(both));
        keep(x);
#pragma GCC unroll 2
        for (int j = 0; j < kTileVectors; ++j) integers[r][j] = add_products(right[j], x, integers[r][j]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int j = 0; j < kTileVectors; ++j) {
        if constexpr (Format::kScales == 1) {
          partial[r][j] += to_float(integers[r][j]);
        } else {
          partial[r][j] = fma(to_float(integers[r][j]), load(panel.scales[run] + j * kLanes), partial[r][j]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < kTileVectors; ++j) {
      float* place = totals + r * kTileColumns + j * kLanes;
      Vec total = partial[r][j];
      if constexpr (Format::kScales == 1) total *= load(panel.scales[0] + j * kLanes);
      total = fma(total, splat(factors[r]), load(place));
      for (int i = 0; i < Format::kMins; ++i) {
        total = fma(load(panel.mins[i] + j * kLanes), splat(minus_sums[r * 8 + i]), total);
      }
      store(place, total);
    }
  }
}

template <typename Block>
void add_integer_rows(const float* packed, const RoundedRows& x, int64_t first, int64_t count,
                      float* totals) {
  const Panel& panel = *reinterpret_cast<const Panel*>(packed);
  for (int64_t r = first; r < first + count; r += kIntegerRows, totals += kIntegerRows * kTileColumns) {
    add_integer_tile<Block>(panel, x.values + r * kSuperBlock, x.factors + r, x.minus_sums + r * 8, totals);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
