// ggml's block formats, bit for bit, and the plain float types through the same two functions. All formats
// hold consecutive numbers of a row; nothing crosses a block.
//
//   type   numbers, bytes   a number is
//   q8_0   32, 34           d * q: q 8 bits, d f16
//   q6_k   256, 210         d * scale * (q - 32): q 6 bits, scale 8 bits for 16 numbers, d f16
//   q5_k   256, 176         d * scale * q - dmin * min: q 5 bits, d and dmin f16,
//                           scale and min 6 bits for 32 numbers
//   q4_k   256, 144         the same with 4 bits
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/tensor.h"

namespace janus {

// f32, f16, bf16 and the block formats: what a weight may be stored in.
bool is_weight_type(DType dtype);

// The type for rows of `length` numbers where `wanted` is asked for: itself where whole blocks fit, else q8_0
// in place of a *_k (blocks of 32), else f16. Never smaller than `wanted`.
DType type_for_rows(DType wanted, int64_t length);

// Throws Error for a number that `type` has no place for: infinite, not a number, or so large that a block's
// factors would be. (f32, f16 and bf16 have a place for all.)
void check_quantizable(DType type, const float* from, int64_t count);

// `count` numbers, whole blocks, to `type`. f16 and bf16 round to nearest even. q8_0 rounds to the nearest
// multiple of a 127th of the block's largest, as ggml does. The *_k search for the scales that leave the
// smallest squared error. The same numbers give the same bytes on every machine. Throws as
// check_quantizable.
void quantize(DType type, const float* from, int64_t count, std::byte* to);

// `count` numbers, whole blocks, of `type` as f32. Any bytes are valid.
void dequantize(DType type, const std::byte* from, int64_t count, float* to);

}  // namespace janus
