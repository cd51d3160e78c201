// The block formats in the order of a warp's lanes: the same elements and scales in as many bytes as the
// blocks of core/quant/k_blocks.h, so that a warp reads whole lines of memory and finds in each register
// what mma_bf16 wants there.
//
// A panel is 8 rows by 256 elements; those of 8 rows follow each other along the depth. Lane 4g + t has, of
// each 32 elements of row g, eight: elements 8t to 8t + 8, or of q6_k, where each 16 have a scale of their
// own, 4t to 4t + 4 of both halves. They stand as pairs: 0 and 1 in the low bits of the two halves of a word,
// 2 and 3 above them, and so on.
//
// A number as stored is whole and below 256, so it is exact in bf16, and a product of 32 of them needs its
// scale once, in f32.
#pragma once

#include "core/cuda/elements.h"

namespace janus::cuda {

constexpr int kPanelDepth = 256;  // by kPanelRows
static_assert(kPackedRows % kPanelRows == 0 && kPanelDepth == kPackedDepth);

// The places in a panel, in bytes from its beginning.
template <DType kType>
struct PanelLayout;
template <>
struct PanelLayout<DType::q8_0> {  // d of each row's 8 blocks, then the elements + 128
  static constexpr int kHead = 0, kWords = 128, kBytes = 8 * 272;
};
template <>
struct PanelLayout<DType::q6_k> {  // 16 scales of each row, d of each row, low halves, high pairs of
                                   // bits
  static constexpr int kHead = 0, kFactors = 128, kWords = 144, kHigh = kWords + 1024, kBytes = 8 * 210;
};
template <>
struct PanelLayout<DType::q5_k> {  // d, dmin and the packed scales of each row, low halves, fifth bits
  static constexpr int kHead = 0, kWords = 128, kHigh = kWords + 1024, kBytes = 8 * 176;
};
template <>
struct PanelLayout<DType::q4_k> {
  static constexpr int kHead = 0, kWords = 128, kBytes = 8 * 144;
};
template <DType kType>
requires kIsNibbles<kType>
struct PanelLayout<kType> {  // the scales of each row's 8 blocks, then the places in the table
  static constexpr int kHead = 0, kWords = 64 * kScaleBytes<kType>, kBytes = 64 * sizeof(Block<kType>);
};
static_assert(PanelLayout<DType::q8_0>::kWords + 2048 == PanelLayout<DType::q8_0>::kBytes);
static_assert(PanelLayout<DType::q6_k>::kHigh + 512 == PanelLayout<DType::q6_k>::kBytes);
static_assert(PanelLayout<DType::q5_k>::kHigh + 256 == PanelLayout<DType::q5_k>::kBytes);
static_assert(PanelLayout<DType::q4_k>::kWords + 1024 == PanelLayout<DType::q4_k>::kBytes);

// Which of a row's 32 elements slot j (0 to 7) of lane 4g + t is.
template <DType kType>
__host__ __device__ constexpr int slot_element(int t, int j) {
  return kType == DType::q6_k ? j / 4 * 16 + 4 * t + j % 4 : 8 * t + j;
}

// A lane's eight elements of one 32, as read. `more`: q8_0, the second four; q6_k and q5_k, the bits above.
struct SlotWords {
  uint32_t word, more;
};

// Pair i (of 4) of the part `part` (of 8, which 32 of the 256): slots 2i and 2i + 1 in the halves of a word.
// What the compiler can know should be constants where this is called.
template <DType kType>
__device__ __forceinline__ uint32_t slot_pair(const SlotWords& slots, int part, int i) {
  if constexpr (kType == DType::q8_0) {
    return (i < 2 ? slots.word : slots.more) >> (8 * (i % 2)) & 0x00FF00FFU;
  } else {
    const uint32_t low = slots.word >> (4 * i) & 0x000F000FU;
    if constexpr (kType == DType::q5_k) {
      return low | (slots.more >> (4 * (part % 4) + i) & 0x00010001U) << 4;
    } else if constexpr (kType == DType::q6_k) {
      return low | (slots.more >> (2 * (4 * (part % 2) + i)) & 0x00030003U) << 4;
    } else {
      return low;
    }
  }
}

// What the stored number is above the one meant; not of a table's places.
template <DType kType>
constexpr int kStoredBias = kType == DType::q8_0   ? 128
                            : kType == DType::q6_k ? 32
                                                   : 0;
template <DType kType>
constexpr bool kHasMins = kType == DType::q4_k || kType == DType::q5_k;

// A pair as the two elements meant, in bf16, exactly. 0x43 on top of a byte below 128 is 128 more than it.
template <DType kType>
__device__ __forceinline__ uint32_t exact_bf16(uint32_t pair) {
  constexpr uint32_t kOne = 0x3F803F80U, kSixteen = 0x41804180U, kOf128 = 0x43004300U;
  constexpr uint32_t kMinus128 = 0xC300C300U, kMinus160 = 0xC320C320U, kMinus256 = 0xC380C380U;
  if constexpr (kType == DType::q8_0) {
    const uint32_t low = fma_bf16x2((pair & 0x000F000FU) | kOf128, kOne, kMinus256);  // less the bias
    const uint32_t high = fma_bf16x2((pair >> 4 & 0x000F000FU) | kOf128, kOne, kMinus128);
    return fma_bf16x2(high, kSixteen, low);
  } else {
    return fma_bf16x2(pair | kOf128, kOne, kType == DType::q6_k ? kMinus160 : kMinus128);
  }
}

// All four pairs of a part.
template <DType kType>
__device__ __forceinline__ void exact_pairs(const SlotWords& slots, int part, uint32_t (&pairs)[4]) {
  if constexpr (kIsNibbles<kType>) {
    table_pairs<kType>(slots.word, pairs);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) pairs[i] = exact_bf16<kType>(slot_pair<kType>(slots, part, i));
  }
}
// The element meant by a stored number.
template <DType kType>
__device__ __forceinline__ float stored_value(uint32_t number) {
  if constexpr (kIsNibbles<kType>) return table_element<kType>(number);
  return static_cast<float>(static_cast<int>(number) - kStoredBias<kType>);
}

