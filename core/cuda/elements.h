// Eight consecutive elements of a row of any weight type: what every product reads weights by.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/cuda/launch.h"
#include "core/cuda/nibble_blocks.h"
#include "core/cuda/ptx.h"
#include "core/cuda/scratch.h"
#include "core/tensor/tensor.h"

namespace janus::cuda {

// A matrix as kernels see it. `wide`: as is_wide() says.
struct MatrixView {
  const unsigned char* data = nullptr;
  int64_t row_bytes = 0;
  int64_t depth = 0;  // elements a row
  bool wide = false;

  static MatrixView of(const Tensor& x) {
    const int64_t row_bytes = static_cast<int64_t>(bytes_of(x.dtype(), x.row_stride()));
    return {static_cast<const unsigned char*>(x.raw()), row_bytes, x.size(1), is_wide(x)};
  }
};

// Sixteen-bit loads of what is aligned to two bytes only.
__device__ __forceinline__ uint32_t load_u32(const unsigned char* from) {
  const auto* halves = reinterpret_cast<const uint16_t*>(from);
  return halves[0] | static_cast<uint32_t>(halves[1]) << 16;
}
__device__ __forceinline__ int byte_of(uint32_t word, int index) {
  return static_cast<int>(word >> (8 * index) & 255U);
}

__device__ __forceinline__ void bf16_to_f32(const uint4& from, float (&to)[8]) {
  const uint32_t words[4] = {from.x, from.y, from.z, from.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = from_bf16(static_cast<uint16_t>(words[i] & 0xFFFFU));
    to[2 * i + 1] = from_bf16(static_cast<uint16_t>(words[i] >> 16));
  }
}

// Elements k to k + 8 of a row whose first byte is `row`; zeros from `depth` on. k is a multiple of 8.
template <DType kType>
struct Elements;

template <>
struct Elements<DType::f32> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool wide,
                                              float (&to)[8]) {
    const auto* from = reinterpret_cast<const float*>(row) + k;
    if (wide && k < depth) {
      const float4 a = reinterpret_cast<const float4*>(from)[0], b = reinterpret_cast<const float4*>(from)[1];
      to[0] = a.x, to[1] = a.y, to[2] = a.z, to[3] = a.w;
      to[4] = b.x, to[5] = b.y, to[6] = b.z, to[7] = b.w;
      return;
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) to[i] = k + i < depth ? from[i] : 0.0F;
  }
};

template <>
struct Elements<DType::bf16> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool wide,
                                              float (&to)[8]) {
    if (wide && k < depth) {
      bf16_to_f32(*reinterpret_cast<const uint4*>(row + 2 * k), to);
      return;
    }
    const auto* from = reinterpret_cast<const uint16_t*>(row) + k;
#pragma unroll
    for (int i = 0; i < 8; ++i) to[i] = k + i < depth ? from_bf16(from[i]) : 0.0F;
  }
};

template <>
struct Elements<DType::f16> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool wide,
                                              float (&to)[8]) {
    if (wide && k < depth) {
      const uint4 raw = *reinterpret_cast<const uint4*>(row + 2 * k);
      const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        to[2 * i] = from_f16(static_cast<uint16_t>(words[i] & 0xFFFFU));
        to[2 * i + 1] = from_f16(static_cast<uint16_t>(words[i] >> 16));
      }
      return;
    }
    const auto* from = reinterpret_cast<const uint16_t*>(row) + k;
#pragma unroll
    for (int i = 0; i < 8; ++i) to[i] = k + i < depth ? from_f16(from[i]) : 0.0F;
  }
};

// One element of a type that is no block format.
template <DType kType>
__device__ __forceinline__ float float_element(const unsigned char* row, int64_t i) {
  if constexpr (kType == DType::f32) return reinterpret_cast<const float*>(row)[i];
  const uint16_t bits = reinterpret_cast<const uint16_t*>(row)[i];
  return kType == DType::bf16 ? from_bf16(bits) : from_f16(bits);
}

__device__ __forceinline__ void zeros(float (&to)[8]) {
#pragma unroll
  for (int i = 0; i < 8; ++i) to[i] = 0.0F;
}

