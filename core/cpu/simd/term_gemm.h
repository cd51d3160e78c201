// The product of many rows in the tiles of a matrix unit. Both operands are sums of terms of bf16 (terms.h),
// whose products are exact and add up in f32; those of two terms that are both small are left out, as they
// are no larger than what the last terms left. So weights of bf16 take two products, f16 and blocks three,
// and f32 six, which lose no more than f32 does.
//
// 2 x 2 tiles of sums stay in registers along the depth: four products for four tiles of operands. Of a
// block of left rows the terms stay in the first-level cache, while those of the columns come from the
// second, in order. Every sum runs through the depth alike, wherever its row and its column stand.
#pragma once

#include "core/cpu/simd/terms.h"
#include "core/cpu/simd/tiles.h"

#if defined(JANUS_HAS_TILES)

namespace janus::cpu::JANUS_ISA {
namespace {

// Calls body.operator()<left term, right term>() for the products that count, the smallest first, so that two
// in a row share a term.
template <int kLeft, int kRight, typename Body>
JANUS_INLINE void for_each_product(Body body) {
  if constexpr (kLeft == 3) body.template operator()<2, 0>();
  body.template operator()<1, 0>();
  if constexpr (kLeft == 3 && kRight == 3) {
    body.template operator()<1, 1>();
    body.template operator()<0, 1>();
  }
  body.template operator()<0, 0>();
  if constexpr (kLeft == 2 && kRight == 2) body.template operator()<0, 1>();
  if constexpr (kLeft == 3 && kRight == 3) body.template operator()<0, 2>();
}

// Adds to R x C tiles of sums. Tiles 0 to 3 are sums, 4 and 5 left ones, 6 and 7 right ones.
template <int kLeft, int kRight, int R, int C>
JANUS_INLINE void add_term_tiles(const uint16_t* left, const uint16_t* right, int64_t tiles) {
  constexpr int64_t kLeftGroup = kLeft * kTermPlane, kRightGroup = kRight * kTermPlane;
  for (int64_t k = 0; k < tiles; ++k, left += kTermTile, right += kTermTile) {
    int last_left = -1, last_right = -1;
    for_each_product<kLeft, kRight>([&]<int kLeftTerm, int kRightTerm>() __attribute__((always_inline)) {
      if (last_left != kLeftTerm) {
        load_tile<4>(left + kLeftTerm * kTermPlane, kTileBytes);
        if constexpr (R == 2) load_tile<5>(left + kLeftTerm * kTermPlane + kLeftGroup, kTileBytes);
        last_left = kLeftTerm;
      }
      if (last_right != kRightTerm) {
        load_tile<6>(right + kRightTerm * kTermPlane, kTileBytes);
        if constexpr (C == 2) load_tile<7>(right + kRightTerm * kTermPlane + kRightGroup, kTileBytes);
        last_right = kRightTerm;
      }
      add_bf16_tiles<0, 4, 6>();
      if constexpr (C == 2) add_bf16_tiles<1, 4, 7>();
      if constexpr (R == 2) add_bf16_tiles<2, 5, 6>();
      if constexpr (R == 2 && C == 2) add_bf16_tiles<3, 5, 7>();
    });
  }
}

template <int kLeft, int kRight, int R, int C>
JANUS_INLINE void multiply_term_tiles(const TermProduct& product, const uint16_t* left, const uint16_t* right,
                                      float* c) {
  const int64_t stride = product.c_stride * static_cast<int64_t>(sizeof(float));
  float* const next = c + product.group_rows * product.c_stride;
  if (product.add) {
    load_tile<0>(c, stride);
    if constexpr (C == 2) load_tile<1>(c + kTermGroupRows, stride);
    if constexpr (R == 2) load_tile<2>(next, stride);
    if constexpr (R == 2 && C == 2) load_tile<3>(next + kTermGroupRows, stride);
  } else {
    zero_tile<0>();
    if constexpr (C == 2) zero_tile<1>();
    if constexpr (R == 2) zero_tile<2>();
    if constexpr (R == 2 && C == 2) zero_tile<3>();
  }
  add_term_tiles<kLeft, kRight, R, C>(left, right, (product.depth + 31) / 32);
  store_tile<0>(c, stride);
  if constexpr (C == 2) store_tile<1>(c + kTermGroupRows, stride);
  if constexpr (R == 2) store_tile<2>(next, stride);
  if constexpr (R == 2 && C == 2) store_tile<3>(next + kTermGroupRows, stride);
}

template <int kLeft, int kRight>
void multiply_terms_of(const TermProduct& product) {
  TileShapes shapes;
  for (int tile = 0; tile < 6; ++tile) shapes.set(tile, product.group_rows, kTileBytes);
  for (int tile = 6; tile < 8; ++tile) shapes.set(tile, kTileHeight, kTileBytes);
  const TileRegion region(shapes);
  const uint16_t* left = product.left;
  float* c = product.c;
  for (int64_t r = 0; r < product.row_groups; r += 2) {
    const bool two_rows = r + 1 < product.row_groups;
    const uint16_t* right = product.right;
    for (int64_t j = 0; j < product.column_groups; j += 2) {
      const bool two_columns = j + 1 < product.column_groups;
      float* const place = c + j * kTermGroupRows;
      if (two_rows && two_columns) {
        multiply_term_tiles<kLeft, kRight, 2, 2>(product, left, right, place);
      } else if (two_rows) {
        multiply_term_tiles<kLeft, kRight, 2, 1>(product, left, right, place);
      } else if (two_columns) {
        multiply_term_tiles<kLeft, kRight, 1, 2>(product, left, right, place);
      } else {
        multiply_term_tiles<kLeft, kRight, 1, 1>(product, left, right, place);
      }
      right += 2 * kRight * kTermPlane;
    }
    left += 2 * kLeft * kTermPlane;
    c += 2 * product.group_rows * product.c_stride;
  }
}

void multiply_terms(const TermProduct& product) {
  if (product.right_terms == 1) {
    if (product.left_terms == 2) {
      multiply_terms_of<2, 1>(product);
    } else {
      multiply_terms_of<3, 1>(product);
    }
  } else if (product.right_terms == 2) {
    multiply_terms_of<2, 2>(product);
  } else {
    multiply_terms_of<3, 3>(product);
  }
}

// `rounds` times four independent products of whole tiles; returns how many operations that was.
int64_t multiply_add_tiles(int64_t rounds, float* result) {
  alignas(64) uint16_t ones[kTermTile];
  for (uint16_t& one : ones) one = 0x3F80;
  TileShapes shapes;
  for (int tile = 0; tile < 6; ++tile) shapes.set(tile, kTileHeight, kTileBytes);
  const TileRegion region(shapes);
  load_tile<4>(ones, kTileBytes);
  load_tile<5>(ones, kTileBytes);
  for (int64_t i = 0; i < rounds; ++i) {
    add_bf16_tiles<0, 4, 5>();
    add_bf16_tiles<1, 4, 5>();
    add_bf16_tiles<2, 4, 5>();
    add_bf16_tiles<3, 4, 5>();
  }
  alignas(64) float sums[kTileHeight][kTileHeight];
  store_tile<0>(sums, kTileBytes);
  result[0] = sums[0][0];
  return rounds * 4 * 2 * kTileHeight * kTileHeight * 32;
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // JANUS_HAS_TILES
