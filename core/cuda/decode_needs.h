// What a decoder's steps on the GPU need: weights that the kernels can read, and memory. By these the steps
// allocate and CudaDryDevice counts; no header of CUDA is needed.
#pragma once

#include <algorithm>
#include <vector>

#include "core/cuda/scratch.h"
#include "core/nn/device_decode_plan.h"

namespace janus::cuda {

// Most sequences that one graph samples for, and rows that they read: what kernels take by value. Products
// take kMostGemvBatch rows a block, and further blocks, which find the weights in the GPU's second-level
// cache.
constexpr int kMostItems = 64, kMostRows = 64;

// What changes from step to step.
struct StepState {
  int32_t step;              // begun
  int32_t ids[kMostItems];   // sampled last
  uint32_t finished_blocks;  // of the sampling under way
};

// Blocks that look for an item's best id, and what each leaves.
constexpr unsigned kSampleBlocks = 16;
struct Best {
  double score;
  int32_t id;  // -1: none yet
};

inline int row_count(const DeviceDecodeItem& item) { return item.other_start < 0 ? 1 : 2; }

inline int row_count(const DeviceDecodePlan& plan) {
  int rows = 0;
  for (const DeviceDecodeItem& item : plan.items) rows += row_count(item);
  return rows;
}

// Tokens of the longest sequence when all steps are done.
inline int64_t longest_of(const DeviceDecodePlan& plan) {
  int64_t longest = 0;
  for (const DeviceDecodeItem& item : plan.items)
    longest = std::max<int64_t>({longest, item.length, item.other_length});
  return longest + plan.samples;
}

// Whether the kernels can do it: no f32 weights, one type for q, k and v and one for gate and up, depths of
// whole steps.
inline bool can_decode(const DeviceDecodePlan& plan) {
  if (plan.items.empty() || plan.head.empty() || plan.layers.empty()) return false;
  const auto fits = [](const DeviceDecodeLayer& l) {
    for (const Tensor* weight :
         {&l.q_proj, &l.k_proj, &l.v_proj, &l.o_proj, &l.gate_proj, &l.up_proj, &l.down_proj}) {
      if (!is_gemv_weight(*weight)) return false;
    }
    // Panels of q, k and v are one list.
    if (l.q_proj.layout() == Layout::packed &&
        (l.q_proj.size(0) % kPanelRows != 0 || l.k_proj.size(0) % kPanelRows != 0))
      return false;
    return l.q_proj.dtype() == l.k_proj.dtype() && l.q_proj.dtype() == l.v_proj.dtype() &&
           l.gate_proj.dtype() == l.up_proj.dtype();
  };
  return std::all_of(plan.layers.begin(), plan.layers.end(), fits) &&
         std::all_of(plan.head.begin(), plan.head.end(),
                     [](const DeviceDecodeHead& h) { return is_gemv_weight(h.weight); });
}

// The plan in groups of kMostRows rows or fewer: a graph each.
inline std::vector<DeviceDecodePlan> decode_groups(const DeviceDecodePlan& plan) {
  std::vector<DeviceDecodePlan> groups;
  int rows = kMostRows + 1;
  for (const DeviceDecodeItem& item : plan.items) {
    if (rows + row_count(item) > kMostRows) {
      groups.push_back(plan);
      groups.back().items.clear();
      rows = 0;
    }
    groups.back().items.push_back(item);
    rows += row_count(item);
  }
  return groups;
}

// Bytes of what the steps of one graph hold.
struct DecodeScratch {
  size_t x, qkv, squares, logits, partial, counts, best, state;
  size_t normed, attended, gated;  // in two terms
  std::vector<size_t> between;     // of the head's layers, in two terms

  static DecodeScratch of(const DeviceDecodePlan& plan) {
    const DeviceDecodeLayer& layer = plan.layers[0];
    const int64_t rows = row_count(plan), width = plan.norm.size(0);
    const int64_t key_heads = layer.keys.size(0), head_width = layer.keys.size(2);
    const int64_t query_width = plan.heads * head_width;
    const auto items = static_cast<int64_t>(plan.items.size());
    const auto floats = [](int64_t count) { return sizeof(float) * static_cast<size_t>(count); };
    const PartShape parts{plan.heads, context_parts(longest_of(plan)), head_width};
    DecodeScratch scratch{.x = floats(rows * width),
                          .qkv = floats(rows * (query_width + 2 * key_heads * head_width)),
                          .squares = floats(rows * divide_up(width, kGemvRows)),
                          .logits = floats((rows + items) * plan.head.back().weight.size(0)),
                          .partial = floats(parts.floats(rows)),
                          .counts = sizeof(unsigned) * static_cast<size_t>(rows * key_heads),
                          .best = sizeof(Best) * static_cast<size_t>(items) * kSampleBlocks,
                          .state = sizeof(StepState),
                          .normed = split_bytes(rows, width),
                          .attended = split_bytes(rows, query_width),
                          .gated = split_bytes(rows, layer.gate_proj.size(0)),
                          .between = {}};
    for (size_t i = 0; i + 1 < plan.head.size(); ++i) {
      scratch.between.push_back(split_bytes(rows, plan.head[i].weight.size(0)));
    }
    return scratch;
  }

  std::vector<size_t> blocks() const {
    std::vector<size_t> all{x, qkv, squares, logits, partial, counts, best, state, normed, attended, gated};
    all.insert(all.end(), between.begin(), between.end());
    return all;
  }
};

}  // namespace janus::cuda
