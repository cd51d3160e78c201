// All kernels of one instruction set as a table: an isa_*.cc file defines JANUS_ISA and includes this.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/attention.h"
#include "core/cpu/simd/elementwise.h"
#include "core/cpu/simd/gemm_tile.h"
#include "core/cpu/simd/hardware_peaks.h"
#include "core/cpu/simd/integer_gemm.h"
#include "core/cpu/simd/norm.h"
#include "core/cpu/simd/term_gemm.h"
#include "core/cpu/simd/weight_kernels.h"
#include "core/cpu/simd/winograd.h"

namespace janus::cpu::JANUS_ISA {

namespace {
#if defined(JANUS_HAS_TILES)
constexpr TermKernels kTermKernels = {
    .split_left_row = split_left_row, .multiply = multiply_terms, .multiply_add = multiply_add_tiles};
constexpr const TermKernels* kTerms = &kTermKernels;
#else
constexpr const TermKernels* kTerms = nullptr;
#endif
}  // namespace

extern const Kernels kKernels;
const Kernels kKernels = {
    .name = JANUS_ISA_NAME,
    .lanes = kLanes,
    .tile_rows = kTileRows,
    .tile_columns = kTileColumns,
    .weights = kWeightKernels,
    .weight_count = static_cast<int>(sizeof kWeightKernels / sizeof kWeightKernels[0]),
    .tile = tile,
    .integer_rows = kIntegerRows,
    .panel_floats = sizeof(Panel) / sizeof(float),
    .round_row = round_row,
    .terms = kTerms,
    .winograd = winograd_kernels<SameSize>(),
    .winograd_doubled = winograd_kernels<Doubled>(),
    .winograd_products = winograd_products,
    .softmax = softmax,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .channel_sums = channel_sums,
    .channel_squares = channel_squares,
    .channel_scale = channel_scale,
    .depthwise = depthwise,
    .add = add,
    .gelu_erf = gelu_erf,
    .swiglu = swiglu,
    .rope = rope,
    .read_all = read_all,
    .multiply_add = multiply_add,
    .multiply_add_bytes = multiply_add_whole<kByteProducts, add_bytes>,
    .multiply_add_int16 = multiply_add_whole<2 * kLanes, add_products>,
};

}  // namespace janus::cpu::JANUS_ISA
