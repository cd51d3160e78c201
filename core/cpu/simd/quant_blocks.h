// The numbers and scales of ggml's *_k blocks (core/quant/block_formats.h) as vectors of 16-bit words.
#pragma once

#include "core/cpu/simd/vector.h"
#include "core/quant/block_formats.h"

namespace janus::cpu::JANUS_ISA {
namespace {

constexpr int kWords = 2 * kLanes;
typedef int16_t WordsVec __attribute__((vector_size(kLanes * 4)));
typedef uint16_t BitsVec __attribute__((vector_size(kLanes * 4)));
typedef int16_t EightWords __attribute__((vector_size(16)));

template <typename AnyVec>
JANUS_INLINE AnyVec load_as(const void* from) {
  AnyVec x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}

// sums[i] + a[2i] * b[2i] + a[2i + 1] * b[2i + 1].
JANUS_INLINE IntVec add_products(WordsVec a, WordsVec b, IntVec sums) {
#if defined(__AVX512VNNI__)
  return bit_cast<IntVec>(
      _mm512_dpwssd_epi32(bit_cast<__m512i>(sums), bit_cast<__m512i>(a), bit_cast<__m512i>(b)));
#elif defined(__AVXVNNI__)
  return bit_cast<IntVec>(
      _mm256_dpwssd_avx_epi32(bit_cast<__m256i>(sums), bit_cast<__m256i>(a), bit_cast<__m256i>(b)));
#elif defined(__AVX512BW__)
  return sums + bit_cast<IntVec>(_mm512_madd_epi16(bit_cast<__m512i>(a), bit_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return sums + bit_cast<IntVec>(_mm256_madd_epi16(bit_cast<__m256i>(a), bit_cast<__m256i>(b)));
#elif defined(__x86_64__)
  return sums + bit_cast<IntVec>(_mm_madd_epi16(bit_cast<__m128i>(a), bit_cast<__m128i>(b)));
#elif defined(__aarch64__)
  const int16x8_t x = bit_cast<int16x8_t>(a), y = bit_cast<int16x8_t>(b);
  return sums +
         bit_cast<IntVec>(vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y)));
#else
  const IntVec x = bit_cast<IntVec>(a), y = bit_cast<IntVec>(b);
  return sums + (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16);
#endif
}

JANUS_INLINE Vec to_float(IntVec x) { return __builtin_convertvector(x, Vec); }

// Lane i of the result is lane pick(i) of `a` and `b` one behind the other; `pick` is a lambda without
// captures.
template <typename To, typename From, typename Pick, int... kLane>
JANUS_INLINE To pick_words(From a, From b, Pick, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(a, b, Pick{}(kLane)...);
}
template <typename To = WordsVec, typename From, typename Pick>
JANUS_INLINE To pick_words(From a, From b, Pick pick) {
  return pick_words<To>(a, b, pick, std::make_integer_sequence<int, sizeof(To) / 2>());
}

// What follows says with intrinsics what compilers make badly of conversions and shuffles of vectors.

// As many signed bytes as words fit a vector.
typedef int8_t BytesVec __attribute__((vector_size(kWords)));
JANUS_INLINE WordsVec widen_bytes(BytesVec bytes) {
#if defined(__AVX512BW__)
  return bit_cast<WordsVec>(_mm512_cvtepi8_epi16(bit_cast<__m256i>(bytes)));
#elif defined(__AVX2__)
  return bit_cast<WordsVec>(_mm256_cvtepi8_epi16(bit_cast<__m128i>(bytes)));
#else
  return __builtin_convertvector(bytes, WordsVec);
#endif
}

// Eight unsigned bytes.
JANUS_INLINE EightWords widen_eight(uint64_t bytes) {
#if defined(__AVX2__)
  return bit_cast<EightWords>(_mm_cvtepu8_epi16(_mm_cvtsi64_si128(static_cast<long long>(bytes))));
#else
  typedef uint8_t EightBytes __attribute__((vector_size(8)));
  return __builtin_convertvector(bit_cast<EightBytes>(bytes), EightWords);
#endif
}

// `even` and `odd` in turns, as often as they fit.
JANUS_INLINE WordsVec alternate(EightWords even, EightWords odd) {
#if defined(__AVX2__)
  const __m256i both =
      _mm256_inserti128_si256(_mm256_castsi128_si256(bit_cast<__m128i>(even)), bit_cast<__m128i>(odd), 1);
#if defined(__AVX512BW__)
  return bit_cast<WordsVec>(_mm512_maskz_broadcast_i64x4(0xFF, both));
#else
  return bit_cast<WordsVec>(both);
#endif
#else
  static_cast<void>(odd);
  return bit_cast<WordsVec>(even);
#endif
}

JANUS_INLINE float widen_f16(uint16_t bits) {
#if defined(__F16C__)
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
#else
  return from_f16(bits);
#endif
}

// -- what a vector of stored bytes unpacks to -------------------------------------------------------------
//
// The bytes q of a *_k block come in kChunks vectors. Each gives four vectors of words: the low halves of the
// bytes at even places, of those at odd places, then the high halves.

constexpr int kChunkBytes = 4 * kLanes;
constexpr int kChunks = kSuperBlock / 2 / kChunkBytes;

// The low and the high numbers of a chunk, a byte each -> words.
JANUS_INLINE void split_bytes(BitsVec low, BitsVec high, WordsVec (&words)[4]) {
  words[0] = bit_cast<WordsVec>(low & 0xFF);
  words[1] = bit_cast<WordsVec>(low >> 8);
  words[2] = bit_cast<WordsVec>(high & 0xFF);
  words[3] = bit_cast<WordsVec>(high >> 8);
}

// A number that differs between the parts of a chunk: amount(byte) for the byte at each even place.
template <int kChunk, typename Amount, int... kLane>
JANUS_INLINE BitsVec by_place(Amount, std::integer_sequence<int, kLane...>) {
  return BitsVec{static_cast<uint16_t>(Amount{}(kChunk * kChunkBytes + 2 * kLane))...};
}
template <int kChunk, typename Amount>
JANUS_INLINE BitsVec by_place(Amount amount) {
  return by_place<kChunk>(amount, std::make_integer_sequence<int, kWords>());
}

// Where the number in the low half of byte `byte` stands in its block, and how much later that of the high
// half.
struct OffsetPlaces {
  static constexpr int low(int byte) { return byte / 32 * 64 + byte % 32; }
  static constexpr int kHigh = 32;
};
struct SymmetricPlaces {
  static constexpr int low(int byte) { return byte / 64 * 128 + byte % 64; }
  static constexpr int kHigh = 64;
};

// Scales and mins of q4_k and q5_k. Eight scales stand in every 16 bytes.
struct OffsetScales {
  static constexpr int kMinVectors = kLanes < 8 ? 8 / kLanes : 1;
  WordsVec scales;
  Vec mins[kMinVectors];  // times -dmin
  float d;

