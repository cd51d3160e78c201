// The search for the scales of a *_k block: the smallest sum of squared differences that can be had with
// moderate work. A vector has one lane for each part (the numbers that share a scale), so no sum crosses
// lanes, every operation is rounded once, and the bytes are the same on every machine.
//
// The parts' best real scales come first, each by trying how the range may be laid over the whole numbers and
// solving for the scale (and offset) of least squares. Then the block's common factors are chosen, the parts'
// scales become whole numbers, and both are refined in turns against the error that the stored numbers really
// have.
#pragma once

#include <cstdint>

#include "core/block_formats.h"
#include "core/half.h"

// Vectors wider than the processor's are passed in memory, which is no matter as nothing here is called from
// another file. (g++ says so at the end of the file that includes this, so there is no pop.)
#pragma GCC diagnostic ignored "-Wpsabi"

namespace janus::quant_search {
namespace {

template <int kLanes>
struct Lanes {
  typedef float Vec __attribute__((vector_size(kLanes * 4)));
  typedef int32_t Mask __attribute__((vector_size(kLanes * 4)));
};

template <typename Vec>
inline Vec smaller(Vec a, Vec b) {
  return a < b ? a : b;
}
template <typename Vec>
inline Vec larger(Vec a, Vec b) {
  return a > b ? a : b;
}
// To the nearest whole number, halves to even; |x| < 2^22.
template <typename Vec>
inline Vec nearest(Vec x) {
  return (x + 12582912.0F) - 12582912.0F;
}
template <typename Vec>
inline Vec clamped(Vec x, float low, float high) {
  return larger(smaller(nearest(x), Vec{} + high), Vec{} + low);
}
// x / y, 0 where y is 0 or so small that the quotient would overflow.
template <typename Vec>
inline Vec divided(Vec x, Vec y) {
  const Vec size = y < 0.0F ? -y : y;
  return size > 1e-30F ? x / (size > 1e-30F ? y : Vec{} + 1.0F) : Vec{};
}
template <int kLanes, typename Vec>
inline float total(Vec x) {
  float sum = 0.0F;
  for (int j = 0; j < kLanes; ++j) sum += x[j];
  return sum;
}
template <int kLanes, typename Vec>
inline float largest_size(Vec x) {
  float found = 0.0F;
  for (int j = 0; j < kLanes; ++j) {
    const float size = x[j] < 0.0F ? -x[j] : x[j];
    found = size > found ? size : found;
  }
  return found;
}
inline float rounded_to_f16(float x) { return from_f16(to_f16(x)); }

// Number i of every part.
template <int kLanes, int kSize, typename Vec>
inline void spread(const float* from, Vec (&x)[kSize]) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kLanes; ++j) x[i][j] = from[j * kSize + i];
  }
}

