// One vector of floats of the instruction set this file is compiled for, and the few operations that the C++
// operators on vectors lack. Included only by the isa_*.cc files, each of which compiles all kernels of this
// folder once in a namespace of its own, JANUS_ISA, with its own flags.
//
// Nothing here may call an inline function of another header (std::min, say): its one copy in the program
// could be the one compiled for a processor that this machine is not.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define JANUS_INLINE static inline __attribute__((always_inline))

namespace janus::cpu::JANUS_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntVec __attribute__((vector_size(kLanes * 4)));
typedef uint32_t UInt32Vec __attribute__((vector_size(kLanes * 4)));
typedef uint16_t HalfVec __attribute__((vector_size(kLanes * 2)));

// Plain 16-bit floats.
struct F16 {
  uint16_t bits;
};
struct Bf16 {
  uint16_t bits;
};

// (As `Vec{} + x` it would add: -0 + 0 is not -0.)
JANUS_INLINE Vec splat(float x) {
#if defined(__AVX512F__)
  return _mm512_set1_ps(x);
#elif defined(__AVX2__)
  return _mm256_set1_ps(x);
#elif defined(__x86_64__)
  return _mm_set1_ps(x);
#else
  return Vec{x, x, x, x};
#endif
}
JANUS_INLINE IntVec splat_int(int32_t x) { return IntVec{} + x; }

template <typename To, typename From>
JANUS_INLINE To bit_cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

// Holds a value in a register that the compiler would load again for each use.
template <typename AnyVec>
JANUS_INLINE void keep(AnyVec& x) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(x));
#elif defined(__x86_64__)
  __asm__("" : "+x"(x));
#elif defined(__aarch64__)
  __asm__("" : "+w"(x));
#else
  static_cast<void>(x);
#endif
}

// a * b + c, rounded once where the instruction set can.
JANUS_INLINE Vec fma(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}

// Either keeps a NaN of `a`.
JANUS_INLINE Vec at_least(Vec a, Vec bound) { return a < bound ? bound : a; }
JANUS_INLINE Vec at_most(Vec a, Vec bound) { return a > bound ? bound : a; }

JANUS_INLINE Vec to_f32(HalfVec bits, Bf16) {
  return bit_cast<Vec>(__builtin_convertvector(bits, UInt32Vec) << 16);
}

JANUS_INLINE Vec to_f32(HalfVec bits, F16) {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtph_ps(0xFFFF, bit_cast<__m256i>(bits));  // gcc 12 warns of the plain one
#elif defined(__F16C__)
  return _mm256_cvtph_ps(bit_cast<__m128i>(bits));
#else
  // The exponent is moved to f32's place and its bias mended by a multiplication, which also turns f16's
  // subnormals into f32 numbers; infinities and NaN get the largest exponent.
  const UInt32Vec word = __builtin_convertvector(bits, UInt32Vec);
  const UInt32Vec sign = (word & 0x8000U) << 16;
  const UInt32Vec magnitude = (word & 0x7FFFU) << 13;
  const Vec scaled = bit_cast<Vec>(magnitude) * splat(0x1p112F);
  const UInt32Vec special = magnitude | 0x7F800000U;
  const UInt32Vec finite = bit_cast<UInt32Vec>(scaled);
  const IntVec is_special = bit_cast<IntVec>(magnitude) >= splat_int(0x0F800000);
  return bit_cast<Vec>((is_special ? special : finite) | sign);
#endif
}

JANUS_INLINE Vec load(const float* from) {
  Vec x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
template <typename Half>
JANUS_INLINE Vec load(const Half* from) {
  HalfVec bits;
  __builtin_memcpy(&bits, from, sizeof bits);
  return to_f32(bits, Half{});
}
JANUS_INLINE void store(float* to, Vec x) { __builtin_memcpy(to, &x, sizeof x); }

// The first `count` < kLanes lanes; zeros in the others.
JANUS_INLINE Vec load_part(const float* from, int64_t count) {
  Vec x{};
  __builtin_memcpy(&x, from, static_cast<size_t>(count) * sizeof(float));
  return x;
}
template <typename Half>
JANUS_INLINE Vec load_part(const Half* from, int64_t count) {
  HalfVec bits{};
  __builtin_memcpy(&bits, from, static_cast<size_t>(count) * sizeof(Half));
  return to_f32(bits, Half{});
}
JANUS_INLINE void store_part(float* to, Vec x, int64_t count) {
  __builtin_memcpy(to, &x, static_cast<size_t>(count) * sizeof(float));
}

// Lane i of the result is lane pick(i) of a, or lane pick(i) - kLanes of b. `pick` is a lambda without
// captures.
template <typename Pick, int... kLane>
JANUS_INLINE Vec shuffle(Vec a, Vec b, Pick, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(a, b, Pick{}(kLane)...);
}
template <typename Pick>
JANUS_INLINE Vec shuffle(Vec a, Vec b, Pick pick) {
  return shuffle(a, b, pick, std::make_integer_sequence<int, kLanes>());
}

// Sum of the lanes, always in the same order.
template <int kDistance = kLanes / 2>
JANUS_INLINE float sum(Vec x) {
  if constexpr (kDistance == 0) {
    return x[0];
  } else {
    return sum<kDistance / 2>(x + shuffle(x, x, [](int lane) { return lane ^ kDistance; }));
  }
}

// A NaN anywhere makes some later comparison or sum NaN; here it may be lost.
JANUS_INLINE float largest(Vec x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int i = 1; i < kLanes; ++i) lanes[0] = lanes[i] > lanes[0] ? lanes[i] : lanes[0];
  return lanes[0];
}

