// Norms of one row, and the passes of a group norm over channels-last pixels.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// Sum over the row of term(i, count), whose lanes beyond count must be zero. Four running sums, as one chain
// of additions would wait for itself.
template <typename Term>
JANUS_INLINE float row_sum(int64_t size, Term term) {
  Vec sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= size; i += 4 * kLanes) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) sums[j] += term(i + j * kLanes, int64_t{kLanes});
  }
  for (int j = 0; i < size; i += kLanes, ++j) sums[j] += term(i, size - i < kLanes ? size - i : kLanes);
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

JANUS_INLINE Vec without_tail(Vec x, int64_t count) {
  for (int64_t lane = count; lane < kLanes; ++lane) x[lane] = 0.0F;
  return x;
}

void rms_norm(const float* x, const float* weight, int64_t width, float eps, float* out) {
  const float squares = row_sum(width, [&](int64_t i, int64_t count) {
    const Vec value = load_up_to(x + i, count);
    return value * value;
  });
  const Vec scale = splat(1.0F / __builtin_sqrtf(squares / static_cast<float>(width) + eps));
  for_each_vector(width, [&](int64_t i, int64_t count) {
    store_up_to(out + i, load_up_to(x + i, count) * scale * load_up_to(weight + i, count), count);
  });
}

void layer_norm(const float* x, const float* weight, const float* bias, int64_t width, float eps,
                float* out) {
  const float total = row_sum(width, [&](int64_t i, int64_t count) { return load_up_to(x + i, count); });
  const Vec mean = splat(total / static_cast<float>(width));
  const float squares = row_sum(width, [&](int64_t i, int64_t count) {
    const Vec value = without_tail(load_up_to(x + i, count) - mean, count);
    return value * value;
  });
  const Vec scale = splat(1.0F / __builtin_sqrtf(squares / static_cast<float>(width) + eps));
  for_each_vector(width, [&](int64_t i, int64_t count) {
    const Vec value = (load_up_to(x + i, count) - mean) * scale;
    store_up_to(out + i, fma(value, load_up_to(weight + i, count), load_up_to(bias + i, count)), count);
  });
}

// Sums over pixels of term(pixel offset, channel, count), a few vectors of channels at a time.
template <typename Term>
JANUS_INLINE void channel_reduce(int64_t pixels, int64_t channels, float* to, Term term) {
  constexpr int kVectors = 4;
  int64_t c = 0;
  for (; c + kVectors * kLanes <= channels; c += kVectors * kLanes) {
    Vec sums[kVectors] = {};
    for (int64_t p = 0; p < pixels; ++p) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[v] += term(p * channels, c + v * kLanes, int64_t{kLanes});
    }
    for (int v = 0; v < kVectors; ++v) store(to + c + v * kLanes, sums[v]);
  }
  for (; c < channels; c += kLanes) {
    const int64_t count = channels - c < kLanes ? channels - c : kLanes;
    Vec total{};
    for (int64_t p = 0; p < pixels; ++p) total += term(p * channels, c, count);
    store_up_to(to + c, total, count);
  }
}

void channel_sums(const float* x, int64_t pixels, int64_t channels, float* sums) {
  channel_reduce(pixels, channels, sums,
                 [&](int64_t pixel, int64_t c, int64_t count) { return load_up_to(x + pixel + c, count); });
}

void channel_squares(const float* x, int64_t pixels, int64_t channels, const float* mean, float* squares) {
  channel_reduce(pixels, channels, squares, [&](int64_t pixel, int64_t c, int64_t count) {
    const Vec value = load_up_to(x + pixel + c, count) - load_up_to(mean + c, count);
    return value * value;
  });
}

template <bool silu>
void channel_scale_of(const float* x, int64_t pixels, int64_t channels, const float* mean, const float* scale,
                      const float* bias, float* out) {
  for (int64_t p = 0; p < pixels; ++p, x += channels, out += channels) {
    for_each_vector(channels, [&](int64_t c, int64_t count) {
      const Vec centred = load_up_to(x + c, count) - load_up_to(mean + c, count);
      Vec y = fma(centred, load_up_to(scale + c, count), load_up_to(bias + c, count));
      if constexpr (silu) y *= sigmoid(y);
      store_up_to(out + c, y, count);
    });
  }
}

void channel_scale(const float* x, int64_t pixels, int64_t channels, const float* mean, const float* scale,
                   const float* bias, bool silu, float* out) {
  if (silu) {
    channel_scale_of<true>(x, pixels, channels, mean, scale, bias, out);
  } else {
    channel_scale_of<false>(x, pixels, channels, mean, scale, bias, out);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
