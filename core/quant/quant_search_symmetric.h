// The search for q6_k: scale * q, q in [-32, 31].
#pragma once

#include "core/quant/quant_search_lanes.h"

namespace janus::quant_search {
namespace {

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

  void solve(const Vec& inverse, Vec& best) {
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

  Vec error_of(const Vec& scale) const {
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
    for (int shift = -2; shift <= 2; ++shift) {
      const Vec s = clamped(scale + static_cast<float>(shift), -128.0F, 127.0F);
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
