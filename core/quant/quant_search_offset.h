// The search for q4_k and q5_k: scale * q - min, q in [0, kTop].
#pragma once

#include "core/quant/quant_search_lanes.h"

namespace janus::quant_search {
namespace {

template <int kTop>
class OffsetSearch {
 public:
  explicit OffsetSearch(const float* from) {
    spread<kParts>(from, x_);
    for (int i = 0; i < kSize; ++i) {
      sum_x_ += x_[i];
      sum_xx_ += x_[i] * x_[i];
    }
  }

  // The block's two factors, already rounded to f16, and a scale and a min in [0, 63] for each part.
  float d = 0.0F, dmin = 0.0F;
  uint8_t scales[8] = {}, mins[8] = {};
  uint8_t numbers[8][32] = {};  // q of number i of part j

  void run() {
    fit_parts();
    d = rounded_to_f16(largest_size<kParts>(scale_) / 63.0F);
    dmin = rounded_to_f16(largest_size<kParts>(min_) / 63.0F);
    whole_scale_ = clamped(divided(scale_, Vec{} + d), 0.0F, 63.0F);
    whole_min_ = clamped(divided(min_, Vec{} + dmin), 0.0F, 63.0F);
    improve_whole();
    for (int round = 0; round < kRounds; ++round) {
      const OffsetSearch before = *this;
      improve_factors();
      improve_whole();
      if (!(total<kParts>(error_) < total<kParts>(before.error_))) {
        *this = before;
        break;
      }
    }
    write();
  }

 private:
  static constexpr int kParts = 8, kSize = 32, kRounds = 3;
  using Vec = typename Lanes<kParts>::Vec;
  using Mask = typename Lanes<kParts>::Mask;

  // q for offset + scale * q, and the sums that least squares needs.
  struct Sums {
    Vec q, qq, xq;
  };
  Sums sums(const Vec& inverse, const Vec& offset) const {
    Sums s{};
    for (int i = 0; i < kSize; ++i) {
      const Vec q = clamped((x_[i] - offset) * inverse, 0.0F, static_cast<float>(kTop));
      s.q += q;
      s.qq += q * q;
      s.xq += x_[i] * q;
    }
    return s;
  }

  // Keeps the solution for these q where it is better than what is known.
  void solve(const Sums& s, Vec& best) {
    const float n = kSize;
    const Vec determinant = n * s.qq - s.q * s.q;
    Vec scale = divided(n * s.xq - s.q * sum_x_, determinant);
    Vec offset = divided(s.qq * sum_x_ - s.q * s.xq, determinant);
    // A min cannot be negative; and where all q are the same there is no telling scale and min apart.
    const Mask flat = (offset > 0.0F) | (determinant <= 0.0F);
    scale = flat ? divided(s.xq, s.qq) : scale;
    offset = flat ? Vec{} : offset;
    const Vec gain = scale * s.xq + offset * sum_x_;  // by how much the error is below sum_xx
    const Mask better = (gain > best) & (scale > 0.0F);
    best = better ? gain : best;
    scale_ = better ? scale : scale_;
    min_ = better ? -offset : min_;
  }

  void fit_parts() {
    Vec low{}, high = x_[0];
    for (int i = 0; i < kSize; ++i) {
      low = smaller(low, x_[i]);
      high = larger(high, x_[i]);
    }
    // All numbers alike and negative: the min alone.
    min_ = larger(-sum_x_ / static_cast<float>(kSize), Vec{});
    Vec best = min_ * min_ * static_cast<float>(kSize);
    for (int step = 0; step <= kSteps; ++step) {
      const float levels = static_cast<float>(kTop) - 1.0F + 0.1F * static_cast<float>(step);
      solve(sums(divided(Vec{} + levels, high - low), low), best);
    }
    for (int i = 0; i < 2; ++i) solve(sums(divided(Vec{} + 1.0F, scale_), -min_), best);
  }
  static constexpr int kSteps = 20;

  Vec error_of(const Vec& scale, const Vec& min) const {
    const Vec inverse = divided(Vec{} + 1.0F, scale);
    Vec error{};
    for (int i = 0; i < kSize; ++i) {
      const Vec q = clamped((x_[i] + min) * inverse, 0.0F, static_cast<float>(kTop));
      const Vec e = scale * q - min - x_[i];
      error += e * e;
    }
    return error;
  }

