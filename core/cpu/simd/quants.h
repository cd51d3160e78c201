// Products of a few rows with weights in ggml's block formats (core/quant/block_formats.h).
//
// Activations become whole numbers of 16 bits once a row, with a factor of their own for every 256, and the
// products are exact in 32 bits from there: a dot product differs from one with f32 activations by what the
// activations lose, about 3e-5 of it. A block's whole scales are multiplied into its numbers while they are
// unpacked, once for all rows, so that a row costs nothing but the products: a number times its scale fits 13
// bits.
//
// Nothing depends on the other rows or on where a piece of work begins.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/quant_blocks.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// -- activations ------------------------------------------------------------------------------------------

// Rows of activations for one type of weight. For every 256 of depth, `words` has 256 * rows words in the
// order in which the weights unpack, `factors` what they are to be multiplied with, and `sums`, which a min
// is multiplied with, those of every 32 numbers.
struct WholeRows {
  static constexpr int kSums = kLanes < 8 ? 8 : kLanes;
  int16_t* words;
  float* factors;
  float* sums;

  WholeRows(float* memory, int64_t depth, int rows) {
    const int64_t blocks = (depth + kSuperBlock - 1) / kSuperBlock * rows;
    words = reinterpret_cast<int16_t*>(memory);
    sums = memory + blocks * (kSuperBlock / 2);
    factors = sums + blocks * kSums;
    static_assert(kSuperBlock / 2 + kSums + 1 <= kSuperBlock);  // few_rows_floats
  }
};

// `count` <= 256 numbers, then zeros, to whole numbers; returns their factor. NaN or infinity: a factor NaN.
JANUS_INLINE float round_to_words(const float* x, int64_t count, int16_t (&words)[kSuperBlock]) {
  float padded[kSuperBlock] = {};
  if (count < kSuperBlock) {
    __builtin_memcpy(padded, x, static_cast<size_t>(count) * sizeof(float));
    x = padded;
  }
  Vec top{}, nothing{};
  for (int i = 0; i < kSuperBlock; i += kLanes) {
    const Vec v = load(x + i);
    top = at_least(top, v < Vec{} ? -v : v);
    nothing += v * 0.0F;
  }
  const float size = largest(top), factor = size / 32767.0F;
  const Vec inverse = splat(size < 1e-30F ? 0.0F : 32767.0F / size);
  typedef int16_t Narrow __attribute__((vector_size(kLanes * 2)));
  for (int i = 0; i < kSuperBlock; i += kLanes) {
    // Adding 1.5 * 2^23 rounds to the nearest whole number, which then stands in the low bits.
    const IntVec whole = bit_cast<IntVec>(load(x + i) * inverse + splat(12582912.0F));
    const Narrow narrow = __builtin_convertvector(whole, Narrow);
    __builtin_memcpy(words + i, &narrow, sizeof narrow);
  }
  return factor + sum(nothing);
}

// q8_0: a step takes the numbers of kBlocksAtOnce blocks, kStepVectors vectors a row.
constexpr int kBlocksAtOnce = kLanes == 16 ? 2 : 1;
constexpr int kStepVectors = kBlocksAtOnce * 32 / kWords;

// The words in the order in which Block unpacks, rows interleaved by chunks or steps.
template <typename Block>
JANUS_INLINE void order_words(const int16_t (&words)[kSuperBlock], int row, int rows, int16_t* to) {
  if constexpr (Block::kSize == kSuperBlock) {
    using Places = typename Unpack<Block>::Places;
    for (int i = 0; i < 2 * kChunks; ++i) {
      const int chunk = i / 2, high = i % 2;
      // A vector of words has at most 32 numbers, which follow one another.
      const int16_t* from = words + high * Places::kHigh;
      const auto first = load_as<WordsVec>(from + Places::low(chunk * kChunkBytes));
      const auto second = load_as<WordsVec>(from + Places::low(chunk * kChunkBytes + kWords));
      const WordsVec even = pick_words(first, second, [](int lane) { return 2 * lane; });
      const WordsVec odd = pick_words(first, second, [](int lane) { return 2 * lane + 1; });
      int16_t* place = to + ((chunk * rows + row) * 4 + 2 * high) * kWords;
      __builtin_memcpy(place, &even, sizeof even);
      __builtin_memcpy(place + kWords, &odd, sizeof odd);
    }
  } else {
    constexpr int kStep = kBlocksAtOnce * 32;
    for (int step = 0; step < kSuperBlock / kStep; ++step) {
      int16_t* place = to + (step * rows + row) * kStep;
      const int16_t* from = words + step * kStep;
      if constexpr (kBlocksAtOnce == 1) {
        __builtin_memcpy(place, from, kStep * 2);
      } else {
        // The first halves of two blocks, then the second halves.
        for (int i = 0; i < 4; ++i) __builtin_memcpy(place + (i % 2 * 2 + i / 2) * 16, from + i * 16, 32);
      }
    }
  }
}