// -- q4_k and q5_k: scale * q - min, q in [0, kTop] -------------------------------------------------------

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
  Sums sums(Vec inverse, Vec offset) const {
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
    const Mask flat = offset > 0.0F;  // a min cannot be negative
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

  Vec error_of(Vec scale, Vec min) const {
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
      const Vec s = clamped(scale + static_cast<float>(i % 3 - 1), 0.0F, 63.0F);
      const Vec m = clamped(min + static_cast<float>(i / 3 - 1), 0.0F, 63.0F);
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

// -- q6_k: scale * q, q in [-32, 31] ----------------------------------------------------------------------

class SymmetricSearch {
 public:
  explicit SymmetricSearch(const float* from) { spread<kParts>(from, x_); }

  float d = 0.0F;  // already rounded to f16
  int8_t scales[16] = {};
  uint8_t numbers[256] = {};  // q + 32

  void run() {
    fit_parts();
    // The largest scale becomes -128 or, where it is positive, that with d negative.
    float top = 0.0F;
    for (int j = 0; j < kParts; ++j) {
      if (scale_[j] * scale_[j] > top * top) top = scale_[j];
    }
    d = rounded_to_f16(top / -128.0F);
    whole_scale_ = clamped(divided(scale_, Vec{} + d), -128.0F, 127.0F);
    improve_whole();
    for (int round = 0; round < kRounds; ++round) {
      const SymmetricSearch before = *this;
      improve_factor();
      improve_whole();
      if (!(total<kParts>(error_) < total<kParts>(before.error_))) {
        *this = before;
        break;
      }
    }
    write();
  }

 private:
  static constexpr int kParts = 16, kSize = 16, kRounds = 3, kSteps = 9;
  using Vec = Lanes<kParts>::Vec;
  using Mask = Lanes<kParts>::Mask;

  void solve(Vec inverse, Vec& best) {
    Vec xq{}, qq{};
    for (int i = 0; i < kSize; ++i) {
      const Vec q = clamped(x_[i] * inverse, -32.0F, 31.0F);
      xq += x_[i] * q;
      qq += q * q;
    }
    const Vec scale = divided(xq, qq), gain = scale * xq;
    const Mask better = gain > best;
    best = better ? gain : best;
    scale_ = better ? scale : scale_;
  }

  void fit_parts() {
    Vec top{};
    for (int i = 0; i < kSize; ++i) {
      const Mask further = x_[i] * x_[i] > top * top;
      top = further ? x_[i] : top;
    }
    Vec best{};
    for (int step = -kSteps; step <= kSteps; ++step) {
      const float shift = 0.1F * static_cast<float>(step);
      solve(divided(Vec{} - 32.0F - shift, top), best);
      solve(divided(Vec{} + 31.0F + shift, top), best);
    }
    for (int i = 0; i < 2; ++i) solve(divided(Vec{} + 1.0F, scale_), best);
  }

  Vec error_of(Vec scale) const {
    const Vec inverse = divided(Vec{} + 1.0F, scale);
    Vec error{};
    for (int i = 0; i < kSize; ++i) {
      const Vec e = scale * clamped(x_[i] * inverse, -32.0F, 31.0F) - x_[i];
      error += e * e;
    }
    return error;
  }

  void improve_whole() {
    const Vec scale = whole_scale_;
    error_ = error_of(d * scale);
    for (const float shift : {-2.0F, -1.0F, 1.0F, 2.0F}) {
      const Vec s = clamped(scale + shift, -128.0F, 127.0F);
      const Vec error = error_of(d * s);
      const Mask better = error < error_;
      error_ = better ? error : error_;
      whole_scale_ = better ? s : whole_scale_;
    }
  }

  void improve_factor() {
    const Vec inverse = divided(Vec{} + 1.0F, d * whole_scale_);
    Vec xq{}, qq{};
    for (int i = 0; i < kSize; ++i) {
      const Vec q = clamped(x_[i] * inverse, -32.0F, 31.0F);
      xq += x_[i] * q;
      qq += q * q;
    }
    const float aa = total<kParts>(whole_scale_ * whole_scale_ * qq);
    if (aa > 0.0F) d = rounded_to_f16(total<kParts>(whole_scale_ * xq) / aa);
  }

  void write() {
    const Vec inverse = divided(Vec{} + 1.0F, d * whole_scale_);
    for (int j = 0; j < kParts; ++j) scales[j] = static_cast<int8_t>(whole_scale_[j]);
    for (int i = 0; i < kSize; ++i) {
      const Vec whole = clamped(x_[i] * inverse, -32.0F, 31.0F);
      for (int j = 0; j < kParts; ++j)
        numbers[j * kSize + i] = static_cast<uint8_t>(static_cast<int>(whole[j]) + 32);
    }
  }

  Vec x_[kSize];
  Vec scale_{}, whole_scale_{};  // real; in [-128, 127]
  Vec error_{};
};

inline void quantize_q6_k(const float* from, BlockQ6_K& block) {
  SymmetricSearch search(from);
  search.run();
  block.d = to_f16(search.d);
  for (int j = 0; j < 16; ++j) block.scales[j] = search.scales[j];
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, l = i % 128;
    block.low[64 * half + l % 64] |= static_cast<uint8_t>((search.numbers[i] & 15) << l / 64 * 4);
    block.high[32 * half + l % 32] |= static_cast<uint8_t>(search.numbers[i] >> 4 << l / 32 * 2);
  }
}

}  // namespace
}  // namespace janus::quant_search