  // The whole scales and mins next to the present ones, whichever leave the smallest error.
  void improve_whole() {
    const Vec scale = whole_scale_, min = whole_min_;
    error_ = error_of(d * scale, dmin * min);
    for (int i = 0; i < 9; ++i) {
      const int scale_step = i % 3 - 1, min_step = i / 3 - 1;
      const Vec s = clamped(scale + static_cast<float>(scale_step), 0.0F, 63.0F);
      const Vec m = clamped(min + static_cast<float>(min_step), 0.0F, 63.0F);
      const Vec error = error_of(d * s, dmin * m);
      const Mask better = error < error_;
      error_ = better ? error : error_;
      whole_scale_ = better ? s : whole_scale_;
      whole_min_ = better ? m : whole_min_;
    }
  }

  // d and dmin of least squares for the present q, scales and mins.
  void improve_factors() {
    const Vec scale = d * whole_scale_, offset = -(dmin * whole_min_);
    const Sums s = sums(divided(Vec{} + 1.0F, scale), offset);
    const float aa = total<kParts>(whole_scale_ * whole_scale_ * s.qq);
    const float ab = total<kParts>(whole_scale_ * whole_min_ * s.q);
    const float bb = total<kParts>(whole_min_ * whole_min_) * static_cast<float>(kSize);
    const float xa = total<kParts>(whole_scale_ * s.xq), xb = total<kParts>(whole_min_ * sum_x_);
    const float determinant = aa * bb - ab * ab;
    if (determinant > 1e-6F * aa * bb) {
      d = rounded_to_f16((xa * bb - xb * ab) / determinant);
      dmin = rounded_to_f16((xa * ab - xb * aa) / determinant);
    } else if (aa > 0.0F && bb == 0.0F) {
      d = rounded_to_f16(xa / aa);
    }
    d = d > 0.0F ? d : 0.0F;
    dmin = dmin > 0.0F ? dmin : 0.0F;
  }

  void write() {
    const Vec scale = d * whole_scale_, min = dmin * whole_min_, inverse = divided(Vec{} + 1.0F, scale);
    for (int j = 0; j < kParts; ++j) {
      scales[j] = static_cast<uint8_t>(whole_scale_[j]);
      mins[j] = static_cast<uint8_t>(whole_min_[j]);
    }
    for (int i = 0; i < kSize; ++i) {
      const Vec whole = clamped((x_[i] + min) * inverse, 0.0F, static_cast<float>(kTop));
      for (int j = 0; j < kParts; ++j) numbers[j][i] = static_cast<uint8_t>(whole[j]);
    }
  }

  Vec x_[kSize];
  Vec sum_x_{}, sum_xx_{};
  Vec scale_{}, min_{};              // real
  Vec whole_scale_{}, whole_min_{};  // in [0, 63]
  Vec error_{};
};

template <int kTop, typename Block>
inline void pack_offset(const OffsetSearch<kTop>& search, Block& block) {
  block.d = to_f16(search.d);
  block.dmin = to_f16(search.dmin);
  pack_scales(search.scales, search.mins, block.scales);
  for (int j = 0; j < 8; ++j) {
    for (int l = 0; l < 32; ++l) {
      block.q[j / 2 * 32 + l] |= static_cast<uint8_t>((search.numbers[j][l] & 15) << j % 2 * 4);
    }
  }
}

// `block` comes zeroed, in all three.
inline void quantize_q4_k(const float* from, BlockQ4_K& block) {
  OffsetSearch<15> search(from);
  search.run();
  pack_offset(search, block);
}

inline void quantize_q5_k(const float* from, BlockQ5_K& block) {
  OffsetSearch<31> search(from);
  search.run();
  pack_offset(search, block);
  for (int j = 0; j < 8; ++j) {
    for (int l = 0; l < 32; ++l) block.high[l] |= static_cast<uint8_t>(search.numbers[j][l] >> 4 << j);
  }
}

}  // namespace
}  // namespace janus::quant_search
