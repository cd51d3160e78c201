// Checkpoints with a number in one tensor that is none.
#pragma once

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/half.h"
#include "core/checkpoint/checkpoint.h"
#include "tests/core/safetensors_file.h"

namespace janus::test {

// A copy of `whole` with `value` at the beginning of the rows of `tensor` from `first_row` on, `rows` of them
// or all.
inline Checkpoint damaged(const Checkpoint& whole, const std::string& tensor, float value,
                          int64_t first_row = 0, int64_t rows = -1) {
  std::map<std::string, StoredTensor> tensors = whole.tensors();
  StoredTensor& hurt = tensors.at(tensor);
  const auto bytes = std::make_shared<std::vector<std::byte>>(hurt.data.bytes.begin(), hurt.data.bytes.end());
  const int64_t count = hurt.shape.rank() == 1 ? 1 : hurt.shape[0], row = hurt.shape.elements() / count;
  const int64_t end = rows < 0 ? count : first_row + rows;
  for (int64_t i = first_row * row; i < end * row; i += row) {
    const uint16_t half = hurt.dtype == DType::bf16 ? to_bf16(value) : to_f16(value);
    if (hurt.dtype == DType::f32) {
      std::memcpy(bytes->data() + i * 4, &value, 4);
    } else {
      std::memcpy(bytes->data() + i * 2, &half, 2);
    }
  }
  hurt.data = {.bytes = *bytes, .owner = bytes};
  return Checkpoint::from_tensors(whole.files(), whole.config(), std::move(tensors));
}

// All tensors as one safetensors file.
inline std::string safetensors_of(const Checkpoint& checkpoint) {
  std::vector<TestTensor> tensors;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    const auto sizes = [&, rank = tensor.shape.rank()] {
      std::vector<int64_t> list;
      for (int axis = 0; axis < rank; ++axis) list.push_back(tensor.shape[axis]);
      return list;
    };
    const auto* data = reinterpret_cast<const char*>(tensor.data.bytes.data());
    tensors.push_back({name, tensor.type, sizes(), std::string(data, tensor.data.bytes.size())});
  }
  return safetensors_file(tensors);
}

}  // namespace janus::test