  template <typename Block>
  JANUS_INLINE OffsetScales load(const Block& block) {
    uint32_t a, b, c;
    __builtin_memcpy(&a, block.scales, 4);
    __builtin_memcpy(&b, block.scales + 4, 4);
    __builtin_memcpy(&c, block.scales + 8, 4);
    const uint64_t low_scales = a & 0x3F3F3F3FU, low_mins = b & 0x3F3F3F3FU;
    const uint64_t high_scales = (c & 0x0F0F0F0FU) | (a >> 2 & 0x30303030U);
    const uint64_t high_mins = (c >> 4 & 0x0F0F0F0FU) | (b >> 2 & 0x30303030U);
    OffsetScales result;
    const EightWords words = widen_eight(low_scales | high_scales << 32);
    result.scales = alternate(words, words);
    result.d = widen_f16(block.d);
    const uint64_t mins = low_mins | high_mins << 32;
    const Vec dmin = splat(-widen_f16(block.dmin));
#if defined(__AVX512F__)
    // (g++ 12 warns of the intrinsic without a mask.)
    const __m128i bytes = _mm_cvtsi64_si128(static_cast<long long>(mins));
    result.mins[0] = to_float(bit_cast<IntVec>(_mm512_maskz_cvtepu8_epi32(0xFFFF, bytes))) * dmin;
#elif defined(__AVX2__)
    result.mins[0] =
        to_float(bit_cast<IntVec>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(mins))))) *
        dmin;
#else
    for (int i = 0; i < 8; ++i)
      result.mins[i / kLanes][i % kLanes] = static_cast<float>(mins >> 8 * i & 0xFF);
    for (Vec& min : result.mins) min *= dmin;
#endif
    return result;
  }

  // The scale of every word of a chunk.
  template <int kChunk, int kHigh>
  __attribute__((always_inline)) WordsVec of() const {
    return pick_words(scales, scales, [](int lane) {
      return lane / 8 * 8 + (OffsetPlaces::low(kChunk * kChunkBytes + 2 * lane) / 32 + kHigh);
    });
  }
};

// Scales of q6_k: those of even parts in every first 8 words, those of odd parts in every second.
struct SymmetricScales {
  static constexpr int kMinVectors = 0;
  WordsVec scales[kLanes < 8 ? 2 : 1];
  float d;

