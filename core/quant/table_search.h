// The search for the scale of a block of 32 elements scale * table[q]: the smallest sum of squared
// differences that can be had with moderate work, by trying which place of the table the largest element may
// take and solving for the scale of least squares. Every operation is rounded once and sums run in one order,
// so the bytes are the same on every machine.
#pragma once

#include "core/quant/nibble_blocks.h"
#include "core/quant/search_vectors.h"

namespace janus::quant_search {
namespace {

template <NibbleBlock Block>
class TableSearch {
 public:
  explicit TableSearch(const float* from) { __builtin_memcpy(x_, from, sizeof x_); }

  float d = 0.0F;  // already rounded to f16
  uint8_t q[32] = {};

  void run() {
    float top = 0.0F;
    for (int i = 0; i < 32; ++i) {
      const float x = x_[i / kWide][i % kWide];
      top = x * x > top * top ? x : top;
    }
    // The largest at either end of the table, or as much as kSteps further in or out.
    for (int step = -kSteps; step <= kSteps; ++step) {
      const float shift = static_cast<float>(step);
      solve(divided(Block::kTable[0] + shift, top));
      solve(divided(Block::kTable[15] + shift, top));
    }
    for (int round = 0; round < 2; ++round) solve(divided(1.0F, scale_));
    constexpr float kLargestF16 = 65504.0F;
    d = rounded_to_f16(larger(smaller(scale_, kLargestF16), -kLargestF16));
    write();
  }

 private:
  static constexpr int kWide = 8, kVectors = 32 / kWide, kSteps = 12;
  using Vec = typename Lanes<kWide>::Vec;
  using Mask = typename Lanes<kWide>::Mask;

  // Above this, place i + 1 of the table is nearer than place i.
  static constexpr float middle(int i) {
    return 0.5F * static_cast<float>(Block::kTable[i] + Block::kTable[i + 1]);
  }

  // Keeps the solution for the elements of the table next to x * inverse where it is better than what is
  // known.
  void solve(float inverse) {
    Vec xq{}, qq{};
    for (int v = 0; v < kVectors; ++v) {
      const Vec y = x_[v] * inverse;
      Vec value = Vec{} + static_cast<float>(Block::kTable[0]);
      for (int i = 0; i < 15; ++i)
        value = y > middle(i) ? Vec{} + static_cast<float>(Block::kTable[i + 1]) : value;
      xq += x_[v] * value;
      qq += value * value;
    }
    const float product = total<kWide>(xq), scale = divided(product, total<kWide>(qq)),
                gain = scale * product;
    if (gain > gain_) {
      gain_ = gain;
      scale_ = scale;
    }
  }

  void write() {
    const float inverse = divided(1.0F, d);
    for (int v = 0; v < kVectors; ++v) {
      const Vec y = x_[v] * inverse;
      Mask place{};
      for (int i = 0; i < 15; ++i) place -= y > middle(i);
      for (int i = 0; i < kWide; ++i) q[v * kWide + i] = static_cast<uint8_t>(place[i]);
    }
  }

  Vec x_[kVectors];
  float gain_ = 0.0F;   // by how much the error is below the sum of x * x
  float scale_ = 0.0F;  // real
};

// `block` comes zeroed.
template <NibbleBlock Block>
inline void quantize_block(const float* from, Block& block) {
  TableSearch<Block> search(from);
  search.run();
  block.scale.bits = to_f16(search.d);
  for (int l = 0; l < 16; ++l) block.q[l] = static_cast<uint8_t>(search.q[l] | search.q[l + 16] << 4);
}

}  // namespace
}  // namespace janus::quant_search
