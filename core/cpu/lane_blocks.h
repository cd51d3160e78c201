// The block formats of core/quant/block_formats.h in lanes: 256 numbers each of 16 weight rows, with the same
// numbers and scales in as many bytes, ordered for products in vectors.
//
// A vector of 64 bytes has four numbers that follow one another of each row: row i in lane i of 32 bits. So a
// product multiplies it with four activations, broadcast, and the sums of 16 rows grow beside each other; a
// scale of 16 rows is one vector, too. Of a matrix, the blocks of 16 rows follow one another along the depth,
// then come the next 16 rows: it is read as one stream.
//
// Where two numbers share a byte, the one in the high half is multiplied where it stands, 4, 8 or 16 times
// too large, and its scale makes up for that.
#pragma once

#include <cstdint>

#include "core/quant/block_formats.h"
#include "core/tensor/tensor.h"

namespace janus::cpu {

// Eight parts of 32 numbers.
struct LanesQ8_0 {
  using Stored = BlockQ8_0;
  uint16_t d[8][kLaneRows];
  uint8_t q[8][8][64];  // number + 128
};
static_assert(sizeof(LanesQ8_0) == kLaneRows * 8 * sizeof(BlockQ8_0));

// Part 2p stands in the low halves of q[p], part 2p + 1 in the high ones. fields: of each row 16 numbers of 6
// bits in three words: number s < 8 is the scale of part s, number 8 + s its min. Word w has numbers 5w to
// 5w + 4 from the lowest bit on, and two bits of number 15 at the top, the lowest ones in word 0.
struct LanesQ4_K {
  using Stored = BlockQ4_K;
  uint16_t d[kLaneRows], dmin[kLaneRows];
  uint32_t fields[3][kLaneRows];
  uint8_t q[4][8][64];
};
static_assert(sizeof(LanesQ4_K) == kLaneRows * sizeof(BlockQ4_K));

// As q4_k; q[p] has the low four bits of part 2p, but the high four of part 2p + 1. What is missing of the
// numbers of q[p][v] is in high[v], whose lanes have to be turned right by 2p bits: bit 4 of a byte then
// belongs to part 2p, bit 3 to part 2p + 1.
struct LanesQ5_K {
  using Stored = BlockQ5_K;
  uint16_t d[kLaneRows], dmin[kLaneRows];
  uint32_t fields[3][kLaneRows];
  uint8_t high[8][64];
  uint8_t q[4][8][64];
};
static_assert(sizeof(LanesQ5_K) == kLaneRows * sizeof(BlockQ5_K));

// 16 parts of 16 numbers, four a quarter: 0 and 1 share low[0], 2 and 3 low[1], as in q5_k. What is missing
// is in `high`: of part 0 bits 4 and 5, of part 1 bits 2 and 3, of part 2 bits 6 and 7, of part 3 bits 0
// and 1.
struct LanesQ6_K {
  using Stored = BlockQ6_K;
  uint16_t d[kLaneRows];
  int8_t scales[16][kLaneRows];
  struct {
    uint8_t low[2][4][64];
    uint8_t high[4][64];
  } quarters[4];
};
static_assert(sizeof(LanesQ6_K) == kLaneRows * sizeof(BlockQ6_K));

// Of `Lanes`: how many blocks of the format as stored make 256 numbers of a row.
template <typename Lanes>
inline constexpr int kStoredBlocks = kSuperBlock / Lanes::Stored::kSize;

// 256 numbers of 16 rows as bytes: vector v has numbers 4v to 4v + 3.
using LaneBytes = uint8_t[64][64];

// -- one row's numbers as unsigned bytes, in order ---------------------------------------------------------

JANUS_ALWAYS_INLINE void unpack_numbers(const BlockQ8_0* blocks, uint8_t* to) {
  for (int block = 0; block < 8; ++block) {
    for (int i = 0; i < 32; ++i) {
      to[32 * block + i] = static_cast<uint8_t>(static_cast<uint8_t>(blocks[block].q[i]) ^ 0x80);
    }
  }
}

JANUS_ALWAYS_INLINE void unpack_numbers(const BlockQ4_K* block, uint8_t* to) {
  for (int part = 0; part < 4; ++part) {
    for (int l = 0; l < 32; ++l) {
      to[64 * part + l] = block->q[32 * part + l] & 15;
      to[64 * part + 32 + l] = block->q[32 * part + l] >> 4;
    }
  }
}

JANUS_ALWAYS_INLINE void unpack_numbers(const BlockQ5_K* block, uint8_t* to) {
  for (int part = 0; part < 4; ++part) {
    for (int l = 0; l < 32; ++l) {
      const int q = block->q[32 * part + l], high = block->high[l] >> 2 * part;
      to[64 * part + l] = static_cast<uint8_t>((q & 15) | (high & 1) << 4);
      to[64 * part + 32 + l] = static_cast<uint8_t>(q >> 4 | (high & 2) << 3);
    }
  }
}

JANUS_ALWAYS_INLINE void unpack_numbers(const BlockQ6_K* block, uint8_t* to) {
  for (int half = 0; half < 2; ++half) {
    for (int l = 0; l < 64; ++l) {
      const int low = block->low[64 * half + l], high = block->high[32 * half + l % 32] >> l / 32 * 2;
      to[128 * half + l] = static_cast<uint8_t>((low & 15) | (high & 3) << 4);
      to[128 * half + 64 + l] = static_cast<uint8_t>(low >> 4 | (high >> 4 & 3) << 4);
    }
  }
}

// -- bytes and factors to blocks in lanes -------------------------------------------------------------------

JANUS_ALWAYS_INLINE void pack_numbers(const LaneBytes& bytes, LanesQ8_0& to) {
  __builtin_memcpy(to.q, bytes, sizeof to.q);
}

JANUS_ALWAYS_INLINE void pack_numbers(const LaneBytes& bytes, LanesQ4_K& to) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int v = 0; v < 8; ++v) {
      const uint8_t *even = bytes[16 * pair + v], *odd = bytes[16 * pair + 8 + v];
      for (int i = 0; i < 64; ++i)
        to.q[pair][v][i] = static_cast<uint8_t>((even[i] & 15) | (odd[i] & 15) << 4);
    }
  }
}

