// The numbers of the GGUF format, for its reader and its writer.
#pragma once

#include <cstdint>
#include <string_view>

namespace janus::gguf {

inline constexpr uint32_t kVersion = 3;
inline constexpr uint64_t kAlignment = 32;  // of tensors, where `general.alignment` does not say otherwise
inline constexpr size_t kLongestName = 63;  // of a tensor: ggml keeps 64 bytes with the final zero
inline constexpr std::string_view kFileKey = "janus.file.";
// janus.prefix.v = "model.vision_model": the tensor v.norm is model.vision_model.norm of the model's folder.
inline constexpr std::string_view kPrefixKey = "janus.prefix.";

// The types of a value under a key.
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

}  // namespace janus::gguf