// Blocks of 32 in 34 bytes: d, then the elements.
template <>
struct Elements<DType::q8_0> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool,
                                              float (&to)[8]) {
    if (k >= depth) return zeros(to);
    const unsigned char* block = row + k / 32 * 34;
    const float d = from_f16(*reinterpret_cast<const uint16_t*>(block));
    const uint32_t words[2] = {load_u32(block + 2 + k % 32), load_u32(block + 6 + k % 32)};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      to[i] = d * static_cast<float>(static_cast<int8_t>(byte_of(words[i / 4], i % 4)));
    }
  }
};

template <DType kType>
requires kIsNibbles<kType>
struct Elements<kType> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool,
                                              float (&to)[8]) {
    if (k >= depth) return zeros(to);
    using Scale = decltype(Block<kType>::scale);
    const unsigned char* block = row + k / 32 * static_cast<int64_t>(sizeof(Block<kType>));
    const auto l = static_cast<int>(k % 32);
    uint32_t bits = block[0];
    if constexpr (kScaleBytes<kType> == 2) bits |= block[1] << 8;
    const float scale = scale_value(Scale{}, bits);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      to[i] = scale * table_element<kType>(block[kScaleBytes<kType> + l % 16 + i] >> (l / 16 * 4) & 15U);
    }
  }
};

// The scale and the min of part j (of 8) from the twelve bytes that q4_k and q5_k pack them in.
__device__ __forceinline__ void unpack_scale(const unsigned char* packed, int j, float& scale, float& min) {
  if (j < 4) {
    scale = static_cast<float>(packed[j] & 63);
    min = static_cast<float>(packed[j + 4] & 63);
  } else {
    scale = static_cast<float>((packed[j + 4] & 15) | (packed[j - 4] >> 6 << 4));
    min = static_cast<float>((packed[j + 4] >> 4) | (packed[j] >> 6 << 4));
  }
}

template <>
struct Elements<DType::q4_k> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool,
                                              float (&to)[8]) {
    if (k >= depth) return zeros(to);
    const unsigned char* block = row + k / 256 * 144;
    const int part = static_cast<int>(k % 256) / 32, l = static_cast<int>(k % 32);
    float scale, min;
    unpack_scale(block + 4, part, scale, min);
    const uint32_t factors = *reinterpret_cast<const uint32_t*>(block);
    scale *= from_f16(static_cast<uint16_t>(factors & 0xFFFFU));
    min *= from_f16(static_cast<uint16_t>(factors >> 16));
    const uint2 q = *reinterpret_cast<const uint2*>(block + 16 + part / 2 * 32 + l);
    const uint32_t words[2] = {q.x >> (part % 2 * 4) & 0x0F0F0F0FU, q.y >> (part % 2 * 4) & 0x0F0F0F0FU};
#pragma unroll
    for (int i = 0; i < 8; ++i) to[i] = scale * static_cast<float>(byte_of(words[i / 4], i % 4)) - min;
  }
};

template <>
struct Elements<DType::q5_k> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool,
                                              float (&to)[8]) {
    if (k >= depth) return zeros(to);
    const unsigned char* block = row + k / 256 * 176;
    const int part = static_cast<int>(k % 256) / 32, l = static_cast<int>(k % 32);
    float scale, min;
    unpack_scale(block + 4, part, scale, min);
    const uint32_t factors = *reinterpret_cast<const uint32_t*>(block);
    scale *= from_f16(static_cast<uint16_t>(factors & 0xFFFFU));
    min *= from_f16(static_cast<uint16_t>(factors >> 16));
    const uint2 high = *reinterpret_cast<const uint2*>(block + 16 + l);
    const uint2 q = *reinterpret_cast<const uint2*>(block + 48 + part / 2 * 32 + l);
    const uint32_t words[2] = {(q.x >> (part % 2 * 4) & 0x0F0F0F0FU) | (high.x >> part & 0x01010101U) << 4,
                               (q.y >> (part % 2 * 4) & 0x0F0F0F0FU) | (high.y >> part & 0x01010101U) << 4};
#pragma unroll
    for (int i = 0; i < 8; ++i) to[i] = scale * static_cast<float>(byte_of(words[i / 4], i % 4)) - min;
  }
};

