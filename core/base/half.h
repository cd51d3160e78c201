// f32 to the 16-bit floats (round to nearest even, infinities and NaN kept) and back.
#pragma once

#include <bit>
#include <cstdint>

// Always inlined, so that the kernels of every instruction set may use these.
#define JANUS_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace janus {

JANUS_ALWAYS_INLINE uint16_t to_bf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<uint16_t>((bits >> 16) | 0x40U);  // a quiet NaN
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

JANUS_ALWAYS_INLINE uint16_t to_f16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x3FFU));
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // rounds to 2^16 or more
  if (magnitude < 0x38800000U) {
    // Below 2^-14: adding 0.5 leaves the result's bits, rounded, at the bottom of the sum.
    const float sum = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - 0x3F000000U));
  }
  const uint32_t rounded = magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13) & 1U);
  return static_cast<uint16_t>(sign | (rounded >> 13));
}

JANUS_ALWAYS_INLINE float from_bf16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

JANUS_ALWAYS_INLINE float from_f16(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000U) << 16, magnitude = (bits & 0x7FFFU) << 13;
  if (magnitude >= 0x0F800000U) return std::bit_cast<float>(sign | magnitude | 0x7F800000U);
  // The exponent's bias is mended by a product, which also makes f32 numbers of f16's subnormals.
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F));
}

}  // namespace janus
