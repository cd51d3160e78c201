// The block formats of core/quant/k_blocks.h packed: 256 elements each of 16 weight rows, with the same
// elements and scales in as many bytes, ordered for products in vectors.
//
// A vector of 64 bytes has four elements that follow one another of each row: row i in lane i of 32 bits. So
// a product multiplies it with four activations, broadcast, and the sums of 16 rows grow beside each other; a
// scale of 16 rows is one vector, too. Of a matrix, the blocks of 16 rows follow one another along the depth,
// then come the next 16 rows: it is read as one stream.
//
// Where two elements share a byte, the one in the high half is multiplied where it stands, 4, 8 or 16 times
// too large, and its scale makes up for that.
#pragma once

#include <cstdint>

#include "core/quant/blocks.h"
#include "core/tensor/tensor.h"

namespace janus::cpu {

// Eight parts of 32 elements.
struct PackedQ8_0 {
  using Plain = BlockQ8_0;
  uint16_t d[8][kPackedRows];
  uint8_t q[8][8][64];  // element + 128
};
static_assert(sizeof(PackedQ8_0) == kPackedRows * 8 * sizeof(BlockQ8_0));

// Part 2p stands in the low halves of q[p], part 2p + 1 in the high ones. fields: of each row 16 elements of
// 6 bits in three values: number s < 8 is the scale of part s, number 8 + s its min. Word w has elements 5w
// to 5w + 4 from the lowest bit on, and two bits of number 15 at the top, the lowest ones in word 0.
struct PackedQ4_K {
  using Plain = BlockQ4_K;
  uint16_t d[kPackedRows], dmin[kPackedRows];
  uint32_t fields[3][kPackedRows];
  uint8_t q[4][8][64];
};
static_assert(sizeof(PackedQ4_K) == kPackedRows * sizeof(BlockQ4_K));

// As q4_k; q[p] has the low four bits of part 2p, but the high four of part 2p + 1. What is missing of the
// elements of q[p][v] is in high[v], whose lanes have to be turned right by 2p bits: bit 4 of a byte then
// belongs to part 2p, bit 3 to part 2p + 1.
struct PackedQ5_K {
  using Plain = BlockQ5_K;
  uint16_t d[kPackedRows], dmin[kPackedRows];
  uint32_t fields[3][kPackedRows];
  uint8_t high[8][64];
  uint8_t q[4][8][64];
};
static_assert(sizeof(PackedQ5_K) == kPackedRows * sizeof(BlockQ5_K));

// 16 parts of 16 elements, four a quarter: 0 and 1 share low[0], 2 and 3 low[1], as in q5_k. What is missing
// is in `high`: of part 0 bits 4 and 5, of part 1 bits 2 and 3, of part 2 bits 6 and 7, of part 3 bits 0
// and 1.
struct PackedQ6_K {
  using Plain = BlockQ6_K;
  uint16_t d[kPackedRows];
  int8_t scales[16][kPackedRows];
  struct {
    uint8_t low[2][4][64];
    uint8_t high[4][64];
  } quarters[4];
};
static_assert(sizeof(PackedQ6_K) == kPackedRows * sizeof(BlockQ6_K));

// Packs the formats of core/quant/nibble_blocks.h: the scales of eight blocks of each row, and places of the
// table in the order of q4_k's elements.
template <NibbleBlock Block>
struct PackedNibbles {
  using Plain = Block;
  decltype(Block::scale) scales[8][kPackedRows];
  uint8_t q[4][8][64];
};

// How many plain blocks make 256 elements of a row.
template <typename Packed>
inline constexpr int kPlainBlocks = kSuperBlock / Packed::Plain::kSize;

// 256 elements of 16 rows as bytes: vector v has elements 4v to 4v + 3.
using PackedBytes = uint8_t[64][64];

// -- one row's elements as unsigned bytes, in order ---------------------------------------------------------

JANUS_ALWAYS_INLINE void unpack_elements(const BlockQ8_0* blocks, uint8_t* to) {
  for (int block = 0; block < 8; ++block) {
    for (int i = 0; i < 32; ++i) {
      to[32 * block + i] = static_cast<uint8_t>(static_cast<uint8_t>(blocks[block].q[i]) ^ 0x80);
    }
  }
}

JANUS_ALWAYS_INLINE void unpack_elements(const BlockQ4_K* block, uint8_t* to) {
  for (int part = 0; part < 4; ++part) {
    for (int l = 0; l < 32; ++l) {
      to[64 * part + l] = block->q[32 * part + l] & 15;
      to[64 * part + 32 + l] = block->q[32 * part + l] >> 4;
    }
  }
}

JANUS_ALWAYS_INLINE void unpack_elements(const BlockQ5_K* block, uint8_t* to) {
  for (int part = 0; part < 4; ++part) {
    for (int l = 0; l < 32; ++l) {
      const int q = block->q[32 * part + l], high = block->high[l] >> 2 * part;
      to[64 * part + l] = static_cast<uint8_t>((q & 15) | (high & 1) << 4);
      to[64 * part + 32 + l] = static_cast<uint8_t>(q >> 4 | (high & 2) << 3);
    }
  }
}

JANUS_ALWAYS_INLINE void unpack_elements(const BlockQ6_K* block, uint8_t* to) {
  for (int half = 0; half < 2; ++half) {
    for (int l = 0; l < 64; ++l) {
      const int low = block->low[64 * half + l], high = block->high[32 * half + l % 32] >> l / 32 * 2;
      to[128 * half + l] = static_cast<uint8_t>((low & 15) | (high & 3) << 4);
      to[128 * half + 64 + l] = static_cast<uint8_t>(low >> 4 | (high >> 4 & 3) << 4);
    }
  }
}

template <NibbleBlock Block>
JANUS_ALWAYS_INLINE void unpack_elements(const Block* blocks, uint8_t* to) {
  for (int block = 0; block < 8; ++block) {
    for (int l = 0; l < 16; ++l) {
      to[32 * block + l] = blocks[block].q[l] & 15;
      to[32 * block + 16 + l] = blocks[block].q[l] >> 4;
    }
  }
}

// -- bytes and factors to packed blocks -------------------------------------------------------------------

JANUS_ALWAYS_INLINE void pack_elements(const PackedBytes& bytes, PackedQ8_0& to) {
  __builtin_memcpy(to.q, bytes, sizeof to.q);
}

JANUS_ALWAYS_INLINE void pack_halves(const PackedBytes& bytes, uint8_t (&q)[4][8][64]) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int v = 0; v < 8; ++v) {
      const uint8_t *even = bytes[16 * pair + v], *odd = bytes[16 * pair + 8 + v];
      for (int i = 0; i < 64; ++i) q[pair][v][i] = static_cast<uint8_t>((even[i] & 15) | (odd[i] & 15) << 4);
    }
  }
}

