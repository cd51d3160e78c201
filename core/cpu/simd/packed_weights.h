// Packed blocks (core/cpu/packed_blocks.h) as vectors: a vector has kLanes of their 16 rows, so one of
// AVX-512 has all of them, one of AVX-VNNI the half that begins with row `first`.
#pragma once

#include "core/cpu/packed_blocks.h"
#include "core/cpu/simd/nibble_blocks.h"

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
#define JANUS_HAS_PACKED

namespace janus::cpu::JANUS_ISA {
namespace {

// sums[i] + the four products of bytes i, of `weights` without a sign, with as many `elements`.
JANUS_INLINE IntVec add_byte_products(IntVec weights, IntVec elements, IntVec sums) {
#if defined(__AVX512F__)
  return bit_cast<IntVec>(
      _mm512_dpbusd_epi32(bit_cast<__m512i>(sums), bit_cast<__m512i>(weights), bit_cast<__m512i>(elements)));
#else
  return bit_cast<IntVec>(_mm256_dpbusd_avx_epi32(bit_cast<__m256i>(sums), bit_cast<__m256i>(weights),
                                                  bit_cast<__m256i>(elements)));
#endif
}

// Four bytes in every lane.
JANUS_INLINE IntVec spread_four(const int8_t* bytes) {
  int32_t four;
  __builtin_memcpy(&four, bytes, sizeof four);
#if defined(__AVX512F__)
  return bit_cast<IntVec>(_mm512_set1_epi32(four));
#else
  return bit_cast<IntVec>(_mm256_set1_epi32(four));
#endif
}

// (a & mask) | (b & other)
template <uint32_t kMask, uint32_t kOther>
JANUS_INLINE IntVec take(IntVec a, IntVec b) {
#if defined(__AVX512F__)
  constexpr int kFirstOrSecondAndThird = 0xF8;
  return bit_cast<IntVec>(_mm512_ternarylogic_epi32(
      bit_cast<__m512i>(a & splat_int(static_cast<int>(kMask))), bit_cast<__m512i>(b),
      bit_cast<__m512i>(splat_int(static_cast<int>(kOther))), kFirstOrSecondAndThird));
#else
  return (a & splat_int(static_cast<int>(kMask))) | (b & splat_int(static_cast<int>(kOther)));
#endif
}

// (a & mask) | bits
template <uint32_t kMask, uint32_t kBits>
JANUS_INLINE IntVec take_with(IntVec a) {
  const IntVec mask = splat_int(static_cast<int>(kMask)), bits = splat_int(static_cast<int>(kBits));
#if defined(__AVX512F__)
  constexpr int kFirstAndSecondOrThird = 0xEA;
  return bit_cast<IntVec>(_mm512_ternarylogic_epi32(bit_cast<__m512i>(a), bit_cast<__m512i>(mask),
                                                    bit_cast<__m512i>(bits), kFirstAndSecondOrThird));
#else
  return (a & mask) | bits;
#endif
}

JANUS_INLINE IntVec shift_right(IntVec x, int bits) {
  return bit_cast<IntVec>(bit_cast<UInt32Vec>(x) >> bits);
}
JANUS_INLINE IntVec shift_left(IntVec x, int bits) {
  return bit_cast<IntVec>(bit_cast<UInt32Vec>(x) << bits);
}

JANUS_INLINE IntVec turn_right(IntVec x, int bits) {
#if defined(__AVX512F__)
  return bit_cast<IntVec>(_mm512_maskz_rorv_epi32(0xFFFF, bit_cast<__m512i>(x), _mm512_set1_epi32(bits)));
#else
  const __m256i from = bit_cast<__m256i>(x);
  return bit_cast<IntVec>(_mm256_or_si256(_mm256_srlv_epi32(from, _mm256_set1_epi32(bits & 31)),
                                          _mm256_sllv_epi32(from, _mm256_set1_epi32(-bits & 31))));
#endif
}

// kLanes f16.
JANUS_INLINE Vec to_f32_halves(const uint16_t* from) {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtph_ps(0xFFFF, load_as<__m256i>(from));
#else
  return _mm256_cvtph_ps(load_as<__m128i>(from));
#endif
}

// kLanes bytes with a sign.
JANUS_INLINE IntVec to_int32_signed(const int8_t* from) {
#if defined(__AVX512F__)
  return bit_cast<IntVec>(_mm512_maskz_cvtepi8_epi32(0xFFFF, load_as<__m128i>(from)));
#else
  return bit_cast<IntVec>(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#endif
}

// A vector each of two parts that follow one another, as they lie in memory.
struct PackedPair {
  IntVec low, high;
};

// Describes a format: how many elements share a scale, how far its bytes lie above them, and how many times
// too large the elements in high halves are. `load` takes vector v of the parts 2 * pair and 2 * pair + 1;
// `elements` are those of one of them.
template <typename Packed>
struct PackedFormat;

template <>
struct PackedFormat<PackedQ8_0> {
  static constexpr int kPart = 32, kBias = 128, kHigh = 1;
  static constexpr bool kHasMins = false;

  JANUS_INLINE PackedPair load(const PackedQ8_0& block, int pair, int v, int first) {
    return {load_as<IntVec>(block.q[2 * pair][v] + 4 * first),
            load_as<IntVec>(block.q[2 * pair + 1][v] + 4 * first)};
  }
  template <int kOdd>
  JANUS_INLINE IntVec elements(const PackedPair& stored, int) {
    return kOdd ? stored.high : stored.low;
  }
};

template <>
struct PackedFormat<PackedQ4_K> {
  static constexpr int kPart = 32, kBias = 0, kHigh = 16;
  static constexpr bool kHasMins = true;

  JANUS_INLINE PackedPair load(const PackedQ4_K& block, int pair, int v, int first) {
    return {load_as<IntVec>(block.q[pair][v] + 4 * first), IntVec{}};
  }
  template <int kOdd>
  JANUS_INLINE IntVec elements(const PackedPair& stored, int) {
    return stored.low & splat_int(static_cast<int>(kOdd ? 0xF0F0F0F0 : 0x0F0F0F0F));
  }
};

template <>
struct PackedFormat<PackedQ5_K> {
  static constexpr int kPart = 32, kBias = 0, kHigh = 8;
  static constexpr bool kHasMins = true;

  JANUS_INLINE PackedPair load(const PackedQ5_K& block, int pair, int v, int first) {
    return {load_as<IntVec>(block.q[pair][v] + 4 * first), load_as<IntVec>(block.high[v] + 4 * first)};
  }
  template <int kOdd>
  JANUS_INLINE IntVec elements(const PackedPair& stored, int pair) {
    const IntVec turned = turn_right(stored.high, 2 * pair);
    return kOdd ? take<0xF0F0F0F0, 0x08080808>(stored.low, turned)
                : take<0x0F0F0F0F, 0x10101010>(stored.low, turned);
  }
};

template <>
struct PackedFormat<PackedQ6_K> {
  static constexpr int kPart = 16, kBias = 32, kHigh = 4;
  static constexpr bool kHasMins = false;

  JANUS_INLINE PackedPair load(const PackedQ6_K& block, int pair, int v, int first) {
    const auto& quarter = block.quarters[pair / 2];
    return {load_as<IntVec>(quarter.low[pair % 2][v] + 4 * first),
            load_as<IntVec>(quarter.high[v] + 4 * first)};
  }
  // (A lane of the bytes as a whole is turned: what is needed stays within its byte.)
  template <int kOdd>
  JANUS_INLINE IntVec elements(const PackedPair& stored, int pair) {
    const int bits = pair % 2 * 2;
    return kOdd ? take<0xF0F0F0F0, 0x0C0C0C0C>(stored.low, turn_right(stored.high, -bits & 31))
                : take<0x0F0F0F0F, 0x30303030>(stored.low, turn_right(stored.high, bits));
  }
};

// A table that is no run of integers is looked up, 128 above its elements.
template <NibbleBlock Block>
struct PackedFormat<PackedNibbles<Block>> {
  static constexpr bool kLinear = has_linear_table<Block>(), kHasMins = false;
  static constexpr int kPart = 32, kBias = kLinear ? -Block::kTable[0] : 128, kHigh = kLinear ? 16 : 1;

  JANUS_INLINE PackedPair load(const PackedNibbles<Block>& block, int pair, int v, int first) {
    return {load_as<IntVec>(block.q[pair][v] + 4 * first), IntVec{}};
  }
  template <int kOdd>
  JANUS_INLINE IntVec elements(const PackedPair& stored, int) {
    if constexpr (kLinear) {
      return stored.low & splat_int(static_cast<int>(kOdd ? 0xF0F0F0F0 : 0x0F0F0F0F));
    } else {
      const IntVec places = (kOdd ? shift_right(stored.low, 4) : stored.low) & splat_int(0x0F0F0F0F);
      return bit_cast<IntVec>(look_up<Block, kBias>(bit_cast<UInt16Vec>(places)));
    }
  }
};

// Vector v of a part.
template <typename Packed>
JANUS_INLINE IntVec elements_of(const Packed& block, int part, int v, int first) {
  using Format = PackedFormat<Packed>;
  const PackedPair stored = Format::load(block, part / 2, v, first);
  return part % 2 == 0 ? Format::template elements<0>(stored, part / 2)
                       : Format::template elements<1>(stored, part / 2);
}

// What the sums of a part's products are multiplied with, and what comes off for each of its activations.
template <typename Packed>
struct PackedFactors {
  static constexpr int kParts = kSuperBlock / PackedFormat<Packed>::kPart;
  Vec scales[kParts];
  Vec mins[PackedFormat<Packed>::kHasMins ? kParts : 1];
};

JANUS_INLINE PackedFactors<PackedQ8_0> load_factors(const PackedQ8_0& block, int first) {
  PackedFactors<PackedQ8_0> factors;
#pragma GCC unroll 8
  for (int part = 0; part < 8; ++part) factors.scales[part] = to_f32_halves(block.d[part] + first);
  return factors;
}

JANUS_INLINE PackedFactors<PackedQ6_K> load_factors(const PackedQ6_K& block, int first) {
  PackedFactors<PackedQ6_K> factors;
  const Vec d = to_f32_halves(block.d + first), quarter = d * splat(0.25F);
#pragma GCC unroll 16
  for (int part = 0; part < 16; ++part) {
    factors.scales[part] =
        to_float(to_int32_signed(block.scales[part] + first)) * (part % 2 == 0 ? d : quarter);
  }
  return factors;
}

JANUS_INLINE Vec to_f32_scales(const HalfScale* from) {
  static_assert(sizeof(HalfScale) == sizeof(uint16_t));
  return to_f32_halves(&from->bits);
}

JANUS_INLINE Vec to_f32_scales(const PowerScale* from) {
#if defined(__AVX512F__)
  const auto bits = bit_cast<IntVec>(_mm512_maskz_cvtepu8_epi32(0xFFFF, load_as<__m128i>(from)));
#else
  const auto bits =
      bit_cast<IntVec>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#endif
  // (Those of 0 and 1 are subnormal.)
  return bit_cast<Vec>(bits < 2 ? shift_left(bits + 1, 21) : shift_left(bits - 1, 23));
}

template <NibbleBlock Block>
JANUS_INLINE PackedFactors<PackedNibbles<Block>> load_factors(const PackedNibbles<Block>& block, int first) {
  PackedFactors<PackedNibbles<Block>> factors;
#pragma GCC unroll 8
  for (int part = 0; part < 8; ++part) {
    factors.scales[part] = to_f32_scales(block.scales[part] + first);
    constexpr float kOdd = 1.0F / PackedFormat<PackedNibbles<Block>>::kHigh;
    if (part % 2 == 1 && kOdd != 1.0F) factors.scales[part] *= splat(kOdd);
  }
  return factors;
}

// A field at bits 0, 6 or 12 of a word becomes a float where it stands, as the low part of 2^23, 2^17 or
// 2^11; that it is multiplied as well, rounded once, and exact: d times the field has 17 bits.
struct FieldFactor {
  Vec factor, above[3];

  JANUS_INLINE FieldFactor of(Vec factor) {
    return {factor, {factor * splat(-0x1p23F), factor * splat(-0x1p17F), factor * splat(-0x1p11F)}};
  }
  template <int kPlace>
  __attribute__((always_inline)) Vec times(IntVec word) const {
    constexpr uint32_t kPower = 0x4B000000 - kPlace * 6 * 0x800000U;
    return fma(bit_cast<Vec>(take_with<0x3FU << 6 * kPlace, kPower>(word)), factor, above[kPlace]);
  }
};

// Loads the factors of q4_k and q5_k.
template <typename Packed>
JANUS_INLINE PackedFactors<Packed> load_factors(const Packed& block, int first) {
  const Vec d = to_f32_halves(block.d + first);
  const FieldFactor even = FieldFactor::of(d),
                    odd = FieldFactor::of(d * splat(1.0F / PackedFormat<Packed>::kHigh)),
                    min = FieldFactor::of(to_f32_halves(block.dmin + first));
  IntVec low[3], high[3];
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    low[i] = load_as<IntVec>(block.fields[i] + first);
    high[i] = shift_right(low[i], 18);
  }
  const IntVec last = take<0x3000, 0xC000>(high[0], shift_left(high[1], 2));
  PackedFactors<Packed> factors;
  factors.scales[0] = even.times<0>(low[0]);
  factors.scales[1] = odd.times<1>(low[0]);
  factors.scales[2] = even.times<2>(low[0]);
  factors.scales[3] = odd.times<0>(high[0]);
  factors.scales[4] = even.times<1>(high[0]);
  factors.scales[5] = odd.times<0>(low[1]);
  factors.scales[6] = even.times<1>(low[1]);
  factors.scales[7] = odd.times<2>(low[1]);
  factors.mins[0] = min.times<0>(high[1]);
  factors.mins[1] = min.times<1>(high[1]);
  factors.mins[2] = min.times<0>(low[2]);
  factors.mins[3] = min.times<1>(low[2]);
  factors.mins[4] = min.times<2>(low[2]);
  factors.mins[5] = min.times<0>(high[2]);
  factors.mins[6] = min.times<1>(high[2]);
  factors.mins[7] = min.times<2>(take<0xF000, 0x30000>(last, shift_left(high[2], 4)));
  return factors;
}

// What a part's elements are multiplied with before d, of each row.
JANUS_INLINE IntVec integer_scale(const PackedQ8_0&, int, int) { return splat_int(1); }
JANUS_INLINE IntVec integer_scale(const PackedQ6_K& block, int part, int first) {
  return to_int32_signed(block.scales[part] + first);
}
template <NibbleBlock Block>
JANUS_INLINE IntVec integer_scale(const PackedNibbles<Block>&, int, int) {
  return splat_int(1);
}
template <typename Packed>
JANUS_INLINE IntVec integer_scale(const Packed& block, int part, int first) {
  return shift_right(load_as<IntVec>(block.fields[part / 5] + first), part % 5 * 6) & splat_int(63);
}

// -- conversions ------------------------------------------------------------------------------------------

// `size` elements of each of `rows` <= kPackedRows rows, which are `stride` apart.
template <typename Packed>
void pack_rows(const void* from, int64_t stride, int rows, int64_t size, void* to) {
  const auto* blocks = static_cast<const typename Packed::Plain*>(from);
  for (int64_t i = 0; i < size / kSuperBlock; ++i, blocks += kPlainBlocks<Packed>) {
    pack_block(blocks, stride / Packed::Plain::kSize, rows, static_cast<Packed*>(to)[i]);
  }
}

// Elements of rows [first, first + kLanes) of a block; rows behind the first `rows` are left out. As
// dequantize_block computes them, rounding for rounding.
template <typename Packed>
void unpack_block(const Packed& block, int first, int rows, float* to, int64_t stride) {
  using Format = PackedFormat<Packed>;
  const PackedFactors<Packed> factors = load_factors(block, first);
  for (int part = 0; part < PackedFactors<Packed>::kParts; ++part) {
    float scales[kLanes], mins[kLanes] = {};
    store(scales, factors.scales[part]);
    if constexpr (Format::kHasMins) store(mins, factors.mins[part]);
    const int bias = Format::kBias * (part % 2 == 0 ? 1 : Format::kHigh);
    for (int v = 0; v < Format::kPart / 4; ++v) {
      const IntVec elements = elements_of<Packed>(block, part, v, first);
      uint8_t bytes[kLanes][4];
      __builtin_memcpy(bytes, &elements, sizeof bytes);
      for (int row = 0; row < kLanes && first + row < rows; ++row) {
        float* place = to + (first + row) * stride + part * Format::kPart + 4 * v;
        for (int i = 0; i < 4; ++i) {
          place[i] = scales[row] * static_cast<float>(bytes[row][i] - bias) - mins[row];
        }
      }
    }
  }
}

template <typename Packed>
void unpack_rows(const void* from, int rows, int64_t size, float* to, int64_t stride) {
  const auto* blocks = static_cast<const Packed*>(from);
  for (int64_t i = 0; i < size; i += kSuperBlock, ++blocks) {
    for (int first = 0; first < rows; first += kLanes) unpack_block(*blocks, first, rows, to + i, stride);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // JANUS_HAS_PACKED