__device__ __forceinline__ uint32_t word_of(const uint4& words, int index) {
  return index == 0 ? words.x : index == 1 ? words.y : index == 2 ? words.z : words.w;
}
__device__ __forceinline__ float float_of_byte(uint32_t word, int index) {
  return __uint_as_float((word >> (8 * index) & 255U) | 0x4B000000U) - 8388608.0F;
}

// The factors of one row's 256 elements.
template <DType kType>
struct PanelScales {
  uint4 head;
  float d;  // of q6_k

  __device__ __forceinline__ void load(const unsigned char* panel, int row) {
    using Layout = PanelLayout<kType>;
    if constexpr (kIsNibbles<kType>) {
      const auto* halves = reinterpret_cast<const uint2*>(panel + Layout::kHead) + row * kScaleBytes<kType>;
      const uint2 rest = kScaleBytes<kType> == 2 ? halves[1] : uint2{0, 0};
      head = make_uint4(halves[0].x, halves[0].y, rest.x, rest.y);
      return;
    }
    head = load_stream(panel + Layout::kHead + 16 * row);
    if constexpr (kType == DType::q6_k) {
      d = from_f16(*reinterpret_cast<const uint16_t*>(panel + Layout::kFactors + 2 * row));
    }
  }
  // The scale of part `part`, or of its half `half` where halves have their own.
  __device__ __forceinline__ float scale(int part, int half) const {
    if constexpr (kIsNibbles<kType>) {
      constexpr int kInWord = 4 / kScaleBytes<kType>;
      const uint32_t bits = word_of(head, part / kInWord) >> (8 * kScaleBytes<kType> * (part % kInWord));
      return scale_value(decltype(Block<kType>::scale){}, bits & (kScaleBytes<kType> == 2 ? 0xFFFFU : 0xFFU));
    } else if constexpr (kType == DType::q8_0) {
      return from_f16(static_cast<uint16_t>(word_of(head, part / 2) >> (16 * (part % 2))));
    } else if constexpr (kType == DType::q6_k) {
      const int index = 2 * part + half;
      const uint32_t above = (word_of(head, index / 4) ^ 0x80808080U);  // scale + 128
      return d * (float_of_byte(above, index % 4) - 128.0F);
    } else {
      return from_f16(static_cast<uint16_t>(head.x)) * float_of_byte(scales_of(part), part % 4);
    }
  }
  __device__ __forceinline__ float min(int part) const {
    return from_f16(static_cast<uint16_t>(head.x >> 16)) * float_of_byte(mins_of(part), part % 4);
  }

 private:
  // The scales of parts 0 to 4, or 4 to 8, one a byte, as unpack_scale gives them one by one.
  __device__ __forceinline__ uint32_t scales_of(int part) const {
    if (part < 4) return head.y & 0x3F3F3F3FU;
    return (head.w & 0x0F0F0F0FU) | (head.y >> 2 & 0x30303030U);
  }
  __device__ __forceinline__ uint32_t mins_of(int part) const {
    if (part < 4) return head.z & 0x3F3F3F3FU;
    return (head.w >> 4 & 0x0F0F0F0FU) | (head.z >> 2 & 0x30303030U);
  }
};

// All that a lane has of a panel.
template <DType kType>
struct PanelLane {
  static constexpr int kLoads = kType == DType::q8_0 ? 4 : 2;
  uint4 words[kLoads];
  uint4 high;  // of q6_k, and its first two of q5_k
  PanelScales<kType> scales{};