// Calls body(i, count) for vectors at i = 0, kLanes, ..; count < kLanes only for the last one.
template <typename Body>
JANUS_INLINE void for_each_vector(int64_t size, Body body) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) body(i, int64_t{kLanes});
  if (i < size) body(i, size - i);
}
template <typename T>
JANUS_INLINE Vec load_up_to(const T* from, int64_t count) {
  return count == kLanes ? load(from) : load_part(from, count);
}
JANUS_INLINE void store_up_to(float* to, Vec x, int64_t count) {
  if (count == kLanes) {
    store(to, x);
  } else {
    store_part(to, x, count);
  }
}

// e^x to 1 ulp in the normal range; 0 below -87.3, infinity above 88.7, NaN for NaN.
JANUS_INLINE Vec exp(Vec x) {
  const Vec low = splat(-87.33654F), high = splat(88.72283F);
  const Vec inside = at_most(at_least(x, low), high);
  // Adding 1.5 * 2^23 rounds to the nearest whole number, which then stands in the low bits.
  const Vec shifted = fma(inside, splat(1.44269504F), splat(12582912.0F));
  const Vec whole = shifted - splat(12582912.0F);
  Vec rest = fma(whole, splat(-0.693359375F), inside);
  rest = fma(whole, splat(2.12194440e-4F), rest);
  Vec y = splat(1.98412698e-4F);
  y = fma(y, rest, splat(1.38888889e-3F));
  y = fma(y, rest, splat(8.33333333e-3F));
  y = fma(y, rest, splat(4.16666667e-2F));
  y = fma(y, rest, splat(1.66666667e-1F));
  y = fma(y, rest, splat(0.5F));
  y = fma(y, rest * rest, rest) + splat(1.0F);
  // 2^128 is no f32, so the largest power is applied in two steps.
  const IntVec power = bit_cast<IntVec>(shifted) - bit_cast<IntVec>(splat(12582912.0F));
  const IntVec half = power >> 1;
  const Vec first = bit_cast<Vec>((half + 127) << 23);
  const Vec second = bit_cast<Vec>((power - half + 127) << 23);
  y = y * first * second;
  y = x < low ? Vec{} : y;
  return x > high ? splat(__builtin_inff()) : y;
}

// The error function to 1 ulp (the two polynomials are Norbert Juffa's, stackoverflow.com/a/35148199).
JANUS_INLINE Vec erf(Vec x) {
  const Vec size = x < Vec{} ? -x : x;
  const Vec square = x * x;
  Vec r = fma(splat(-1.72853470e-5F), size, splat(3.83197126e-4F));
  const Vec u = fma(splat(-3.88396438e-3F), size, splat(2.42546219e-2F));
  r = fma(r, square, u);
  r = fma(r, size, splat(-1.06777877e-1F));
  r = fma(r, size, splat(-6.34846687e-1F));
  r = fma(r, size, splat(-1.28717512e-1F));
  r = fma(r, size, -size);
  const Vec tail = splat(1.0F) - exp(r);
  const Vec large = x < Vec{} ? -tail : tail;
  Vec s = splat(-5.96761703e-4F);
  s = fma(s, square, splat(4.99119423e-3F));
  s = fma(s, square, splat(-2.67681349e-2F));
  s = fma(s, square, splat(1.12819925e-1F));
  s = fma(s, square, splat(-3.76125336e-1F));
  s = fma(s, square, splat(1.28379166e-1F));
  const Vec small = fma(s, x, x);
  return size > splat(0.927734375F) ? large : small;
}

JANUS_INLINE Vec sigmoid(Vec x) { return splat(1.0F) / (splat(1.0F) + exp(-x)); }

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
