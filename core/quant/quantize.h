// Weights from and to every type that they may be stored in (core/quant/format.h), through the same two
// functions.
#pragma once

#include "core/quant/format.h"

namespace janus {

// The type for rows of `length` elements where `wanted` is asked for: itself where whole blocks fit, else
// what its row of the table falls back to. Never smaller than `wanted`.
DType type_for_rows(DType wanted, int64_t length);

// Throws Error for an element that `type` has no place for: infinite, not a number, or so large that a
// block's factors would be. (f32, f16 and bf16 have a place for all.)
void check_quantizable(DType type, const float* from, int64_t count);

// `count` elements, whole blocks, to `type`. f16 and bf16 round to nearest even. q8_0 rounds to the nearest
// multiple of a 127th of the block's largest, as ggml does; so do q4_0, of an eighth, and mxfp4, whose scale
// is a power of two. The *_k and iq4_nl search for the scales that leave the smallest squared error. The same
// elements give the same bytes on every machine. Throws as check_quantizable.
void quantize(DType type, const float* from, int64_t count, std::byte* to);

// `count` elements, whole blocks, of `type` as f32. Any bytes are valid.
void dequantize(DType type, const std::byte* from, int64_t count, float* to);

}  // namespace janus
