#include "core/quants.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/block_formats.h"
#include "core/error.h"
#include "core/half.h"
#include "core/quant_search.h"

namespace janus {
namespace {

constexpr float kLargestF16 = 65504.0F;

// -- numbers to blocks ------------------------------------------------------------------------------------

void check_representable(DType type, const float* from, int size, float largest) {
  for (int i = 0; i < size; ++i) {
    check(std::abs(from[i]) <= largest, "quantize: expected numbers up to {} for {}, found {}", largest,
          name_of(type), from[i]);
  }
}

void quantize_q8_0(const float* from, BlockQ8_0& block) {
  check_representable(DType::q8_0, from, BlockQ8_0::kSize, 127 * kLargestF16);
  float largest = 0.0F;
  for (int i = 0; i < BlockQ8_0::kSize; ++i) largest = std::max(largest, std::abs(from[i]));
  const float d = largest / 127;
  const float inverse = d == 0.0F ? 0.0F : 1.0F / d;
  block.d = to_f16(d);
  for (int i = 0; i < BlockQ8_0::kSize; ++i) {
    // Halves away from zero; at most 127, unless the block is so small that `inverse` is infinite.
    const float rounded = std::round(from[i] * inverse);
    block.q[i] = static_cast<int8_t>(std::clamp(rounded, -127.0F, 127.0F));
  }
}

template <typename Block, typename Quantize>
void quantize_blocks(DType type, const float* from, int64_t count, std::byte* to, Quantize quantize_block) {
  for (int64_t i = 0; i < count; i += Block::kSize, to += sizeof(Block)) {
    if (type != DType::q8_0) check_representable(type, from + i, Block::kSize, kLargestF16);
    Block block{};
    quantize_block(from + i, block);
    std::memcpy(to, &block, sizeof block);
  }
}

// -- blocks to numbers ------------------------------------------------------------------------------------

void dequantize_block(const BlockQ8_0& block, float* to) {
  const float d = from_f16(block.d);
  for (int i = 0; i < BlockQ8_0::kSize; ++i) to[i] = static_cast<float>(block.q[i]) * d;
}

// number(j, l) is q of number l of part j.
template <typename Block, typename Number>
void dequantize_parts(const Block& block, float* to, Number number) {
  uint8_t scales[8], mins[8];
  unpack_scales(block.scales, scales, mins);
  const float d = from_f16(block.d), dmin = from_f16(block.dmin);
  for (int j = 0; j < 8; ++j) {
    const float scale = d * static_cast<float>(scales[j]), min = dmin * static_cast<float>(mins[j]);
    for (int l = 0; l < 32; ++l) to[32 * j + l] = scale * static_cast<float>(number(j, l)) - min;
  }
}

void dequantize_block(const BlockQ4_K& block, float* to) {
  dequantize_parts(block, to, [&](int j, int l) { return block.q[j / 2 * 32 + l] >> j % 2 * 4 & 15; });
}

void dequantize_block(const BlockQ5_K& block, float* to) {
  dequantize_parts(block, to, [&](int j, int l) {
    return (block.q[j / 2 * 32 + l] >> j % 2 * 4 & 15) | (block.high[l] >> j & 1) << 4;
  });
}

void dequantize_block(const BlockQ6_K& block, float* to) {
  const float d = from_f16(block.d);
  for (int i = 0; i < BlockQ6_K::kSize; ++i) {
    const int half = i / 128, l = i % 128;
    const int low = block.low[64 * half + l % 64] >> l / 64 * 4 & 15;
    const int high = block.high[32 * half + l % 32] >> l / 32 * 2 & 3;
    const float scale = d * static_cast<float>(block.scales[i / 16]);
    to[i] = scale * static_cast<float>((low | high << 4) - 32);
  }
}

template <typename Block>
void dequantize_blocks(const std::byte* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; i += Block::kSize, from += sizeof(Block)) {
    Block block;
    std::memcpy(&block, from, sizeof block);
    dequantize_block(block, to + i);
  }
}

void check_count(const char* what, DType type, int64_t count) {
  check(is_weight_type(type) && count >= 0 && count % traits_of(type).block == 0,
        "{}: expected a weight type and whole blocks of it, found {} numbers of {}", what, count,
        name_of(type));
}

}  // namespace

bool is_weight_type(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || is_quantized(dtype);
}

DType type_for_rows(DType wanted, int64_t length) {
  if (length % traits_of(wanted).block == 0) return wanted;
  return length % BlockQ8_0::kSize == 0 ? DType::q8_0 : DType::f16;
}

void quantize(DType type, const float* from, int64_t count, std::byte* to) {
  check_count("quantize", type, count);
  auto* halves = reinterpret_cast<uint16_t*>(to);
  switch (type) {
    case DType::f32:
      std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
      break;
    case DType::f16:
      for (int64_t i = 0; i < count; ++i) halves[i] = to_f16(from[i]);
      break;
    case DType::bf16:
      for (int64_t i = 0; i < count; ++i) halves[i] = to_bf16(from[i]);
      break;
    case DType::q8_0:
      quantize_blocks<BlockQ8_0>(type, from, count, to, quantize_q8_0);
      break;
    case DType::q6_k:
      quantize_blocks<BlockQ6_K>(type, from, count, to, quant_search::quantize_q6_k);
      break;
    case DType::q5_k:
      quantize_blocks<BlockQ5_K>(type, from, count, to, quant_search::quantize_q5_k);
      break;
    case DType::q4_k:
      quantize_blocks<BlockQ4_K>(type, from, count, to, quant_search::quantize_q4_k);
      break;
    case DType::i32:
    case DType::u8:
      break;  // check_count refuses them
  }
}

void dequantize(DType type, const std::byte* from, int64_t count, float* to) {
  check_count("dequantize", type, count);
  const auto* halves = reinterpret_cast<const uint16_t*>(from);
  switch (type) {
    case DType::f32:
      std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
      break;
    case DType::f16:
      for (int64_t i = 0; i < count; ++i) to[i] = from_f16(halves[i]);
      break;
    case DType::bf16:
      for (int64_t i = 0; i < count; ++i) to[i] = from_bf16(halves[i]);
      break;
    case DType::q8_0:
      dequantize_blocks<BlockQ8_0>(from, count, to);
      break;
    case DType::q6_k:
      dequantize_blocks<BlockQ6_K>(from, count, to);
      break;
    case DType::q5_k:
      dequantize_blocks<BlockQ5_K>(from, count, to);
      break;
    case DType::q4_k:
      dequantize_blocks<BlockQ4_K>(from, count, to);
      break;
    case DType::i32:
    case DType::u8:
      break;
  }
}

}  // namespace janus
