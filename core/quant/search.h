// The searches for a block's scales: the smallest sum of squared differences that can be had with
// moderate work. Every operation is rounded once and sums run in one order, so the bytes are the same on
// every machine.
//
// Of a *_k, a vector has one lane for each part (the elements that share a scale). The parts' best real
// scales come first, each by trying how the range may be laid over the integers and solving for the scale
// (and offset) of least squares. Then the block's common factors are chosen, the parts' scales become
// integers, and both are refined in turns against the error that the stored elements really have.
#pragma once

#include "core/quant/k_search_affine.h"
#include "core/quant/k_search_symmetric.h"
#include "core/quant/table_search.h"

namespace janus::quant_search {
namespace {

// Block by block, `count` elements.
template <typename Block>
inline void quantize(const float* from, int64_t count, void* to) {
  auto* bytes = static_cast<unsigned char*>(to);
  for (int64_t i = 0; i < count; i += Block::kSize, bytes += sizeof(Block)) {
    Block block{};
    quantize_block(from + i, block);
    __builtin_memcpy(bytes, &block, sizeof block);
  }
}

}  // namespace
}  // namespace janus::quant_search
