// The types that elements may have, and the one table of what they are: a row a type.
//
//   type   elements, bytes  an element is
//   f32, f16, bf16          itself
//   q8_0   32, 34           d * q: q 8 bits, d f16
//   q6_k   256, 210         d * scale * (q - 32): q 6 bits, scale 8 bits for 16 elements, d f16
//   q5_k   256, 176         d * scale * q - dmin * min: q 5 bits, d and dmin f16,
//                           scale and min 6 bits for 32 elements
//   q4_k   256, 144         the same with 4 bits
//   q4_0   32, 18           d * (q - 8): q 4 bits, d f16
//   iq4_nl 32, 18           d * table[q]: q 4 bits, d f16
//   mxfp4  32, 17           2^(e - 128) * table[q]: q 4 bits, e 8 bits
//
// A new weight format is a name in DType, a row in format.cc, a header of its blocks beside it (blocks.h has
// them all), its kernels on the CPU (rows of core/cpu/simd/weight_kernels.h) and on a GPU (with_block_format
// of core/cuda/elements.h), and goldens (tests/reference/quants_golden.py, gguf_golden.py). Options, files,
// messages and tests go over the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace janus {

// The q types are ggml's block formats, bit for bit: blocks of consecutive elements of a row share scales.
enum class DType : uint8_t { f32, f16, bf16, i32, u8, q8_0, q6_k, q5_k, q4_k, q4_0, iq4_nl, mxfp4 };

// How elements come from what is stored.
enum class Scheme : uint8_t {
  exact,      // they are stored
  symmetric,  // scale * q
  affine,     // scale * q - min
  table,      // scale * table[q]
};

struct Format {
  DType dtype = DType::f32;
  const char* name = "";  // "q4_k"
  int block = 1;          // elements stored together; 1 where each stands for itself
  int block_bytes = 0;
  int alignment = 1;  // what an address must be a multiple of
  Scheme scheme = Scheme::exact;

  // Set for types that a weight may be stored in; a type without ggml_name may not.
  const char* ggml_name = nullptr;  // "Q4_K"
  uint32_t ggml_type = 0;           // a tensor's number
  uint32_t ggml_file_type = 0;      // the number of a file that has mostly this type
  DType fallback = dtype;           // the type for rows that its blocks do not divide: larger, never smaller
  float largest = 0.0F;             // the largest size of an element that `quantize` has a place for
  // `count` elements, whole blocks; any bytes are valid.
  void (*quantize)(const float* from, int64_t count, std::byte* to) = nullptr;
  void (*dequantize)(const std::byte* from, int64_t count, float* to) = nullptr;
};

// Throws Error for what is no DType.
const Format& format_of(DType dtype);
// Returns the format that has this number in GGUF files; null where there is none.
const Format* format_of_ggml_type(uint32_t number);
// The types that weights may have, from the largest to the smallest as `--type` lists them; and those of them
// that are block formats.
std::span<const DType> weight_types();
std::span<const DType> block_types();

inline const char* name_of(DType dtype) { return format_of(dtype).name; }
constexpr bool is_quantized(DType dtype) {
  return dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16 && dtype != DType::i32 &&
         dtype != DType::u8;
}
inline bool is_weight_type(DType dtype) { return format_of(dtype).ggml_name != nullptr; }

// Bytes of one element. Not for block formats.
size_t size_of(DType dtype);
// Bytes of `elements` elements: whole blocks.
size_t bytes_of(DType dtype, int64_t elements);
inline size_t alignment_of(DType dtype) { return static_cast<size_t>(format_of(dtype).alignment); }

}  // namespace janus
