// The inner loop of gemv.h for packed weights (packed_blocks.h): a warp's step is two panels, 16 weight rows
// by 256 elements, asked for at once in loads of whole lines. Weights are integers, each exact in bf16, so
// two products on tensor cores serve both terms of the activations; their scales are applied to the sums of
// 32 (q6_k: 16) in f32.
#pragma once

#include "core/cuda/gemv_operands.h"

namespace janus::cuda {

// The terms of lane 4g + t's eight activations, in the order of slot_element.
struct LaneActivations {
  uint4 high, low;
};
template <DType kType>
__device__ __forceinline__ uint4 load_slots(const uint16_t* row_part, int t) {
  if constexpr (kType == DType::q6_k) {
    const uint2 first = *reinterpret_cast<const uint2*>(row_part + slot_element<kType>(t, 0));
    const uint2 second = *reinterpret_cast<const uint2*>(row_part + slot_element<kType>(t, 4));
    return make_uint4(first.x, first.y, second.x, second.y);
  } else {
    return *reinterpret_cast<const uint4*>(row_part + slot_element<kType>(t, 0));
  }
}

// What one panel of the two brings to a part's products.
template <DType kType>
struct PartWeights {
  uint32_t pairs[4];
  float scales[2];  // of the first and the second 16
  float min;

  __device__ __forceinline__ void take(const PanelLane<kType>& panel, int part) {
    const SlotWords slots = panel.slots(part);
    exact_pairs<kType>(slots, part, pairs);
    scales[0] = panel.scales.scale(part, 0);
    scales[1] = kType == DType::q6_k ? panel.scales.scale(part, 1) : scales[0];
    min = 0.0F;
    if constexpr (kHasMins<kType>) min = panel.scales.min(part);
  }
};

// total += 16 weight rows x 32 elements times 8 batch rows, as mma_bf16 spreads them.
template <DType kType>
__device__ __forceinline__ void add_part(const PartWeights<kType>& top, const PartWeights<kType>& bottom,
                                         const LaneActivations& x, float (&total)[4]) {
  const uint32_t first[4] = {top.pairs[0], bottom.pairs[0], top.pairs[1], bottom.pairs[1]};
  const uint32_t second[4] = {top.pairs[2], bottom.pairs[2], top.pairs[3], bottom.pairs[3]};
  float sums[4] = {};
  mma_bf16(sums, first, x.low.x, x.low.y);
  mma_bf16(sums, first, x.high.x, x.high.y);
  const auto add_sums = [&](int half) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      total[e] = fmaf(e < 2 ? top.scales[half] : bottom.scales[half], sums[e], total[e]);
      sums[e] = 0.0F;
    }
  };
  if constexpr (kType == DType::q6_k) add_sums(0);
  mma_bf16(sums, second, x.low.z, x.low.w);
  mma_bf16(sums, second, x.high.z, x.high.w);
  add_sums(1);
  if constexpr (kHasMins<kType>) {
    constexpr uint32_t kOnes[4] = {0x3F803F80U, 0x3F803F80U, 0x3F803F80U, 0x3F803F80U};
    mma_bf16(sums, kOnes, x.low.x, x.low.y);  // sums of the activations, in every row alike
    mma_bf16(sums, kOnes, x.low.z, x.low.w);
    mma_bf16(sums, kOnes, x.high.x, x.high.y);
    mma_bf16(sums, kOnes, x.high.z, x.high.w);
#pragma unroll
    for (int e = 0; e < 4; ++e) total[e] = fmaf(-(e < 2 ? top.min : bottom.min), sums[e], total[e]);
  }
}

// A warp's sums over its 256s of the depth: the first, and every kGemvWarps-th after it. d[j]: batch rows
// first_batch + 8j and on.
template <DType kType, int kTiles, class Rows>
__device__ __forceinline__ void packed_warp_sums(const Rows& rows, const SplitRows& x, int64_t depth,
                                                 int first_batch, float (&d)[kTiles][4]) {
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int group = lane / 4, quarter = lane % 4;
  const unsigned char* const top = rows.panels(blockIdx.x, 0);
  const unsigned char* const bottom = rows.panels(blockIdx.x, 1);
  const int64_t blocks = depth / kPanelDepth;
  PanelLane<kType> panels[2];
  const auto load = [&](int64_t block) {
    const int64_t at = block * PanelLayout<kType>::kBytes;
    panels[0].load(top == nullptr ? nullptr : top + at, lane);
    panels[1].load(bottom == nullptr ? nullptr : bottom + at, lane);
  };
  if (warp < blocks) load(warp);
  // Weights are of no kernel before: they are on their way while the last one ends.
  wait_for_last();
  for (int64_t block = warp; block < blocks; block += kGemvWarps) {
    if (block != warp) load(block);
#pragma unroll
    for (int part = 0; part < kPanelDepth / 32; ++part) {
      PartWeights<kType> weights[2];
      weights[0].take(panels[0], part);
      weights[1].take(panels[1], part);
      const int64_t k = block * kPanelDepth + part * 32;
#pragma unroll
      for (int j = 0; j < kTiles; ++j) {
        const int row = first_batch + 8 * j + group;
        LaneActivations y{make_uint4(0, 0, 0, 0), make_uint4(0, 0, 0, 0)};
        if (row < x.batch) {
          y.high = load_slots<kType>(x.high + row * x.depth + k, quarter);
          y.low = load_slots<kType>(x.low + row * x.depth + k, quarter);
        }
        add_part<kType>(weights[0], weights[1], y, d[j]);
      }
    }
  }
}

}  // namespace janus::cuda