JANUS_ALWAYS_INLINE void pack_elements(const PackedBytes& bytes, PackedQ4_K& to) { pack_halves(bytes, to.q); }

template <NibbleBlock Block>
JANUS_ALWAYS_INLINE void pack_elements(const PackedBytes& bytes, PackedNibbles<Block>& to) {
  static_assert(sizeof to == kPackedRows * 8 * sizeof(Block));
  pack_halves(bytes, to.q);
}

JANUS_ALWAYS_INLINE void pack_elements(const PackedBytes& bytes, PackedQ5_K& to) {
  uint32_t high[8][kPackedRows] = {};
  for (int pair = 0; pair < 4; ++pair) {
    for (int v = 0; v < 8; ++v) {
      const uint8_t *even = bytes[16 * pair + v], *odd = bytes[16 * pair + 8 + v];
      uint8_t missing[64];
      for (int i = 0; i < 64; ++i) {
        to.q[pair][v][i] = static_cast<uint8_t>((even[i] & 15) | (odd[i] & 30) << 3);
        missing[i] = static_cast<uint8_t>((even[i] & 16) | (odd[i] & 1) << 3);
      }
      for (int row = 0; row < kPackedRows; ++row) {
        uint32_t bits;
        __builtin_memcpy(&bits, missing + 4 * row, 4);
        high[v][row] |= bits << 2 * pair | static_cast<uint32_t>(uint64_t{bits} << 2 * pair >> 32);
      }
    }
  }
  __builtin_memcpy(to.high, high, sizeof high);
}

JANUS_ALWAYS_INLINE void pack_elements(const PackedBytes& bytes, PackedQ6_K& to) {
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

JANUS_ALWAYS_INLINE void pack_factors(const BlockQ8_0* blocks, int row, PackedQ8_0& to) {
  for (int part = 0; part < 8; ++part) to.d[part][row] = blocks[part].d;
}

template <NibbleBlock Block>
JANUS_ALWAYS_INLINE void pack_factors(const Block* blocks, int row, PackedNibbles<Block>& to) {
  for (int part = 0; part < 8; ++part) to.scales[part][row] = blocks[part].scale;
}

// Packs the factors of q4_k and q5_k.
template <typename Plain, typename Packed>
JANUS_ALWAYS_INLINE void pack_factors(const Plain* block, int row, Packed& to) {
  uint8_t elements[16];
  unpack_scales(block->scales, elements, elements + 8);
  to.d[row] = block->d;
  to.dmin[row] = block->dmin;
  for (int word = 0; word < 3; ++word) {
    uint32_t bits = static_cast<uint32_t>(elements[15] >> 2 * word & 3) << 30;
    for (int i = 0; i < 5; ++i) bits |= static_cast<uint32_t>(elements[5 * word + i]) << 6 * i;
    to.fields[word][row] = bits;
  }
}

JANUS_ALWAYS_INLINE void pack_factors(const BlockQ6_K* block, int row, PackedQ6_K& to) {
  to.d[row] = block->d;
  for (int part = 0; part < 16; ++part) to.scales[part][row] = block->scales[part];
}

// 256 elements of `rows` <= 16 rows, which are `row_blocks` apart; zeros for the others.
template <typename Packed>
JANUS_ALWAYS_INLINE void pack_block(const typename Packed::Plain* from, int64_t row_blocks, int rows,
                                    Packed& to) {
  using Plain = typename Packed::Plain;
  PackedBytes bytes;
  for (int row = 0; row < kPackedRows; ++row) {
    Plain blocks[kPlainBlocks<Packed>] = {};
    if (row < rows) {
      __builtin_memcpy(static_cast<void*>(blocks), from + row * row_blocks, sizeof blocks);
    }
    uint8_t elements[kSuperBlock];
    unpack_elements(blocks, elements);
    for (int v = 0; v < 64; ++v) __builtin_memcpy(&bytes[v][4 * row], elements + 4 * v, 4);
    pack_factors(blocks, row, to);
  }
  pack_elements(bytes, to);
}

}  // namespace janus::cpu
