// The tiles of a matrix unit (AMX): eight registers of up to 16 rows of up to 64 bytes, whose products take
// left rows times right columns. What a row of the right operand has for a column is one word: two bf16 or
// four bytes that follow one another along the depth.
//
// Two implementations with the same results: the instructions, and a stand-in that any processor runs
// (tile_stand_in.h), with which tests compile the kernels on top of this header.
#pragma once

#include "core/cpu/simd/vector.h"

#if defined(JANUS_TILE_STAND_IN) || defined(__AMX_TILE__)
#define JANUS_HAS_TILES

namespace janus::cpu::JANUS_ISA {
namespace {

constexpr int kTiles = 8, kTileHeight = 16, kTileBytes = 64;

// What ldtilecfg reads: of each tile its rows and the bytes of a row.
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  constexpr void set(int tile, int height, int bytes) {
    rows[tile] = static_cast<uint8_t>(height);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(TileShapes) == 64);

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#if defined(JANUS_TILE_STAND_IN)
#include "core/cpu/simd/tile_stand_in.h"
#else

namespace janus::cpu::JANUS_ISA {
namespace {

// As assembly, since the intrinsics of gcc 12 tell the compiler too little: _tile_loadconfig names 8 of the
// 64 bytes that it reads and _tile_loadd none, so that what was stored there before may be dropped or come
// later.
JANUS_INLINE void load_shapes(const TileShapes& shapes) {
  __asm__ volatile("ldtilecfg %0" : : "m"(shapes) : "memory");
}
JANUS_INLINE void release_tiles() { __asm__ volatile("tilerelease"); }

template <int kTile>
JANUS_INLINE void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
// Rows are `stride` bytes apart.
template <int kTile>
JANUS_INLINE void load_tile(const void* from, int64_t stride) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
JANUS_INLINE void store_tile(void* to, int64_t stride) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
}
// sums (f32) += left (bf16) * right (bf16).
template <int kSums, int kLeft, int kRight>
JANUS_INLINE void add_bf16_tiles() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kLeft), "i"(kRight));
}
// sums (int32) += left (int8) * right (uint8).
template <int kSums, int kLeft, int kRight>
JANUS_INLINE void add_byte_tiles() {
  __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kLeft), "i"(kRight));
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
#endif

namespace janus::cpu::JANUS_ISA {
namespace {

// Tiles are in use on this thread while one exists. Afterwards they are released, so that the system has no 8
// KiB to save when it gives the processor to another thread. What a signal interrupts is saved by the system.
class TileRegion {
 public:
  __attribute__((always_inline)) explicit TileRegion(const TileShapes& shapes) { load_shapes(shapes); }
  __attribute__((always_inline)) ~TileRegion() { release_tiles(); }
  TileRegion(const TileRegion&) = delete;
  TileRegion& operator=(const TileRegion&) = delete;

  // All tiles become zero.
  __attribute__((always_inline)) void change(const TileShapes& shapes) { load_shapes(shapes); }
};

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // JANUS_HAS_TILES
