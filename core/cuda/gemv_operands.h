// What a gemv (gemv.h) reads: tiles of 16 rows of one weight, of several stacked, or of two side by side.
#pragma once

#include <span>

#include "core/cuda/bf16_terms.h"
#include "core/cuda/launch.h"
#include "core/cuda/packed_blocks.h"

namespace janus::cuda {

constexpr int kGemvWarps = 8, kGemvThreads = 32 * kGemvWarps;
// Most batch rows of a block, which read the weights together: four tiles of 8.
constexpr int kMostGemvBatch = 32;

// Rows of up to three matrices of one type, one under another: q, k and v of a layer.
struct StackedRows {
  MatrixView parts[3];
  int64_t ends[3];  // row after a part's last, counted from the first part's first
  __device__ __forceinline__ const unsigned char* row(int64_t index) const {
    if (index < ends[0]) return parts[0].data + index * parts[0].row_bytes;
    if (index < ends[1]) return parts[1].data + (index - ends[0]) * parts[1].row_bytes;
    if (index < ends[2]) return parts[2].data + (index - ends[1]) * parts[2].row_bytes;
    return nullptr;
  }
  // Row `r` of tile `tile`.
  __device__ __forceinline__ const unsigned char* tile_row(int64_t tile, int r) const {
    return row(tile * kGemvRows + r);
  }
  // The panels of the tile's first or second 8 rows, packed: every part but the last has whole ones.
  __device__ __forceinline__ const unsigned char* panels(int64_t tile, int half) const {
    return row(tile * kGemvRows + half * kPanelRows);
  }
  int64_t tiles() const { return divide_up(ends[2], kGemvRows); }

  // One to three matrices. Packed, all but the last have whole panels.
  static StackedRows of(std::span<const Tensor* const> parts) {
    StackedRows rows{};
    int64_t end = 0;
    for (size_t i = 0; i < 3; ++i) {
      if (i < parts.size()) {
        rows.parts[i] = MatrixView::of(*parts[i]);
        end += parts[i]->size(0);
      }
      rows.ends[i] = end;
    }
    return rows;
  }
};

// Rows of two matrices side by side: 8 of gate, then the 8 of up that they meet.
struct PairedRows {
  MatrixView gate, up;
  int64_t rows;
  __device__ __forceinline__ const unsigned char* tile_row(int64_t tile, int r) const {
    const int64_t index = tile * (kGemvRows / 2) + r % 8;
    if (index >= rows) return nullptr;
    const MatrixView& part = r < 8 ? gate : up;
    return part.data + index * part.row_bytes;
  }
  // The packed panels of gate or up.
  __device__ __forceinline__ const unsigned char* panels(int64_t tile, int half) const {
    return tile_row(tile, half * kPanelRows);
  }
  int64_t tiles() const { return divide_up(rows, kGemvRows / 2); }
};

}  // namespace janus::cuda
