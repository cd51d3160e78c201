// The search for the scales of a *_k block: the smallest sum of squared differences that can be had with
// moderate work. A vector has one lane for each part (the numbers that share a scale), so no sum crosses
// lanes, every operation is rounded once, and the bytes are the same on every machine.
//
// The parts' best real scales come first, each by trying how the range may be laid over the whole numbers and
// solving for the scale (and offset) of least squares. Then the block's common factors are chosen, the parts'
// scales become whole numbers, and both are refined in turns against the error that the stored numbers really
// have.
#pragma once

#include "core/quant/quant_search_offset.h"
#include "core/quant/quant_search_symmetric.h"
#include "core/tensor/tensor.h"

namespace janus::quant_search {
namespace {

// Block by block, `count` numbers.
template <typename Block>
inline void quantize_blocks(const float* from, int64_t count, void* to,
                            void (*quantize)(const float*, Block&)) {
  auto* bytes = static_cast<unsigned char*>(to);
  for (int64_t i = 0; i < count; i += kSuperBlock, bytes += sizeof(Block)) {
    Block block{};
    quantize(from + i, block);
    __builtin_memcpy(bytes, &block, sizeof block);
  }
}

inline void quantize(DType type, const float* from, int64_t count, void* to) {
  if (type == DType::q6_k) {
    quantize_blocks<BlockQ6_K>(from, count, to, quantize_q6_k);
  } else if (type == DType::q5_k) {
    quantize_blocks<BlockQ5_K>(from, count, to, quantize_q5_k);
  } else {
    quantize_blocks<BlockQ4_K>(from, count, to, quantize_q4_k);
  }
}

}  // namespace
}  // namespace janus::quant_search
