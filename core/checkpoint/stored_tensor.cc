#include "core/checkpoint/stored_tensor.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace janus {
namespace {

bool readable_type(std::string_view name, DType* dtype) {
  if (name == "F32" || name == "F64")
    *dtype = DType::f32;
  else if (name == "F16")
    *dtype = DType::f16;
  else if (name == "BF16")
    *dtype = DType::bf16;
  else
    return false;
  return true;
}

}  // namespace

void StoredTensor::describe(std::string stored_type, std::span<const int64_t> sizes, int64_t elements) {
  type = std::move(stored_type);
  const bool few_axes = sizes.size() <= Shape::kMaxRank;
  shape = few_axes ? Shape(sizes) : Shape{elements};
  unreadable = few_axes ? "" : fmt::format("{} axes", sizes.size());
  if (!readable_type(type, &dtype)) unreadable = "type " + type;
}

}  // namespace janus