template <typename Block>
void pack_whole_rows(const float* x, int64_t x_stride, int64_t depth, int rows, float* memory) {
  const WholeRows packed(memory, depth, rows);
  for (int64_t k = 0, i = 0; k < depth; k += kSuperBlock) {
    const int64_t count = depth - k < kSuperBlock ? depth - k : kSuperBlock;
    for (int r = 0; r < rows; ++r, ++i) {
      int16_t words[kSuperBlock];
      packed.factors[i] = round_to_words(x + r * x_stride + k, count, words);
      order_words<Block>(words, r, rows, packed.words + (i - r) * kSuperBlock);
      float* sums = packed.sums + i * WholeRows::kSums;
      for (int j = 0; j < WholeRows::kSums; ++j) {
        int total = 0;
        for (int l = 0; j < 8 && l < 32; ++l) total += words[j * 32 + l];
        sums[j] = static_cast<float>(total) * packed.factors[i];
      }
    }
  }
}

// -- the products of 256 numbers --------------------------------------------------------------------------

// Adds the dot products of one block with R rows: `words`, `factors` and `part_sums` are theirs.
template <int R, typename Block>
JANUS_INLINE void add_dots(const Block& block, const int16_t* words, const float* factors,
                           const float* part_sums, Vec (&sums)[R]) {
  using Numbers = Unpack<Block>;
  // A lane takes 8 products a chunk, which must stay within 32 bits.
  constexpr int kRoom = static_cast<int>(INT32_MAX / (int64_t{8} * 32767 * Numbers::kLargest));
  static_assert(kRoom > 0);
  const auto scales = Numbers::Scales::load(block);
  const Vec d = splat(scales.d);
  IntVec whole[R] = {};
  const auto finish = [&]() __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      sums[r] = fma(to_float(whole[r]) * d, splat(factors[r]), sums[r]);
      whole[r] = IntVec{};
    }
  };
  const auto chunk = [&]<int kChunk>() __attribute__((always_inline)) {
    WordsVec numbers[4];
    Numbers::template numbers<kChunk>(block, numbers);
    const WordsVec low = scales.template of<kChunk, 0>(), high = scales.template of<kChunk, 1>();
    const WordsVec scaled[4] = {numbers[0] * low, numbers[1] * low, numbers[2] * high, numbers[3] * high};
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const auto x = load_as<WordsVec>(words + ((kChunk * R + r) * 4 + i) * kWords);
        whole[r] = add_products(scaled[i], x, whole[r]);
      }
    }
    if constexpr ((kChunk + 1) % kRoom == 0 || kChunk + 1 == kChunks) finish();
  };
  [&]<int... kChunk>(std::integer_sequence<int, kChunk...>) __attribute__((always_inline)) {
    (chunk.template operator()<kChunk>(), ...);
  }
  (std::make_integer_sequence<int, kChunks>());
  if constexpr (Numbers::Scales::kMinVectors > 0) {
    for (int r = 0; r < R; ++r) {
      for (int i = 0; i < Numbers::Scales::kMinVectors; ++i) {
        sums[r] = fma(scales.mins[i], load(part_sums + r * WholeRows::kSums + i * kLanes), sums[r]);
      }
    }
  }
}

// The factors of kBlocksAtOnce blocks, each in as many lanes.
JANUS_INLINE Vec load_factors(const BlockQ8_0* blocks) {
#if defined(__AVX512F__)
  const __m256i both = _mm256_mask_set1_epi16(_mm256_set1_epi16(static_cast<int16_t>(blocks[0].d)), 0xFF00,
                                              static_cast<int16_t>(blocks[1].d));
  return _mm512_maskz_cvtph_ps(0xFFFF, both);
#elif defined(__AVX2__)
  return _mm256_cvtph_ps(_mm_set1_epi16(static_cast<int16_t>(blocks[0].d)));
#else
  return splat(widen_f16(blocks[0].d));
#endif
}

