// A convolution on tensor cores as the product of what its kernel sees at every output pixel with the filters
// (an implicit matrix, never in memory). Activations come in two terms of bf16, cut once (by the norm before,
// or by a pass of its own) and not once a tap and tile; copies run beside the products, kStages - 1 steps
// ahead.
//
// An element's sum runs over taps and channels from the first to the last whatever tile it stands in.
#pragma once

#include "core/cuda/bf16_terms.h"
#include "core/cuda/gemm.h"

namespace janus::cuda {

struct ConvShape {
  int height, width;  // of the input as the kernel sees it
  int enlarged;  // 1 where it sees every pixel of memory four times, as upsample_nearest2x makes them; or 0
  int channels, kernel_height, kernel_width;
  int out_height, out_width, stride, pad_top, pad_left;
  int filters;
  int64_t pixels;  // of all outputs
};

struct ConvOutput {
  float* data;            // [pixels, filters]
  const float* bias;      // [filters], or null
  const float* residual;  // as data, added; or null
};

// Filters [F, kh, kw, C] in one or two terms.
struct FilterTerms {
  const uint16_t* data;
  int64_t term_stride;
};

template <class Tile_, int kTerms_>
struct ConvTile : Tile_ {
  static constexpr int kTerms = kTerms_;  // of filters
  static constexpr int kStages = kTerms == 1 ? 3 : 2;
  static constexpr int kLeft = 2 * Tile_::kRows * Tile_::kStride,
                       kRight = kTerms * Tile_::kColumns * Tile_::kStride;
  static constexpr size_t kSharedBytes = sizeof(uint16_t) * kStages * (kLeft + kRight);
};

// An output pixel's place: its image's first element in memory, and the input pixel under the kernel's first
// tap.
struct ConvPixel {
  int64_t image;
  int y, x;  // y below any input: there is no such pixel

