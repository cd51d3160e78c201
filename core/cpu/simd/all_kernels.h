// All kernels of one instruction set as a table: an isa_*.cc file defines JANUS_ISA and includes this.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/attention.h"
#include "core/cpu/simd/elementwise.h"
#include "core/cpu/simd/matmul.h"
#include "core/cpu/simd/norm.h"
#include "core/cpu/simd/probe.h"
#include "core/cpu/simd/whole_products.h"
#include "core/cpu/simd/winograd.h"
#include "core/quant/quant_search.h"

namespace janus::cpu::JANUS_ISA {

extern const Kernels kKernels;
const Kernels kKernels = {
    .name = JANUS_ISA_NAME,
    .lanes = kLanes,
    .tile_rows = kTileRows,
    .tile_columns = kTileColumns,
    .few_rows = few_rows,
    .pack_rows = pack_rows,
    .few_packed_rows = few_packed_rows,
#if defined(JANUS_HAS_LANES)
    .has_lanes = true,
    .to_lanes = to_lanes,
    .widen_lanes = widen_lanes,
#else
    .has_lanes = false,
    .to_lanes = nullptr,
    .widen_lanes = nullptr,
#endif
    .pack_transposed = pack_transposed,
    .pack = pack,
    .tile = tile,
    .whole_rows = kWholeRows,
    .panel_floats = sizeof(Panel) / sizeof(float),
    .round_row = round_row,
    .pack_panel = pack_whole_panel,
    .add_products = add_whole_products,
    .winograd = winograd_kernels<SameSize>(),
    .winograd_doubled = winograd_kernels<Doubled>(),
    .winograd_products = winograd_products,
    .softmax = softmax,
    .weighted_rows = weighted_rows,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .channel_sums = channel_sums,
    .channel_squares = channel_squares,
    .channel_scale = channel_scale,
    .add = add,
    .gelu_erf = gelu_erf,
    .swiglu = swiglu,
    .rope = rope,
    .quantize = quant_search::quantize,
    .widen = widen,
    .read_all = read_all,
    .multiply_add = multiply_add,
    .multiply_add_bytes = multiply_add_whole<kByteProducts, add_bytes>,
    .multiply_add_words = multiply_add_whole<2 * kLanes, add_products>,
};

}  // namespace janus::cpu::JANUS_ISA
