// core/cuda/ptx.h for the emulated card: what each instruction does, as PTX's manual tells it.
#pragma once

#include <cstring>

#include "core/base/half.h"
#include "tests/cuda_host/cuda_runtime.h"

#define JANUS_DYNAMIC_SHARED(name) auto* const name = static_cast<unsigned char*>(cuda_host::dynamic_shared())

namespace janus::cuda {

using janus::from_bf16, janus::from_f16, janus::to_bf16, janus::to_f16;
inline uint32_t pack_bf16(float low, float high) { return to_bf16(low) | uint32_t{to_bf16(high)} << 16; }

inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  struct Lane {
    uint32_t a[4], b[2];
  } mine{{a[0], a[1], a[2], a[3]}, {b0, b1}};
  const auto* lanes = static_cast<const Lane*>(cuda_host::warp_exchange(&mine, sizeof mine));
  const unsigned lane = threadIdx.x % 32;
  const auto half_of = [](uint32_t word, int k) {
    return from_bf16(static_cast<uint16_t>(word >> k % 2 * 16));
  };
  for (int i = 0; i < 4; ++i) {
    const unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    float sum = d[i];
    for (int k = 0; k < 16; ++k) {
      const float x = half_of(lanes[row % 8 * 4 + k % 8 / 2].a[row / 8 + k / 8 * 2], k);
      const float y = half_of(lanes[column * 4 + k % 8 / 2].b[k / 8], k);
      sum += x * y;
    }
    d[i] = sum;
  }
}

inline uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t d = 0;
  for (int shift = 0; shift < 32; shift += 16) {
    const auto half = [shift](uint32_t pair) { return from_bf16(static_cast<uint16_t>(pair >> shift)); };
    d |= uint32_t{to_bf16(std::fma(half(a), half(b), half(c)))} << shift;
  }
  return d;
}

inline void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
  const auto* rows = static_cast<const char* const*>(cuda_host::warp_exchange(&row, sizeof row));
  const unsigned lane = threadIdx.x % 32;
  for (unsigned i = 0; i < 4; ++i) std::memcpy(&r[i], rows[8 * i + lane / 4] + lane % 4 * 4, 4);
}

inline void ldmatrix_x4_transposed(uint32_t (&r)[4], const void* row) {
  const auto* rows = static_cast<const char* const*>(cuda_host::warp_exchange(&row, sizeof row));
  const unsigned lane = threadIdx.x % 32;
  for (unsigned i = 0; i < 4; ++i) {
    uint16_t numbers[2];
    for (unsigned k = 0; k < 2; ++k) {
      std::memcpy(&numbers[k], rows[8 * i + lane % 4 * 2 + k] + lane / 4 * 2, 2);
    }
    r[i] = numbers[0] | uint32_t{numbers[1]} << 16;
  }
}

inline uint4 load_stream(const void* address) { return *static_cast<const uint4*>(address); }
inline void copy_beside(void* to, const void* from, bool inside) {
  cuda_host::copy_later(to, inside ? from : nullptr, 16);
}
inline void close_copies() { cuda_host::close_copies(); }
template <int kLeft>
void wait_for_copies() {
  cuda_host::wait_for_copies(kLeft);
}
inline void let_next_start() {}
inline void wait_for_last() {}

}  // namespace janus::cuda
