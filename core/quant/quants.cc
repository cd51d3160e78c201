#include "core/quant/quants.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/half.h"
#include "core/quant/block_formats.h"
#include "core/quant/quant_search.h"

namespace janus {
namespace {

constexpr float kLargestF16 = 65504.0F;

void quantize_q8_0(const float* from, int64_t count, std::byte* to) {
  for (int64_t i = 0; i < count; i += BlockQ8_0::kSize, to += sizeof(BlockQ8_0)) {
    float largest = 0.0F;
    for (int j = 0; j < BlockQ8_0::kSize; ++j) largest = std::max(largest, std::abs(from[i + j]));
    const float d = largest / 127;
    const float inverse = d == 0.0F ? 0.0F : 1.0F / d;
    BlockQ8_0 block{};
    block.d = to_f16(d);
    for (int j = 0; j < BlockQ8_0::kSize; ++j) {
      // Halves away from zero, as std::round, which no compiler makes vectors of. (Beyond 127 only where the
      // block is so small that `inverse` is infinite.)
      const float size = std::min(std::abs(from[i + j] * inverse), 127.0F);
      const int whole = static_cast<int>(size);
      const int rounded = whole + static_cast<int>(2 * (size - static_cast<float>(whole)));
      block.q[j] = static_cast<int8_t>(from[i + j] < 0.0F ? -rounded : rounded);
    }
    std::memcpy(to, &block, sizeof block);
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
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 ||
         (is_quantized(dtype) && !in_lanes(dtype));
}

void check_quantizable(DType type, const float* from, int64_t count) {
  if (!is_quantized(type)) return;
  const float largest = type == DType::q8_0 ? 127 * kLargestF16 : kLargestF16;
  bool all = true;
  for (int64_t i = 0; i < count; ++i) all &= std::abs(from[i]) <= largest;
  if (all) return;
  for (int64_t i = 0; i < count; ++i) {
    check(std::abs(from[i]) <= largest, "a number of a weight: expected at most {} for {}, found {}", largest,
          name_of(type), from[i]);
  }
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
      check_quantizable(type, from, count);
      quantize_q8_0(from, count, to);
      break;
    case DType::q6_k:
    case DType::q5_k:
    case DType::q4_k:
      check_quantizable(type, from, count);
      quant_search::quantize(type, from, count, to);
      break;
    default:
      break;  // check_count refuses the others
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
    default:
      break;
  }
}

}  // namespace janus
