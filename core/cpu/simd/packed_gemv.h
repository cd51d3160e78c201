// Products of a few rows with packed weights (core/cpu/packed_blocks.h).
//
// Activations are int16 as in block_gemv.h, taken apart into a high and a low byte: w (256
// high + low). One instruction multiplies four of these bytes of an activation row, broadcast, with the
// elements of kLanes weight rows, and adds the products in the lane of each, exactly. So 16 or 32 elements
// cost a row their products and, once, a shift, a conversion and a multiplication with their scale; the sums
// of all weight rows stay in one register, and the blocks are read one after the other.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/packed_weights.h"

#if defined(JANUS_HAS_PACKED)

namespace janus::cpu::JANUS_ISA {
namespace {

// -- activations ------------------------------------------------------------------------------------------

// The largest integer of an activation: its high byte, rounded, is at most 127.
constexpr float kLargestInt16 = 32639.0F;

// 256 activations of a row, the same for every format; of R rows they lie beside each other. The starts are
// what the sums of products of biased elements begin with: of q8_0 for every 32, of q6_k for every 16, where
// every other one stands four times too large.
struct alignas(64) Int8Activations {
  int8_t bytes[8][2][32];  // of every 32 the high bytes, then the low ones
  int32_t starts_q8[8];
  int32_t starts_q6[16];
  float sums[8];  // of the integers of every 32
  float factor;
};
static_assert(sizeof(Int8Activations) <= kSuperBlock * sizeof(float));  // gemv_floats

JANUS_INLINE IntVec round_to_int(Vec x) {
#if defined(__AVX512F__)
  return bit_cast<IntVec>(_mm512_maskz_cvtps_epi32(0xFFFF, x));
#else
  return bit_cast<IntVec>(_mm256_cvtps_epi32(x));
#endif
}

// The low byte of each lane.
JANUS_INLINE void store_int8(int8_t* to, IntVec x) {
  typedef int8_t Int8Vec __attribute__((vector_size(kLanes)));
  const auto bytes = __builtin_convertvector(x, Int8Vec);
  __builtin_memcpy(to, &bytes, sizeof bytes);
}

// 256 activations. NaN or infinity: a factor NaN.
JANUS_INLINE void pack_int8_block(const float* x, Int8Activations& to) {
  Vec top{}, nothing{};
  for (int i = 0; i < kSuperBlock; i += kLanes) {
    const Vec v = load(x + i);
    top = at_least(top, v < Vec{} ? -v : v);
    nothing += v * 0.0F;
  }
  const float size = largest(top);
  const Vec inverse = splat(size < 1e-30F ? 0.0F : kLargestInt16 / size);
  for (int i = 0; i < kSuperBlock; i += kLanes) {
    const IntVec word = round_to_int(load(x + i) * inverse);
    store_int8(to.bytes[i / 32][0] + i % 32, (word + 128) >> 8);
    store_int8(to.bytes[i / 32][1] + i % 32, word);
  }
  int32_t fours[8][2][8];
  for (int i = 0; i < 2 * kSuperBlock; i += 4 * kLanes) {
    const IntVec total =
        add_byte_products(splat_int(0x01010101), load_as<IntVec>(to.bytes[0][0] + i), IntVec{});
    __builtin_memcpy(fours[0][0] + i / 4, &total, sizeof total);
  }
  for (int part = 0; part < 8; ++part) {
    const int32_t(&high)[8] = fours[part][0], (&low)[8] = fours[part][1];
    const int32_t first = 256 * (high[0] + high[1] + high[2] + high[3]) + low[0] + low[1] + low[2] + low[3];
    const int32_t second = 256 * (high[4] + high[5] + high[6] + high[7]) + low[4] + low[5] + low[6] + low[7];
    to.starts_q6[2 * part] = -32 * first;
    to.starts_q6[2 * part + 1] = -128 * second;
    to.starts_q8[part] = -128 * (first + second);
    to.sums[part] = static_cast<float>(first + second);
  }
  to.factor = size / kLargestInt16 + sum(nothing);
}

void pack_int8_rows(const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  auto* to = reinterpret_cast<Int8Activations*>(packed);
  for (int64_t k = 0; k < depth; k += kSuperBlock) {
    for (int r = 0; r < rows; ++r) pack_int8_block(x + r * x_stride + k, *to++);
  }
}

// -- products ---------------------------------------------------------------------------------------------

// Activation rows whose sums have room in the registers, and with them those of their products with a part.
constexpr int kPackedRowsAtOnce = kLanes == 16 ? 8 : 4;

template <typename Packed>
JANUS_INLINE int32_t start_of(const Int8Activations& x, int part) {
  using Format = PackedFormat<Packed>;
  if constexpr (Format::kPart == 16) {
    return x.starts_q6[part];
  } else {
    // They are minus the sum times 128, a power of two more than the part's bias asks for.
    constexpr int kEven = __builtin_ctz(128 / Format::kBias);
    constexpr int kOdd = __builtin_ctz(128 / (Format::kBias * Format::kHigh));
    return x.starts_q8[part] >> (part % 2 == 0 ? kEven : kOdd);
  }
}

// The integer sums of the products of part 2 * pair + kOdd, or of that and the next one, with R activation
// rows.
template <typename Packed, int kOdd, int P, int R>
JANUS_INLINE void part_dots(const Packed& block, int pair, int first, const Int8Activations* x,
                            IntVec (&integers)[P][R]) {
  using Format = PackedFormat<Packed>;
  const int part = 2 * pair + kOdd;
  IntVec sums[2][P][R] = {};  // of the high bytes, of the low ones
#pragma GCC unroll 8
  for (int v = 0; v < Format::kPart / 4; ++v) {
    PackedPair stored = Format::load(block, pair, v, first);
    if constexpr (P == 2) keep(stored.low);
    const auto add_part = [&]<int kNext>() __attribute__((always_inline)) {
      const IntVec elements = Format::template elements<kOdd + kNext>(stored, pair);
      const int place = (part + kNext) * Format::kPart;
#pragma GCC unroll 2
      for (int low = 0; low < 2; ++low) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          IntVec& sum = sums[low][kNext][r];
          sum =
              add_byte_products(elements, spread_four(x[r].bytes[place / 32][low] + place % 32 + 4 * v), sum);
        }
      }
    };
    add_part.template operator()<0>();
    if constexpr (P == 2) add_part.template operator()<1>();
  }
#pragma GCC unroll 2
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      integers[p][r] = shift_left(sums[0][p][r], 8) + sums[1][p][r];
      if constexpr (Format::kBias != 0) integers[p][r] += splat_int(start_of<Packed>(x[r], part + p));
    }
  }
}