template <int R>
JANUS_INLINE void add_dots(const BlockQ8_0* blocks, const int16_t* words, const float* factors,
                           Vec (&sums)[R]) {
  Vec partial[R] = {};
#pragma GCC unroll 8
  for (int step = 0; step < 8 / kBlocksAtOnce; ++step, blocks += kBlocksAtOnce) {
    WordsVec numbers[kStepVectors];
    for (int i = 0; i < kStepVectors; ++i) {
#if defined(__AVX512F__)
      const __m256i both =
          _mm256_inserti128_si256(_mm256_castsi128_si256(load_as<__m128i>(blocks[0].q + i * 16)),
                                  load_as<__m128i>(blocks[1].q + i * 16), 1);
      numbers[i] = widen_bytes(bit_cast<BytesVec>(both));
#else
      numbers[i] = widen_bytes(load_as<BytesVec>(blocks[0].q + i * kWords));
#endif
    }
    const Vec d = load_factors(blocks);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      IntVec whole{};
#pragma GCC unroll 4
      for (int i = 0; i < kStepVectors; ++i) {
        const auto x = load_as<WordsVec>(words + ((step * R + r) * kStepVectors + i) * kWords);
        whole = add_products(numbers[i], x, whole);
      }
      partial[r] = fma(to_float(whole), d, partial[r]);
    }
  }
  for (int r = 0; r < R; ++r) sums[r] = fma(partial[r], splat(factors[r]), sums[r]);
}

// -- few rows ---------------------------------------------------------------------------------------------

constexpr int kQuantGroup = 8;

// The dot products of R packed rows with `count` <= kQuantGroup weight rows, in the way of group_dots in
// matmul.h.
template <typename Block, int R>
void quant_group_dots(const uint8_t* weight, int64_t row_bytes, int count, int64_t depth, const WholeRows& x,
                      const float* bias, float* out, int64_t out_stride) {
  constexpr int kBlocks = kSuperBlock / Block::kSize;
  constexpr int64_t kBytes = kBlocks * sizeof(Block);
  Vec sums[kQuantGroup][R] = {};
  for (int64_t k = 0, i = 0; k < depth; k += kSuperBlock, i += R) {
    for (int f = 0; f < count; ++f) {
      const uint8_t* from = weight + f * row_bytes + i / R * kBytes;
      for (int64_t line = 0; line < kBytes; line += 64) {
        __builtin_prefetch(from + kQuantGroup * row_bytes + line, 0, 2);
      }
      const auto* blocks = reinterpret_cast<const Block*>(from);
      if constexpr (kBlocks == 1) {
        add_dots<R>(*blocks, x.words + i * kSuperBlock, x.factors + i, x.sums + i * WholeRows::kSums,
                    sums[f]);
      } else {
        Block padded[kBlocks];
        if (depth - k < kSuperBlock) {
          __builtin_memset(static_cast<void*>(padded), 0, sizeof padded);
          __builtin_memcpy(static_cast<void*>(padded), from, (depth - k) / Block::kSize * sizeof(Block));
          blocks = padded;
        }
        add_dots<R>(blocks, x.words + i * kSuperBlock, x.factors + i, sums[f]);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int f = 0; f < count; ++f) {
      out[r * out_stride + f] = sum(sums[f][r]) + (bias == nullptr ? 0.0F : bias[f]);
    }
  }
}

template <typename Block>
void few_rows_quantized(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed,
                        int rows, const float* bias, float* out, int64_t out_stride) {
  using Function =
      void (*)(const uint8_t*, int64_t, int, int64_t, const WholeRows&, const float*, float*, int64_t);
  static constexpr Function kByRows[kMaxFewRows] = {quant_group_dots<Block, 1>, quant_group_dots<Block, 2>,
                                                    quant_group_dots<Block, 3>, quant_group_dots<Block, 4>,
                                                    quant_group_dots<Block, 5>, quant_group_dots<Block, 6>,
                                                    quant_group_dots<Block, 7>, quant_group_dots<Block, 8>};
  const WholeRows whole(const_cast<float*>(packed), depth, rows);
  const int64_t row_bytes = weight.stride / Block::kSize * static_cast<int64_t>(sizeof(Block));
  for (int64_t f = begin; f < end; f += kQuantGroup) {
    const int count = static_cast<int>(end - f < kQuantGroup ? end - f : kQuantGroup);
    kByRows[rows - 1](static_cast<const uint8_t*>(weight.data) + f * row_bytes, row_bytes, count, depth,
                      whole, bias == nullptr ? nullptr : bias + f, out + f, out_stride);
  }
}

// -- to f32 -----------------------------------------------------------------------------------------------

template <typename Block>
void widen_blocks(const void* from, int64_t size, float* to) {
  const auto* blocks = static_cast<const uint8_t*>(from);
  for (int64_t i = 0; i < size; i += Block::kSize, blocks += sizeof(Block)) {
    Block block;
    __builtin_memcpy(&block, blocks, sizeof block);
    dequantize_block(block, to + i);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
