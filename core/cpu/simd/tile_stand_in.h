// Tiles (tiles.h) without a matrix unit: what the instructions do, operation for operation, and the faults
// that they raise. For tests.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, TDPBF16PS and TDPBSUD.
#pragma once

#include "core/cpu/simd/tiles.h"

namespace janus::cpu::JANUS_ISA {
namespace {

struct TileState {
  bool configured = false;
  TileShapes shapes;
  alignas(64) uint8_t bytes[kTiles][kTileHeight][kTileBytes];
};
thread_local TileState tile_state;

// The processor raises a fault where this ends the program.
JANUS_INLINE void demand(bool right) {
  if (!right) __builtin_trap();
}

JANUS_INLINE void load_shapes(const TileShapes& shapes) {
  demand(shapes.palette == 1 && shapes.start_row == 0);
  for (int tile = 0; tile < kTiles; ++tile) {
    demand(shapes.rows[tile] <= kTileHeight && shapes.row_bytes[tile] <= kTileBytes);
    demand((shapes.rows[tile] == 0) == (shapes.row_bytes[tile] == 0));
  }
  tile_state.configured = true;
  tile_state.shapes = shapes;
  __builtin_memset(tile_state.bytes, 0, sizeof tile_state.bytes);
}
JANUS_INLINE void release_tiles() { tile_state.configured = false; }

JANUS_INLINE int rows_of(int tile) {
  demand(tile_state.configured && tile_state.shapes.rows[tile] > 0);
  return tile_state.shapes.rows[tile];
}
JANUS_INLINE int bytes_of_row(int tile) { return tile_state.shapes.row_bytes[tile]; }

inline void zero(int tile) {
  rows_of(tile);
  __builtin_memset(tile_state.bytes[tile], 0, sizeof tile_state.bytes[tile]);
}

inline void load(int tile, const void* from, int64_t stride) {
  zero(tile);
  for (int row = 0; row < rows_of(tile); ++row) {
    __builtin_memcpy(tile_state.bytes[tile][row], static_cast<const uint8_t*>(from) + row * stride,
                     static_cast<size_t>(bytes_of_row(tile)));
  }
}

inline void store(int tile, void* to, int64_t stride) {
  for (int row = 0; row < rows_of(tile); ++row) {
    __builtin_memcpy(static_cast<uint8_t*>(to) + row * stride, tile_state.bytes[tile][row],
                     static_cast<size_t>(bytes_of_row(tile)));
  }
}

inline void demand_product(int sums, int left, int right) {
  demand(sums != left && sums != right && left != right);
  demand(rows_of(sums) == rows_of(left) && bytes_of_row(sums) == bytes_of_row(right) &&
         bytes_of_row(left) == 4 * rows_of(right));
}

// Subnormal numbers count as zero, and become it.
JANUS_INLINE Vec flushed(Vec x) {
  const UInt32Vec bits = bit_cast<UInt32Vec>(x);
  return bit_cast<Vec>((bits & 0x7F800000U) == 0 ? bits & 0x80000000U : bits);
}

// A row of words as f32: the first numbers of the pairs, or the second ones.
JANUS_INLINE UInt32Vec first_of(UInt32Vec words) { return words << 16; }
JANUS_INLINE UInt32Vec second_of(UInt32Vec words) { return words & 0xFFFF0000U; }

// Of each row the first numbers of all pairs are added up, and the second ones; then both are added to the
// sums. (Where `fma` rounds twice, nothing is lost: a product of two bf16 has 16 bits.)
inline void add_bf16(int sums, int left, int right) {
  demand_product(sums, left, right);
  for (int column = 0; column < kTileHeight; column += kLanes) {
    Vec firsts[kTileHeight], seconds[kTileHeight];
    for (int pair = 0; pair < rows_of(right); ++pair) {
      UInt32Vec words;
      __builtin_memcpy(&words, tile_state.bytes[right][pair] + 4 * column, sizeof words);
      firsts[pair] = flushed(bit_cast<Vec>(first_of(words)));
      seconds[pair] = flushed(bit_cast<Vec>(second_of(words)));
    }
    for (int row = 0; row < rows_of(sums); ++row) {
      uint32_t pairs[kTileHeight];
      __builtin_memcpy(pairs, tile_state.bytes[left][row], sizeof pairs);
      Vec first{}, second{};
      for (int pair = 0; pair < rows_of(right); ++pair) {
        const UInt32Vec words = UInt32Vec{} + pairs[pair];
        first = flushed(fma(flushed(bit_cast<Vec>(first_of(words))), firsts[pair], first));
        second = flushed(fma(flushed(bit_cast<Vec>(second_of(words))), seconds[pair], second));
      }
      Vec sum;
      uint8_t* place = tile_state.bytes[sums][row] + 4 * column;
      __builtin_memcpy(&sum, place, sizeof sum);
      sum = flushed(flushed(sum) + flushed(first + second));
      __builtin_memcpy(place, &sum, sizeof sum);
    }
  }
}

inline void add_bytes_of(int sums, int left, int right) {
  demand_product(sums, left, right);
  for (int row = 0; row < rows_of(sums); ++row) {
    int8_t own[kTileBytes];
    uint32_t total[kTileHeight];  // may run over
    __builtin_memcpy(own, tile_state.bytes[left][row], sizeof own);
    __builtin_memcpy(total, tile_state.bytes[sums][row], sizeof total);
    for (int four = 0; four < rows_of(right); ++four) {
      const uint8_t* words = tile_state.bytes[right][four];
      for (int column = 0; column < kTileHeight; ++column) {
        int sum = 0;
        for (int i = 0; i < 4; ++i) sum += own[4 * four + i] * words[4 * column + i];
        total[column] += static_cast<uint32_t>(sum);
      }
    }
    __builtin_memcpy(tile_state.bytes[sums][row], total, sizeof total);
  }
}

template <int kTile>
JANUS_INLINE void zero_tile() {
  zero(kTile);
}
template <int kTile>
JANUS_INLINE void load_tile(const void* from, int64_t stride) {
  load(kTile, from, stride);
}
template <int kTile>
JANUS_INLINE void store_tile(void* to, int64_t stride) {
  store(kTile, to, stride);
}
template <int kSums, int kLeft, int kRight>
JANUS_INLINE void add_bf16_tiles() {
  add_bf16(kSums, kLeft, kRight);
}
template <int kSums, int kLeft, int kRight>
JANUS_INLINE void add_byte_tiles() {
  add_bytes_of(kSums, kLeft, kRight);
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