// How far before their use blocks are fetched.
constexpr int64_t kPackedAhead = 8192;  // bytes

// Part `step` of `steps` of a block that comes later. (All lines at once would fill the queue of misses, and
// activations would wait behind them.)
template <typename Packed>
JANUS_INLINE void fetch_ahead(const Packed& block, int step, int steps) {
  constexpr int kLines = static_cast<int>((sizeof(Packed) + 63) / 64);
  const char* from = reinterpret_cast<const char*>(&block) + kPackedAhead;
  for (int line = kLines * step / steps; line < kLines * (step + 1) / steps; ++line) {
    __builtin_prefetch(from + 64 * line, 0, 2);
  }
}

// Adds the dot products of 256 elements of kLanes weight rows, from row `first` of the block on, with R rows.
template <typename Packed, int R>
JANUS_INLINE void add_packed_dots(const Packed& block, int first, const Int8Activations* x, Vec* sums) {
  using Format = PackedFormat<Packed>;
  constexpr int P = 2 * R <= kPackedRowsAtOnce ? 2 : 1;
  const PackedFactors<Packed> factors = load_factors(block, first);
  Vec totals[R] = {};
#pragma GCC unroll 1
  for (int pair = 0; pair < PackedFactors<Packed>::kParts / 2; ++pair) {
    const auto add_parts = [&]<int kOdd>() __attribute__((always_inline)) {
      if (first == 0) {
        constexpr int kSteps = PackedFactors<Packed>::kParts / P;
        fetch_ahead(block, P == 2 ? pair : 2 * pair + kOdd, kSteps);
      }
      IntVec integers[P][R];
      part_dots<Packed, kOdd, P, R>(block, pair, first, x, integers);
#pragma GCC unroll 2
      for (int p = 0; p < P; ++p) {
        const int part = 2 * pair + kOdd + p;
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          totals[r] = fma(to_float(integers[p][r]), factors.scales[part], totals[r]);
          if constexpr (Format::kHasMins) {
            totals[r] = fma(-factors.mins[part], splat(x[r].sums[part]), totals[r]);
          }
        }
      }
    };
    add_parts.template operator()<0>();
    if constexpr (P == 1) add_parts.template operator()<1>();
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) sums[r] = fma(totals[r], splat(x[r].factor), sums[r]);
}

// The dot products of R packed rows with `count` <= 16 weight rows; `weight` has their blocks.
template <typename Packed, int R>
void packed_group_dots(const Packed* weight, int count, int64_t blocks, const Int8Activations* x,
                       const float* bias, float* out, int64_t out_stride) {
  constexpr int kAtOnce = R < kPackedRowsAtOnce ? R : kPackedRowsAtOnce;
  Vec sums[kPackedRows / kLanes][R] = {};
  for (int64_t block = 0; block < blocks; ++block, ++weight, x += R) {
    for (int half = 0; half < kPackedRows / kLanes; ++half) {
      add_packed_dots<Packed, kAtOnce>(*weight, half * kLanes, x, sums[half]);
      if constexpr (R > kAtOnce) {
        add_packed_dots<Packed, R - kAtOnce>(*weight, half * kLanes, x + kAtOnce, sums[half] + kAtOnce);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int half = 0; half < kPackedRows / kLanes; ++half) {
      const int first = half * kLanes, rest = count - first < kLanes ? count - first : kLanes;
      if (rest <= 0) break;
      Vec y = sums[half][r];
      if (bias != nullptr) y += load_up_to(bias + first, rest);
      store_up_to(out + r * out_stride + first, y, rest);
    }
  }
}

template <typename Packed>
void packed_gemv(const Matrix& weight, int64_t begin, int64_t end, int64_t /*depth*/, const float* packed,
                 int rows, const float* bias, float* out, int64_t out_stride) {
  using Function =
      void (*)(const Packed*, int, int64_t, const Int8Activations*, const float*, float*, int64_t);
  static constexpr Function kByRows[kMaxGemvRows] = {
      packed_group_dots<Packed, 1>, packed_group_dots<Packed, 2>, packed_group_dots<Packed, 3>,
      packed_group_dots<Packed, 4>, packed_group_dots<Packed, 5>, packed_group_dots<Packed, 6>,
      packed_group_dots<Packed, 7>, packed_group_dots<Packed, 8>};
  const int64_t blocks = weight.stride / kSuperBlock;
  const auto* groups = static_cast<const Packed*>(weight.data) + begin / kPackedRows * blocks;
  for (int64_t f = begin; f < end; f += kPackedRows, groups += blocks) {
    const int count = static_cast<int>(end - f < kPackedRows ? end - f : kPackedRows);
    kByRows[rows - 1](groups, count, blocks, reinterpret_cast<const Int8Activations*>(packed),
                      bias == nullptr ? nullptr : bias + f, out + f, out_stride);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // JANUS_HAS_PACKED
