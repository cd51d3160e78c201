// The block formats in the order of a warp's lanes: the same numbers and scales in as many bytes as the
// blocks of core/quant/block_formats.h, so that a warp reads whole lines of memory and finds in each register
// what mma_bf16 wants there.
//
// A panel is 8 rows by 256 numbers; those of 8 rows follow each other along the depth. Lane 4g + t has, of
// each 32 numbers of row g, eight: numbers 8t to 8t + 8, or of q6_k, where each 16 have a scale of their own,
// 4t to 4t + 4 of both halves. They stand as pairs: 0 and 1 in the low bits of the two halves of a word, 2
// and 3 above them, and so on.
//
// A number as stored is whole and below 256, so it is exact in bf16, and a product of 32 of them needs its
// scale once, in f32.
#pragma once

#include "core/cuda/numbers.h"

namespace janus::cuda {

constexpr int kPanelRows = 8, kPanelDepth = 256;
static_assert(kLaneRows % kPanelRows == 0);

// Of a panel: where things begin, in bytes.
template <DType kType>
struct PanelLayout;
template <>
struct PanelLayout<DType::q8_0_lanes> {  // d of each row's 8 blocks, then the numbers + 128
  static constexpr DType kStored = DType::q8_0;
  static constexpr int kHead = 0, kWords = 128, kBytes = 8 * 272;
};
template <>
struct PanelLayout<DType::q6_k_lanes> {  // 16 scales of each row, d of each row, low halves, high pairs of
                                         // bits
  static constexpr DType kStored = DType::q6_k;
  static constexpr int kHead = 0, kFactors = 128, kWords = 144, kHigh = kWords + 1024, kBytes = 8 * 210;
};
template <>
struct PanelLayout<DType::q5_k_lanes> {  // d, dmin and the packed scales of each row, low halves, fifth bits
  static constexpr DType kStored = DType::q5_k;
  static constexpr int kHead = 0, kWords = 128, kHigh = kWords + 1024, kBytes = 8 * 176;
};
template <>
struct PanelLayout<DType::q4_k_lanes> {
  static constexpr DType kStored = DType::q4_k;
  static constexpr int kHead = 0, kWords = 128, kBytes = 8 * 144;
};
static_assert(PanelLayout<DType::q8_0_lanes>::kWords + 2048 == PanelLayout<DType::q8_0_lanes>::kBytes);
static_assert(PanelLayout<DType::q6_k_lanes>::kHigh + 512 == PanelLayout<DType::q6_k_lanes>::kBytes);
static_assert(PanelLayout<DType::q5_k_lanes>::kHigh + 256 == PanelLayout<DType::q5_k_lanes>::kBytes);
static_assert(PanelLayout<DType::q4_k_lanes>::kWords + 1024 == PanelLayout<DType::q4_k_lanes>::kBytes);

// Calls body.template operator()<type>() for a type in lanes.
template <typename Body>
void with_lane_type(DType type, Body body) {
  if (type == DType::q8_0_lanes) return body.template operator()<DType::q8_0_lanes>();
  if (type == DType::q6_k_lanes) return body.template operator()<DType::q6_k_lanes>();
  if (type == DType::q5_k_lanes) return body.template operator()<DType::q5_k_lanes>();
  body.template operator()<DType::q4_k_lanes>();
}

// Which of a row's 32 numbers slot j (0 to 7) of lane 4g + t is.
template <DType kType>
__host__ __device__ constexpr int slot_number(int t, int j) {
  return kType == DType::q6_k_lanes ? j / 4 * 16 + 4 * t + j % 4 : 8 * t + j;
}

// A lane's eight numbers of one 32, as read. `more`: q8_0, the second four; q6_k and q5_k, the bits above.
struct SlotWords {
  uint32_t word, more;
};

// Pair i (of 4) of the part `part` (of 8, which 32 of the 256): slots 2i and 2i + 1 in the halves of a word.
// What the compiler can know should be constants where this is called.
template <DType kType>
__device__ __forceinline__ uint32_t slot_pair(const SlotWords& slots, int part, int i) {
  if constexpr (kType == DType::q8_0_lanes) {
    return (i < 2 ? slots.word : slots.more) >> (8 * (i % 2)) & 0x00FF00FFU;
  } else {
    const uint32_t low = slots.word >> (4 * i) & 0x000F000FU;
    if constexpr (kType == DType::q5_k_lanes) {
      return low | (slots.more >> (4 * (part % 4) + i) & 0x00010001U) << 4;
    } else if constexpr (kType == DType::q6_k_lanes) {
      return low | (slots.more >> (2 * (4 * (part % 2) + i)) & 0x00030003U) << 4;
    } else {
      return low;
    }
  }
}

// What the stored number is above the one meant.
template <DType kType>
constexpr int kStoredBias = kType == DType::q8_0_lanes   ? 128
                            : kType == DType::q6_k_lanes ? 32
                                                         : 0;
template <DType kType>
constexpr bool kHasMins = kType == DType::q4_k_lanes || kType == DType::q5_k_lanes;

// A pair as the two numbers meant, in bf16, exactly. 0x43 on top of a byte below 128 is 128 more than it.
template <DType kType>
__device__ __forceinline__ uint32_t exact_bf16(uint32_t pair) {
  constexpr uint32_t kOne = 0x3F803F80U, kSixteen = 0x41804180U, kOf128 = 0x43004300U;
  constexpr uint32_t kMinus128 = 0xC300C300U, kMinus160 = 0xC320C320U, kMinus256 = 0xC380C380U;
  if constexpr (kType == DType::q8_0_lanes) {
    const uint32_t low = fma_bf16x2((pair & 0x000F000FU) | kOf128, kOne, kMinus256);  // less the bias
    const uint32_t high = fma_bf16x2((pair >> 4 & 0x000F000FU) | kOf128, kOne, kMinus128);
    return fma_bf16x2(high, kSixteen, low);
  } else {
    return fma_bf16x2(pair | kOf128, kOne, kType == DType::q6_k_lanes ? kMinus160 : kMinus128);
  }
}

__device__ __forceinline__ uint32_t word_of(const uint4& words, int index) {
  return index == 0 ? words.x : index == 1 ? words.y : index == 2 ? words.z : words.w;
}
__device__ __forceinline__ float float_of_byte(uint32_t word, int index) {
  return __uint_as_float((word >> (8 * index) & 255U) | 0x4B000000U) - 8388608.0F;
}

// The factors of one row's 256 numbers.
template <DType kType>
struct PanelScales {
  uint4 head;
  float d;  // of q6_k

