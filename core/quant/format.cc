#include "core/quant/format.h"

#include <array>
#include <cassert>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/base/half.h"
#include "core/quant/blocks.h"
#include "core/quant/search.h"

namespace janus {
namespace {

constexpr float kAny = std::numeric_limits<float>::infinity();
constexpr float kLargestF16 = 65504.0F;

template <typename Block>
void quantize(const float* from, int64_t count, std::byte* to) {
  for (int64_t i = 0; i < count; i += Block::kSize, to += sizeof(Block)) {
    Block block{};
    quantize_block(from + i, block);
    std::memcpy(to, &block, sizeof block);
  }
}

template <typename Block>
void dequantize(const std::byte* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; i += Block::kSize, from += sizeof(Block)) {
    Block block;
    std::memcpy(&block, from, sizeof block);
    dequantize_block(block, to + i);
  }
}

// The searches' own namespace, whose code every instruction set has once more.
template <typename Block>
void search(const float* from, int64_t count, std::byte* to) {
  quant_search::quantize<Block>(from, count, to);
}

void copy_to(const float* from, int64_t count, std::byte* to) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}
void copy_from(const std::byte* from, int64_t count, float* to) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

template <uint16_t (*kRound)(float)>
void to_halves(const float* from, int64_t count, std::byte* to) {
  auto* halves = reinterpret_cast<uint16_t*>(to);
  for (int64_t i = 0; i < count; ++i) halves[i] = kRound(from[i]);
}
template <float (*kWiden)(uint16_t)>
void from_halves(const std::byte* from, int64_t count, float* to) {
  const auto* halves = reinterpret_cast<const uint16_t*>(from);
  for (int64_t i = 0; i < count; ++i) to[i] = kWiden(halves[i]);
}

// The row of a block format, with what its struct says.
template <DType kType>
constexpr Format of_blocks(Format row) {
  row.dtype = kType;
  row.block = Block<kType>::kSize;
  row.block_bytes = sizeof(Block<kType>);
  row.alignment = alignof(Block<kType>);
  row.dequantize = dequantize<Block<kType>>;
  return row;
}

