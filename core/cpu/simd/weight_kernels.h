// One row a weight type and layout: which kernels it has in this instruction set.
#pragma once

#include "core/cpu/simd/attention.h"
#include "core/cpu/simd/block_gemv.h"
#include "core/cpu/simd/elementwise.h"
#include "core/cpu/simd/float_gemv.h"
#include "core/cpu/simd/gemm_tile.h"
#include "core/cpu/simd/integer_gemm.h"
#include "core/cpu/simd/packed_gemv.h"
#include "core/cpu/simd/term_gemm.h"
#include "core/cpu/simd/tile_gemv.h"
#include "core/cpu/simd/tile_packed_gemv.h"
#include "core/quant/search.h"

namespace janus::cpu::JANUS_ISA {
namespace {

template <typename T>
constexpr WeightKernels of_floats(DType dtype) {
  WeightKernels kernels{.dtype = dtype,
                        .pack_activations = pack_float_rows<T>,
                        .gemv = float_gemv<T>,
                        .pack_queries = pack_float_rows<T>,
                        .score = float_gemv<T>,
                        .pack_transposed = pack_transposed<T>,
                        .pack = pack<T>,
                        .weighted_rows = weighted_rows<T>,
                        .to_f32 = floats_to_f32<T>};
#if defined(JANUS_HAS_TILES)
  kernels.terms = kTermsOf<T>;
  kernels.pack_terms = pack_float_terms<T>;
  kernels.pack_terms_by_depth = pack_float_terms_by_depth<T>;
#endif
  return kernels;
}

// As they stand in memory.
constexpr WeightKernels of_bf16() {
  WeightKernels kernels = of_floats<Bf16>(DType::bf16);
#if defined(JANUS_HAS_TILES)
  kernels.pack_activations = pack_tile_rows;
  kernels.gemv = tile_gemv;
  kernels.gemv_rows = kMaxTileGemvRows;
#endif
  return kernels;
}

// `quantize`: where it is a search, which is worth an instruction set of its own.
template <typename Block>
constexpr WeightKernels of_blocks(DType dtype, void (*quantize)(const float*, int64_t, void*) = nullptr) {
  WeightKernels kernels{.dtype = dtype,
                        .pack_activations = pack_int16_rows<Block>,
                        .gemv = block_gemv<Block>,
                        .pack_panel = pack_block_panel<Block>,
                        .add_products = add_integer_rows<typename GemmFormat<Block>::Panels>,
                        .to_f32 = dequantize_blocks<Block>,
                        .quantize = quantize};
#if defined(JANUS_HAS_TILES)
  kernels.terms = kTermsOf<Block>;
  kernels.pack_terms = pack_block_terms<Block>;
#endif
  return kernels;
}

#if defined(JANUS_HAS_PACKED)
template <typename Packed>
constexpr WeightKernels of_packed_blocks(DType dtype) {
  WeightKernels kernels{.dtype = dtype,
                        .layout = Layout::packed,
                        .pack_activations = pack_int8_rows,
                        .gemv = packed_gemv<Packed>,
                        .pack_panel = pack_packed_panel<Packed>,
                        .add_products = add_integer_rows<typename GemmFormat<typename Packed::Plain>::Panels>,
                        .pack_rows = pack_rows<Packed>,
                        .unpack_rows = unpack_rows<Packed>};
#if defined(JANUS_HAS_TILES)
  kernels.gemv = tile_packed_gemv<Packed>;
  kernels.gemv_rows = kMaxTileGemvRows;
  kernels.terms = kTermsOf<Packed>;
  kernels.pack_terms = pack_packed_terms<Packed>;
#endif
  return kernels;
}
#endif

constexpr WeightKernels kWeightKernels[] = {
    of_floats<float>(DType::f32),
    of_floats<F16>(DType::f16),
    of_bf16(),
    of_blocks<BlockQ8_0>(DType::q8_0),
    of_blocks<BlockQ6_K>(DType::q6_k, quant_search::quantize<BlockQ6_K>),
    of_blocks<BlockQ5_K>(DType::q5_k, quant_search::quantize<BlockQ5_K>),
    of_blocks<BlockQ4_K>(DType::q4_k, quant_search::quantize<BlockQ4_K>),
    of_blocks<BlockQ4_0>(DType::q4_0),
    of_blocks<BlockIq4Nl>(DType::iq4_nl, quant_search::quantize<BlockIq4Nl>),
    of_blocks<BlockMxfp4>(DType::mxfp4),
#if defined(JANUS_HAS_PACKED)
    of_packed_blocks<PackedQ8_0>(DType::q8_0),
    of_packed_blocks<PackedQ6_K>(DType::q6_k),
    of_packed_blocks<PackedQ5_K>(DType::q5_k),
    of_packed_blocks<PackedQ4_K>(DType::q4_k),
    of_packed_blocks<PackedNibbles<BlockQ4_0>>(DType::q4_0),
    of_packed_blocks<PackedNibbles<BlockIq4Nl>>(DType::iq4_nl),
    of_packed_blocks<PackedNibbles<BlockMxfp4>>(DType::mxfp4),
#endif
};

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