  __device__ __forceinline__ void load(const unsigned char* panel, int row) {
    using Layout = PanelLayout<kType>;
    head = load_stream(panel + Layout::kHead + 16 * row);
    if constexpr (kType == DType::q6_k_lanes) {
      d = from_f16(*reinterpret_cast<const uint16_t*>(panel + Layout::kFactors + 2 * row));
    }
  }
  // Of part `part`; `half` of it, where halves have their own.
  __device__ __forceinline__ float scale(int part, int half) const {
    if constexpr (kType == DType::q8_0_lanes) {
      return from_f16(static_cast<uint16_t>(word_of(head, part / 2) >> (16 * (part % 2))));
    } else if constexpr (kType == DType::q6_k_lanes) {
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
  // Those of parts 0 to 4, or 4 to 8, one a byte, as unpack_scale has them one by one.
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
  static constexpr int kLoads = kType == DType::q8_0_lanes ? 4 : 2;
  uint4 words[kLoads];
  uint4 high;  // of q6_k, and its first two of q5_k
  PanelScales<kType> scales;

  // null: zeros.
  __device__ __forceinline__ void load(const unsigned char* panel, int lane) {
    using Layout = PanelLayout<kType>;
    if (panel == nullptr) {
      *this = {};
      return;
    }
#pragma unroll
    for (int i = 0; i < kLoads; ++i) words[i] = load_stream(panel + Layout::kWords + 512 * i + 16 * lane);
    if constexpr (kType == DType::q6_k_lanes) high = load_stream(panel + Layout::kHigh + 16 * lane);
    if constexpr (kType == DType::q5_k_lanes) {
      const uint2 bits = *reinterpret_cast<const uint2*>(panel + Layout::kHigh + 8 * lane);
      high.x = bits.x;
      high.y = bits.y;
    }
    scales.load(panel, lane / 4);
  }
  __device__ __forceinline__ SlotWords slots(int part) const {
    if constexpr (kType == DType::q8_0_lanes) {
      const uint4& four = words[part / 2];
      return {word_of(four, part % 2 * 2), word_of(four, part % 2 * 2 + 1)};
    } else {
      const uint32_t word = word_of(words[part / 4], part % 4);
      if constexpr (kType == DType::q6_k_lanes) return {word, word_of(high, part / 2)};
      if constexpr (kType == DType::q5_k_lanes) return {word, word_of(high, part / 4)};
      return {word, 0};
    }
  }
};

// Where slots of a lane stand in a panel, for reading few of them and for writing.
template <DType kType>
struct PanelPlace {
  // The word of part `part` (q8_0: the first of two), and that of the bits above.
  __host__ __device__ static constexpr int word(int lane, int part) {
    constexpr int kParts = kType == DType::q8_0_lanes ? 2 : 4;  // in 16 bytes
    return PanelLayout<kType>::kWords + part / kParts * 512 + 16 * lane + part % kParts * (16 / kParts);
  }
  __host__ __device__ static constexpr int more(int lane, int part) {
    if constexpr (kType == DType::q8_0_lanes) return word(lane, part) + 4;
    if constexpr (kType == DType::q6_k_lanes) return PanelLayout<kType>::kHigh + 16 * lane + part / 2 * 4;
    if constexpr (kType == DType::q5_k_lanes) return PanelLayout<kType>::kHigh + 8 * lane + part / 4 * 4;
    return word(lane, part);
  }
};

// Numbers k to k + 8 of row `row` of a whole matrix; k a multiple of 8 below its depth.
template <DType kType>
__device__ __forceinline__ void load_from_lanes(const MatrixView& matrix, int64_t row, int64_t k,
                                                float (&to)[8]) {
  const auto g = static_cast<int>(row % kPanelRows), part = static_cast<int>(k % kPanelDepth) / 32;
  const int eight = static_cast<int>(k % 32) / 8;
  const unsigned char* const panel = matrix.data + row / kPanelRows * kPanelRows * matrix.row_bytes +
                                     k / kPanelDepth * PanelLayout<kType>::kBytes;
  PanelScales<kType> scales;
  scales.load(panel, g);
  const float scale = scales.scale(part, eight / 2);
  float min = 0.0F;
  if constexpr (kHasMins<kType>) min = scales.min(part);
  const auto slots_of = [&](int t) -> SlotWords {
    using Place = PanelPlace<kType>;
    return {*reinterpret_cast<const uint32_t*>(panel + Place::word(4 * g + t, part)),
            *reinterpret_cast<const uint32_t*>(panel + Place::more(4 * g + t, part))};
  };
  constexpr bool kTwoLanes = kType == DType::q6_k_lanes;  // four numbers of each
  const SlotWords first = slots_of(kTwoLanes ? eight % 2 * 2 : eight);
  const SlotWords second = kTwoLanes ? slots_of(eight % 2 * 2 + 1) : first;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int pair = kTwoLanes ? eight / 2 * 2 + i % 2 : i;
    const uint32_t numbers = slot_pair<kType>(i < 2 ? first : second, part, pair);
    to[2 * i] = scale * static_cast<float>(static_cast<int>(numbers & 0xFFFFU) - kStoredBias<kType>) - min;
    to[2 * i + 1] = scale * static_cast<float>(static_cast<int>(numbers >> 16) - kStoredBias<kType>) - min;
  }
}

// The same of a matrix of any weight type, zeros from its depth on.
template <DType kType>
__device__ __forceinline__ void load_numbers(const MatrixView& matrix, int64_t row, int64_t k,
                                             float (&to)[8]) {
  if constexpr (in_lanes(kType)) {
    if (k >= matrix.depth) return zeros(to);
    load_from_lanes<kType>(matrix, row, k, to);
  } else {
    Numbers<kType>::load(matrix.data + row * matrix.row_bytes, k, matrix.depth, matrix.wide, to);
  }
}

// Calls body.template operator()<type>() for a type known at run time that a product's weight may have.
template <typename Body>
void with_product_type(DType type, Body body) {
  if (in_lanes(type)) return with_lane_type(type, body);
  with_weight_type(type, body);
}

}  // namespace janus::cuda