  // null: zeros.
  __device__ __forceinline__ void load(const unsigned char* panel, int lane) {
    using Layout = PanelLayout<kType>;
    if (panel == nullptr) {
      *this = {};
      return;
    }
#pragma unroll
    for (int i = 0; i < kLoads; ++i) words[i] = load_stream(panel + Layout::kWords + 512 * i + 16 * lane);
    if constexpr (kType == DType::q6_k) high = load_stream(panel + Layout::kHigh + 16 * lane);
    if constexpr (kType == DType::q5_k) {
      const uint2 bits = *reinterpret_cast<const uint2*>(panel + Layout::kHigh + 8 * lane);
      high.x = bits.x;
      high.y = bits.y;
    }
    scales.load(panel, lane / 4);
  }
  __device__ __forceinline__ SlotWords slots(int part) const {
    if constexpr (kType == DType::q8_0) {
      const uint4& four = words[part / 2];
      return {word_of(four, part % 2 * 2), word_of(four, part % 2 * 2 + 1)};
    } else {
      const uint32_t word = word_of(words[part / 4], part % 4);
      if constexpr (kType == DType::q6_k) return {word, word_of(high, part / 2)};
      if constexpr (kType == DType::q5_k) return {word, word_of(high, part / 4)};
      return {word, 0};
    }
  }
};

// Where slots of a lane stand in a panel, for reading few of them and for writing.
template <DType kType>
struct PanelPlace {
  // The word of part `part` (q8_0: the first of two), and that of the bits above.
  __host__ __device__ static constexpr int word(int lane, int part) {
    constexpr int kParts = kType == DType::q8_0 ? 2 : 4;  // in 16 bytes
    return PanelLayout<kType>::kWords + part / kParts * 512 + 16 * lane + part % kParts * (16 / kParts);
  }
  __host__ __device__ static constexpr int more(int lane, int part) {
    if constexpr (kType == DType::q8_0) return word(lane, part) + 4;
    if constexpr (kType == DType::q6_k) return PanelLayout<kType>::kHigh + 16 * lane + part / 2 * 4;
    if constexpr (kType == DType::q5_k) return PanelLayout<kType>::kHigh + 8 * lane + part / 4 * 4;
    return word(lane, part);
  }
};

// Elements k to k + 8 of row `row` of a whole matrix; k a multiple of 8 below its depth.
template <DType kType>
__device__ __forceinline__ void load_packed(const MatrixView& matrix, int64_t row, int64_t k,
                                            float (&to)[8]) {
  const auto g = static_cast<int>(row % kPanelRows), part = static_cast<int>(k % kPanelDepth) / 32;
  const int eight = static_cast<int>(k % 32) / 8;
  const unsigned char* const panel = matrix.data + row / kPanelRows * kPanelRows * matrix.row_bytes +
                                     k / kPanelDepth * PanelLayout<kType>::kBytes;
  PanelScales<kType> scales{};
  scales.load(panel, g);
  const float scale = scales.scale(part, eight / 2);
  float min = 0.0F;
  if constexpr (kHasMins<kType>) min = scales.min(part);
  const auto slots_of = [&](int t) -> SlotWords {
    using Place = PanelPlace<kType>;
    return {*reinterpret_cast<const uint32_t*>(panel + Place::word(4 * g + t, part)),
            *reinterpret_cast<const uint32_t*>(panel + Place::more(4 * g + t, part))};
  };
  constexpr bool kTwoLanes = kType == DType::q6_k;  // four elements of each
  const SlotWords first = slots_of(kTwoLanes ? eight % 2 * 2 : eight);
  const SlotWords second = kTwoLanes ? slots_of(eight % 2 * 2 + 1) : first;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int pair = kTwoLanes ? eight / 2 * 2 + i % 2 : i;
    const uint32_t elements = slot_pair<kType>(i < 2 ? first : second, part, pair);
    to[2 * i] = scale * stored_value<kType>(elements & 0xFFFFU) - min;
    to[2 * i + 1] = scale * stored_value<kType>(elements >> 16) - min;
  }
}

// The same of a matrix of any weight type and layout, zeros from its depth on.
template <DType kType, Layout kLayout>
__device__ __forceinline__ void load_elements(const MatrixView& matrix, int64_t row, int64_t k,
                                              float (&to)[8]) {
  if constexpr (kLayout == Layout::packed) {
    if (k >= matrix.depth) return zeros(to);
    load_packed<kType>(matrix, row, k, to);
  } else {
    Elements<kType>::load(matrix.data + row * matrix.row_bytes, k, matrix.depth, matrix.wide, to);
  }
}

// Calls body.template operator()<type, layout>() for those of a weight, known at run time.
template <typename Body>
void with_weight_kind(const Tensor& weight, Body body) {
  if (weight.layout() == Layout::plain) {
    return with_weight_type(weight.dtype(),
                            [&]<DType kType>() { body.template operator()<kType, Layout::plain>(); });
  }
  with_block_format(weight.dtype(),
                    [&]<DType kType>() { body.template operator()<kType, Layout::packed>(); });
}

}  // namespace janus::cuda