  __device__ __forceinline__ static ConvPixel of(const ConvShape& s, int64_t pixel) {
    if (pixel >= s.pixels) return {0, -(1 << 30), 0};
    // 32 bits are enough for pixels and make the divisions cheap.
    const auto index = static_cast<uint32_t>(pixel), across = static_cast<uint32_t>(s.out_width);
    const auto down = static_cast<uint32_t>(s.out_height);
    const uint32_t row = index / across, image = row / down;
    return {static_cast<int64_t>(image) * (s.height >> s.enlarged) * (s.width >> s.enlarged) * s.channels,
            static_cast<int>(row % down) * s.stride - s.pad_top,
            static_cast<int>(index % across) * s.stride - s.pad_left};
  }
};

// Grid: tile of pixels, tile of filters.
template <class Tile>
__global__ __launch_bounds__(Tile::kThreads) void conv_gemm(SplitRows x, FilterTerms filters, ConvShape s,
                                                            ConvOutput out) {
  constexpr int kPixelPieces = Tile::kRows * Tile::kDepth / 8 / Tile::kThreads;
  constexpr int kFilterPieces = Tile::kColumns * Tile::kDepth / 8 / Tile::kThreads;
  JANUS_DYNAMIC_SHARED(shared);
  auto* const stages = reinterpret_cast<uint16_t*>(shared);
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t first_pixel = int64_t{blockIdx.x} * Tile::kRows;
  const int first_filter = static_cast<int>(blockIdx.y) * Tile::kColumns;
  const int64_t depth = int64_t{s.kernel_height} * s.kernel_width * s.channels;
  ConvPixel pixels[kPixelPieces];
#pragma unroll
  for (int i = 0; i < kPixelPieces; ++i) {
    const Piece piece = piece_of<Tile::kRows, Tile::kDepth>(thread + i * Tile::kThreads, false);
    pixels[i] = ConvPixel::of(s, first_pixel + piece.row);
  }

  int64_t k = 0;  // of the step to be copied next
  int channel = 0, tap_y = 0, tap_x = 0;
  const auto copy = [&](int stage) {
    uint16_t* const left = stages + stage * (Tile::kLeft + Tile::kRight);
    uint16_t* const right = left + Tile::kLeft;
#pragma unroll
    for (int i = 0; i < kPixelPieces; ++i) {
      const Piece piece = piece_of<Tile::kRows, Tile::kDepth>(thread + i * Tile::kThreads, false);
      const int y = pixels[i].y + tap_y, column = pixels[i].x + tap_x;
      const bool inside = y >= 0 && y < s.height && column >= 0 && column < s.width;
      const auto place = [&] {
        const int in_image = (y >> s.enlarged) * (s.width >> s.enlarged) + (column >> s.enlarged);
        return pixels[i].image + int64_t{in_image} * s.channels + channel + piece.k;
      };
      const int64_t from = inside ? place() : 0;
      uint16_t* const to = left + piece.row * Tile::kStride + piece.k;
      copy_beside(to, x.high + from, inside);
      copy_beside(to + Tile::kRows * Tile::kStride, x.low + from, inside);
    }
#pragma unroll
    for (int i = 0; i < kFilterPieces; ++i) {
      const Piece piece = piece_of<Tile::kColumns, Tile::kDepth>(thread + i * Tile::kThreads, false);
      const int filter = first_filter + piece.row;
      const bool inside = filter < s.filters;
      const int64_t from = inside ? filter * depth + k + piece.k : 0;
#pragma unroll
      for (int term = 0; term < Tile::kTerms; ++term) {
        copy_beside(right + (term * Tile::kColumns + piece.row) * Tile::kStride + piece.k,
                    filters.data + term * filters.term_stride + from, inside);
      }
    }
    k += Tile::kDepth;
    channel += Tile::kDepth;
    if (channel < s.channels) return;
    channel = 0;
    if (++tap_x < s.kernel_width) return;
    tap_x = 0;
    ++tap_y;
  };

  SplitSums<Tile> sums;
#pragma unroll
  for (int stage = 0; stage + 1 < Tile::kStages; ++stage) {
    if (k < depth) copy(stage);
    close_copies();
  }
  int stage = 0;
  for (int64_t done = 0; done < depth; done += Tile::kDepth) {
    wait_for_copies<Tile::kStages - 2>();
    __syncthreads();  // everyone's copies are there, and the step before has been multiplied
    if (k < depth) copy(stage == 0 ? Tile::kStages - 1 : stage - 1);
    close_copies();
    const uint16_t* const left = stages + stage * (Tile::kLeft + Tile::kRight);
    sums.template add<Tile::kTerms>(left, left + Tile::kLeft);
    if ((done + Tile::kDepth) % kSumPart == 0) sums.close_part();
    stage = stage + 1 == Tile::kStages ? 0 : stage + 1;
  }
  sums.close_part();
  sums.each_pair([&](int i, int j, float first, float second) {
    const int64_t pixel = first_pixel + i;
    const float values[2] = {first, second};
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const int filter = first_filter + j + e;
      if (pixel >= s.pixels || filter >= s.filters) continue;
      const int64_t at = pixel * s.filters + filter;
      const float sum = values[e] + (out.bias == nullptr ? 0.0F : out.bias[filter]);
      out.data[at] = sum + (out.residual == nullptr ? 0.0F : out.residual[at]);
    }
  });
}

template <class Tile>
void run_conv_tile(cudaStream_t stream, const SplitRows& x, const FilterTerms& filters, const ConvShape& s,
                   const ConvOutput& out) {
  launch(stream,
         {.grid = dim3(static_cast<unsigned>(divide_up(s.pixels, Tile::kRows)),
                       static_cast<unsigned>(divide_up(s.filters, Tile::kColumns))),
          .threads = Tile::kThreads,
          .shared_bytes = Tile::kSharedBytes},
         conv_gemm<Tile>, x, filters, s, out);
}

template <int kTerms>
void run_conv(cudaStream_t stream, const SplitRows& x, const FilterTerms& filters, const ConvShape& s,
              const ConvOutput& out) {
  const GemmShape shape{s.pixels, s.filters, 0};
  const dim3 large = grid_of<LargeTile>(shape);
  if (s.filters <= TallTile::kColumns) {
    run_conv_tile<ConvTile<TallTile, kTerms>>(stream, x, filters, s, out);
  } else if (large.x * large.y >= kEnoughBlocks) {
    run_conv_tile<ConvTile<LargeTile, kTerms>>(stream, x, filters, s, out);
  } else {
    run_conv_tile<ConvTile<SmallTile, kTerms>>(stream, x, filters, s, out);
  }
}

}  // namespace janus::cuda