JANUS_ALWAYS_INLINE void pack_numbers(const LaneBytes& bytes, LanesQ5_K& to) {
  uint32_t high[8][kLaneRows] = {};
  for (int pair = 0; pair < 4; ++pair) {
    for (int v = 0; v < 8; ++v) {
      const uint8_t *even = bytes[16 * pair + v], *odd = bytes[16 * pair + 8 + v];
      uint8_t missing[64];
      for (int i = 0; i < 64; ++i) {
        to.q[pair][v][i] = static_cast<uint8_t>((even[i] & 15) | (odd[i] & 30) << 3);
        missing[i] = static_cast<uint8_t>((even[i] & 16) | (odd[i] & 1) << 3);
      }
      for (int row = 0; row < kLaneRows; ++row) {
        uint32_t bits;
        __builtin_memcpy(&bits, missing + 4 * row, 4);
        high[v][row] |= bits << 2 * pair | static_cast<uint32_t>(uint64_t{bits} << 2 * pair >> 32);
      }
    }
  }
  __builtin_memcpy(to.high, high, sizeof high);
}

JANUS_ALWAYS_INLINE void pack_numbers(const LaneBytes& bytes, LanesQ6_K& to) {
  for (int quarter = 0; quarter < 4; ++quarter) {
    for (int v = 0; v < 4; ++v) {
      const uint8_t *first = bytes[16 * quarter + v], *second = first + 4 * 64, *third = first + 8 * 64,
                    *fourth = first + 12 * 64;
      for (int i = 0; i < 64; ++i) {
        to.quarters[quarter].low[0][v][i] = static_cast<uint8_t>((first[i] & 15) | (second[i] & 60) << 2);
        to.quarters[quarter].low[1][v][i] = static_cast<uint8_t>((third[i] & 15) | (fourth[i] & 60) << 2);
        to.quarters[quarter].high[v][i] = static_cast<uint8_t>((first[i] & 48) | (second[i] & 3) << 2 |
                                                               (third[i] & 48) << 2 | (fourth[i] & 3));
      }
    }
  }
}

JANUS_ALWAYS_INLINE void pack_factors(const BlockQ8_0* blocks, int row, LanesQ8_0& to) {
  for (int part = 0; part < 8; ++part) to.d[part][row] = blocks[part].d;
}

template <typename Stored, typename Lanes>
JANUS_ALWAYS_INLINE void pack_factors(const Stored* block, int row, Lanes& to) {
  uint8_t numbers[16];
  unpack_scales(block->scales, numbers, numbers + 8);
  to.d[row] = block->d;
  to.dmin[row] = block->dmin;
  for (int word = 0; word < 3; ++word) {
    uint32_t bits = static_cast<uint32_t>(numbers[15] >> 2 * word & 3) << 30;
    for (int i = 0; i < 5; ++i) bits |= static_cast<uint32_t>(numbers[5 * word + i]) << 6 * i;
    to.fields[word][row] = bits;
  }
}

JANUS_ALWAYS_INLINE void pack_factors(const BlockQ6_K* block, int row, LanesQ6_K& to) {
  to.d[row] = block->d;
  for (int part = 0; part < 16; ++part) to.scales[part][row] = block->scales[part];
}

// 256 numbers of `rows` <= 16 rows, which are `row_blocks` apart; zeros for the others.
template <typename Lanes>
JANUS_ALWAYS_INLINE void to_lanes(const typename Lanes::Stored* from, int64_t row_blocks, int rows,
                                  Lanes& to) {
  using Stored = typename Lanes::Stored;
  LaneBytes bytes;
  for (int row = 0; row < kLaneRows; ++row) {
    Stored blocks[kStoredBlocks<Lanes>] = {};
    if (row < rows) {
      __builtin_memcpy(static_cast<void*>(blocks), from + row * row_blocks, sizeof blocks);
    }
    uint8_t numbers[kSuperBlock];
    unpack_numbers(blocks, numbers);
    for (int v = 0; v < 64; ++v) __builtin_memcpy(&bytes[v][4 * row], numbers + 4 * v, 4);
    pack_factors(blocks, row, to);
  }
  pack_numbers(bytes, to);
}

}  // namespace janus::cpu
