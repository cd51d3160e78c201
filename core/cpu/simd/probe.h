// Loops that do nothing but read, or nothing but multiply and add.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// Sum of `size` floats, a multiple of 8 vectors, as fast as memory gives them: with the same distance of
// prefetch that serves the weights best.
float read_all(const float* x, int64_t size) {
  Vec sums[8] = {};
  for (int64_t i = 0; i < size; i += 8 * kLanes) {
    for (int64_t line = 0; line < 8 * kLanes * 4; line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(x + i) + 32768 + line, 0, 2);
    }
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) sums[j] += load(x + i + j * kLanes);
  }
  return sum(((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
}

// `rounds` times 12 independent vector multiply-adds; returns how many operations on floats that was.
int64_t multiply_add(int64_t rounds, float* result) {
  Vec sums[12];
  for (int j = 0; j < 12; ++j) sums[j] = splat(static_cast<float>(j));  // else they would be one
  const Vec a = splat(result[0]), b = splat(result[1]);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) sums[j] = fma(sums[j], a, b);
  }
  Vec total{};
  for (int j = 0; j < 12; ++j) total += sums[j];
  result[0] = sum(total);
  return rounds * 12 * 2 * kLanes;
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
