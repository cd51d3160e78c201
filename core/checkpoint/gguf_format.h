// The numbers of the GGUF format, for its reader and its writer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/tensor/tensor.h"

namespace janus::gguf {

inline constexpr uint32_t kVersion = 3;
inline constexpr uint64_t kAlignment = 32;  // of tensors, where `general.alignment` does not say otherwise
inline constexpr size_t kLongestName = 63;  // of a tensor: ggml keeps 64 bytes with the final zero
inline constexpr std::string_view kFileKey = "janus.file.";
// janus.prefix.v = "model.vision_model": the tensor v.norm is model.vision_model.norm of the model's folder.
inline constexpr std::string_view kPrefixKey = "janus.prefix.";

// Of a value under a key.
enum ValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

struct TensorType {
  uint32_t number;
  std::string_view name;
  DType dtype;
};

// Those that are read and written, of ggml's.
inline constexpr std::array<TensorType, 7> kTensorTypes{{{0, "F32", DType::f32},
                                                         {1, "F16", DType::f16},
                                                         {30, "BF16", DType::bf16},
                                                         {8, "Q8_0", DType::q8_0},
                                                         {14, "Q6_K", DType::q6_k},
                                                         {13, "Q5_K", DType::q5_k},
                                                         {12, "Q4_K", DType::q4_k}}};

}  // namespace janus::gguf
