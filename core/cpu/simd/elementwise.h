// Operations element by element.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

void add(const float* x, const float* y, int64_t size, float* out) {
  for_each_vector(size, [&](int64_t i, int64_t count) {
    store_up_to(out + i, load_up_to(x + i, count) + load_up_to(y + i, count), count);
  });
}

void depthwise(const float* const* pixels, const float* const* taps, int64_t count, int64_t channels,
               const float* bias, float* out) {
  for_each_vector(channels, [&](int64_t c, int64_t lanes) {
    Vec total = load_up_to(bias + c, lanes);
    for (int64_t i = 0; i < count; ++i)
      total = fma(load_up_to(pixels[i] + c, lanes), load_up_to(taps[i] + c, lanes), total);
    store_up_to(out + c, total, lanes);
  });
}

void gelu_erf(const float* x, int64_t size, float* out) {
  for_each_vector(size, [&](int64_t i, int64_t count) {
    const Vec value = load_up_to(x + i, count);
    const Vec phi = splat(1.0F) + erf(value * splat(0.70710678F));
    store_up_to(out + i, value * splat(0.5F) * phi, count);
  });
}

void swiglu(const float* gate, const float* up, int64_t size, float* out) {
  for_each_vector(size, [&](int64_t i, int64_t count) {
    const Vec value = load_up_to(gate + i, count);
    store_up_to(out + i, value * sigmoid(value) * load_up_to(up + i, count), count);
  });
}

void rope(float* head, int64_t width, const float* cosines, const float* sines) {
  const int64_t half = width / 2;
  for_each_vector(half, [&](int64_t i, int64_t count) {
    const Vec a = load_up_to(head + i, count), b = load_up_to(head + half + i, count);
    const Vec cosine = load_up_to(cosines + i, count), sine = load_up_to(sines + i, count);
    store_up_to(head + i, a * cosine - b * sine, count);
    store_up_to(head + half + i, b * cosine + a * sine, count);
  });
}

// Converts elements of type T.
template <typename T>
void floats_to_f32(const void* from, int64_t size, float* to) {
  const T* elements = static_cast<const T*>(from);
  for_each_vector(
      size, [&](int64_t i, int64_t count) { store_up_to(to + i, load_up_to(elements + i, count), count); });
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