constexpr std::array kFormats = {
    Format{.dtype = DType::f32,
           .name = "f32",
           .block_bytes = 4,
           .alignment = 4,
           .ggml_name = "F32",
           .ggml_type = 0,
           .ggml_file_type = 0,
           .largest = kAny,
           .quantize = copy_to,
           .dequantize = copy_from},
    Format{.dtype = DType::f16,
           .name = "f16",
           .block_bytes = 2,
           .alignment = 2,
           .ggml_name = "F16",
           .ggml_type = 1,
           .ggml_file_type = 1,
           .largest = kAny,
           .quantize = to_halves<to_f16>,
           .dequantize = from_halves<from_f16>},
    Format{.dtype = DType::bf16,
           .name = "bf16",
           .block_bytes = 2,
           .alignment = 2,
           .ggml_name = "BF16",
           .ggml_type = 30,
           .ggml_file_type = 32,
           .largest = kAny,
           .quantize = to_halves<to_bf16>,
           .dequantize = from_halves<from_bf16>},
    Format{.dtype = DType::i32, .name = "i32", .block_bytes = 4, .alignment = 4},
    Format{.dtype = DType::u8, .name = "u8", .block_bytes = 1, .alignment = 1},
    of_blocks<DType::q8_0>({.name = "q8_0",
                            .scheme = Scheme::symmetric,
                            .ggml_name = "Q8_0",
                            .ggml_type = 8,
                            .ggml_file_type = 7,
                            .fallback = DType::f16,
                            .largest = 127 * kLargestF16,
                            .quantize = quantize<BlockQ8_0>}),
    of_blocks<DType::q6_k>({.name = "q6_k",
                            .scheme = Scheme::symmetric,
                            .ggml_name = "Q6_K",
                            .ggml_type = 14,
                            .ggml_file_type = 18,
                            .fallback = DType::q8_0,
                            .largest = kLargestF16,
                            .quantize = search<BlockQ6_K>}),
    of_blocks<DType::q5_k>({.name = "q5_k",
                            .scheme = Scheme::affine,
                            .ggml_name = "Q5_K",
                            .ggml_type = 13,
                            .ggml_file_type = 16,
                            .fallback = DType::q8_0,
                            .largest = kLargestF16,
                            .quantize = search<BlockQ5_K>}),
    of_blocks<DType::q4_k>({.name = "q4_k",
                            .scheme = Scheme::affine,
                            .ggml_name = "Q4_K",
                            .ggml_type = 12,
                            .ggml_file_type = 14,
                            .fallback = DType::q8_0,
                            .largest = kLargestF16,
                            .quantize = search<BlockQ4_K>}),
    of_blocks<DType::q4_0>({.name = "q4_0",
                            .scheme = Scheme::symmetric,
                            .ggml_name = "Q4_0",
                            .ggml_type = 2,
                            .ggml_file_type = 2,
                            .fallback = DType::f16,
                            .largest = 8 * kLargestF16,
                            .quantize = quantize<BlockQ4_0>}),
    of_blocks<DType::iq4_nl>({.name = "iq4_nl",
                              .scheme = Scheme::table,
                              .ggml_name = "IQ4_NL",
                              .ggml_type = 20,
                              .ggml_file_type = 25,
                              .fallback = DType::f16,
                              .largest = 127 * kLargestF16,
                              .quantize = search<BlockIq4Nl>}),
    of_blocks<DType::mxfp4>({.name = "mxfp4",
                             .scheme = Scheme::table,
                             .ggml_name = "MXFP4",
                             .ggml_type = 39,
                             .ggml_file_type = 38,
                             .fallback = DType::f16,
                             .largest = std::numeric_limits<float>::max(),
                             .quantize = quantize<BlockMxfp4>}),
};

// The place of a type in the table is its number.
constexpr bool in_order() {
  for (size_t i = 0; i < kFormats.size(); ++i) {
    if (static_cast<size_t>(kFormats[i].dtype) != i) return false;
  }
  return true;
}
static_assert(in_order());

template <bool kBlocksAlone>
constexpr bool is_listed(const Format& format) {
  return format.ggml_name != nullptr && (!kBlocksAlone || format.block > 1);
}
template <bool kBlocksAlone>
constexpr size_t count_listed() {
  size_t count = 0;
  for (const Format& format : kFormats) count += is_listed<kBlocksAlone>(format) ? 1 : 0;
  return count;
}
template <bool kBlocksAlone>
constexpr auto listed() {
  std::array<DType, count_listed<kBlocksAlone>()> types{};
  size_t count = 0;
  for (const Format& format : kFormats) {
    if (is_listed<kBlocksAlone>(format)) types[count++] = format.dtype;
  }
  return types;
}
constexpr auto kWeightTypes = listed<false>();
constexpr auto kBlockTypes = listed<true>();

}  // namespace

const Format& format_of(DType dtype) {
  const auto index = static_cast<size_t>(dtype);
  check(index < kFormats.size(), "element type: expected a number below {}, found {}", kFormats.size(),
        index);
  return kFormats[index];
}

const Format* format_of_ggml_type(uint32_t number) {
  for (const Format& format : kFormats) {
    if (format.ggml_name != nullptr && format.ggml_type == number) return &format;
  }
  return nullptr;
}

std::span<const DType> weight_types() { return kWeightTypes; }
std::span<const DType> block_types() { return kBlockTypes; }

size_t size_of(DType dtype) {
  assert(!is_quantized(dtype));
  return static_cast<size_t>(format_of(dtype).block_bytes);
}

size_t bytes_of(DType dtype, int64_t elements) {
  const Format& format = format_of(dtype);
  assert(elements % format.block == 0);
  return static_cast<size_t>(elements / format.block * format.block_bytes);
}

}  // namespace janus