  JANUS_INLINE SymmetricScales load(const BlockQ6_K& block) {
    SymmetricScales result;
    const auto pairs = load_as<EightWords>(block.scales);
    const EightWords even = pairs << 8 >> 8, odd = pairs >> 8;
    result.scales[0] = alternate(even, odd);
    if constexpr (kLanes < 8) result.scales[1] = alternate(odd, even);
    result.d = widen_f16(block.d);
    return result;
  }

  template <int kChunk, int kHigh>
  static constexpr int part(int lane) {
    return (SymmetricPlaces::low(kChunk * kChunkBytes + 2 * lane) + kHigh * SymmetricPlaces::kHigh) / 16;
  }
  template <int kChunk, int kHigh>
  __attribute__((always_inline)) WordsVec of() const {
    const WordsVec from = scales[kLanes < 8 ? part<kChunk, kHigh>(0) % 2 : 0];
    return pick_words(from, from, [](int lane) { return lane / 8 * 8 + part<kChunk, kHigh>(lane) / 2; });
  }
};

template <typename Block>
struct Unpack;

template <>
struct Unpack<BlockQ4_K> {
  using Places = OffsetPlaces;
  using Scales = OffsetScales;
  static constexpr int kLargest = 15 * 63;  // number times scale

  template <int kChunk>
  JANUS_INLINE void numbers(const BlockQ4_K& block, WordsVec (&words)[4]) {
    const auto bits = load_as<BitsVec>(block.q + kChunk * kChunkBytes);
    split_bytes(bits & 0x0F0F, bits >> 4 & 0x0F0F, words);
  }
};

template <>
struct Unpack<BlockQ5_K> {
  using Places = OffsetPlaces;
  using Scales = OffsetScales;
  static constexpr int kLargest = 31 * 63;

  template <int kChunk>
  JANUS_INLINE void numbers(const BlockQ5_K& block, WordsVec (&words)[4]) {
    const auto bits = load_as<BitsVec>(block.q + kChunk * kChunkBytes);
    // Bit j belongs to part j; 2 * (byte / 32) is the part of a byte's low half. Both go to bit 4.
    const BitsVec high = load_high(block.high, kChunk);
    const BitsVec wide_low =
        high << by_place<kChunk>([](int byte) { return byte < 64 ? 4 - byte / 32 * 2 : 0; }) >>
        by_place<kChunk>([](int byte) { return byte < 64 ? 0 : byte / 32 * 2 - 4; });
    const BitsVec wide_high =
        high << by_place<kChunk>([](int byte) { return byte < 64 ? 3 - byte / 32 * 2 : 0; }) >>
        by_place<kChunk>([](int byte) { return byte < 64 ? 0 : byte / 32 * 2 - 3; });
    split_bytes((bits & 0x0F0F) | (wide_low & 0x1010), (bits >> 4 & 0x0F0F) | (wide_high & 0x1010), words);
  }

  // The 32 bytes of `high`, or the half that a short chunk needs, as often as they fit.
  JANUS_INLINE BitsVec load_high(const uint8_t* high, int chunk) {
#if defined(__AVX512F__)
    static_cast<void>(chunk);
    return bit_cast<BitsVec>(_mm512_maskz_broadcast_i64x4(0xFF, load_as<__m256i>(high)));
#else
    return load_as<BitsVec>(high + chunk * kChunkBytes % 32);
#endif
  }
};

template <>
struct Unpack<BlockQ6_K> {
  using Places = SymmetricPlaces;
  using Scales = SymmetricScales;
  static constexpr int kLargest = 32 * 128;

  template <int kChunk>
  JANUS_INLINE void numbers(const BlockQ6_K& block, WordsVec (&words)[4]) {
    const auto bits = load_as<BitsVec>(block.low + kChunk * kChunkBytes);
    // Two bits each for l, l + 32, l + 64, l + 96 of every 128 numbers; they go to bits 4 and 5.
    const BitsVec high = Unpack<BlockQ5_K>::load_high(block.high + kChunk * kChunkBytes / 64 * 32, kChunk);
    const BitsVec wide_low = high << by_place<kChunk>([](int byte) { return 4 - byte % 64 / 32 * 2; });
    const BitsVec wide_high = high >> by_place<kChunk>([](int byte) { return byte % 64 / 32 * 2; });
    split_bytes((bits & 0x0F0F) | (wide_low & 0x3030), (bits >> 4 & 0x0F0F) | (wide_high & 0x3030), words);
    for (WordsVec& word : words) word -= 32;
  }
};

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