// 210 bytes: aligned to two alone.
template <>
struct Elements<DType::q6_k> {
  __device__ __forceinline__ static void load(const unsigned char* row, int64_t k, int64_t depth, bool,
                                              float (&to)[8]) {
    if (k >= depth) return zeros(to);
    const unsigned char* block = row + k / 256 * 210;
    const int at = static_cast<int>(k % 256), half = at / 128, quarter = at % 128 / 32, l = at % 32;
    const float d = from_f16(*reinterpret_cast<const uint16_t*>(block + 208));
    const float scale = d * static_cast<float>(static_cast<int8_t>(block[192 + at / 16]));
    const unsigned char* low = block + 64 * half + 32 * (quarter % 2) + l;
    const unsigned char* high = block + 128 + 32 * half + l;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const uint32_t word = (load_u32(low + 4 * i) >> (quarter / 2 * 4) & 0x0F0F0F0FU) |
                            (load_u32(high + 4 * i) >> (quarter * 2) & 0x03030303U) << 4;
#pragma unroll
      for (int j = 0; j < 4; ++j) to[4 * i + j] = scale * static_cast<float>(byte_of(word, j) - 32);
    }
  }
};

// Calls body.template operator()<type>() for a block format known at run time: the one list of those that
// have kernels.
template <typename Body>
void with_block_format(DType type, Body body) {
  switch (type) {
    case DType::q8_0:
      return body.template operator()<DType::q8_0>();
    case DType::q6_k:
      return body.template operator()<DType::q6_k>();
    case DType::q5_k:
      return body.template operator()<DType::q5_k>();
    case DType::q4_k:
      return body.template operator()<DType::q4_k>();
    case DType::q4_0:
      return body.template operator()<DType::q4_0>();
    case DType::iq4_nl:
      return body.template operator()<DType::iq4_nl>();
    case DType::mxfp4:
      return body.template operator()<DType::mxfp4>();
    default:
      no_kernels(type);
  }
}

// The same for one that is none.
template <typename Body>
void with_float_type(DType type, Body body) {
  if (type == DType::f32) return body.template operator()<DType::f32>();
  if (type == DType::f16) return body.template operator()<DType::f16>();
  if (type == DType::bf16) return body.template operator()<DType::bf16>();
  no_kernels(type);
}

// The same for any weight type.
template <typename Body>
void with_weight_type(DType type, Body body) {
  is_quantized(type) ? with_block_format(type, body) : with_float_type(type, body);
}

// A number as the sum of two of bf16: what is left out is below 2^-17 of it. (Of an infinite number the
// second is 0.)
struct TwoTerms {
  uint32_t high, low;  // of two neighbours each
};
__device__ __forceinline__ TwoTerms two_terms(float a, float b) {
  const uint32_t high = pack_bf16(a, b);
  const float ha = from_bf16(static_cast<uint16_t>(high & 0xFFFFU));
  const float hb = from_bf16(static_cast<uint16_t>(high >> 16));
  const float ra = (high & 0x7FFFU) == 0x7F80U ? 0.0F : a - ha;
  const float rb = (high & 0x7FFF0000U) == 0x7F800000U ? 0.0F : b - hb;
  return {high, pack_bf16(ra, rb)};
}

// Eight elements as bf16 in two terms; `low` may be null, for elements that have one.
__device__ __forceinline__ void store_terms(const float (&x)[8], uint16_t* high, uint16_t* low) {
  uint32_t h[4], l[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const TwoTerms terms = two_terms(x[2 * i], x[2 * i + 1]);
    h[i] = terms.high;
    l[i] = terms.low;
  }
  *reinterpret_cast<uint4*>(high) = make_uint4(h[0], h[1], h[2], h[3]);
  if (low != nullptr) *reinterpret_cast<uint4*>(low) = make_uint4(l[0], l[1], l[2], l[3]);
}

// As the sum of three, largest first, which leaves nothing out.
struct ThreeTerms {
  uint32_t of[3];
};
__device__ __forceinline__ ThreeTerms three_terms(float a, float b) {
  const TwoTerms terms = two_terms(a, b);
  const auto rest = [](float x, uint32_t high, uint32_t low) {
    if ((high & 0x7FFFU) == 0x7F80U) return 0.0F;
    return x - from_bf16(static_cast<uint16_t>(high)) - from_bf16(static_cast<uint16_t>(low));
  };
  return {{terms.high, terms.low,
           pack_bf16(rest(a, terms.high & 0xFFFFU, terms.low & 0xFFFFU),
                     rest(b, terms.high >> 16, terms.low >> 16))}};
}

}  // namespace janus::cuda
