#include <array>
#include <cstdint>
#include <string>

#include "core/checkpoint.h"
#include "core/error.h"
#include "core/ops.h"

namespace janus {
namespace {

struct NamedType {
  std::string_view name;
  WeightType type;
};

constexpr std::array<NamedType, 4> kWeightTypes{{{"native", WeightType::native},
                                                 {"f32", WeightType::f32},
                                                 {"f16", WeightType::f16},
                                                 {"bf16", WeightType::bf16}}};

DType target_dtype(WeightType type, DType stored) {
  switch (type) {
    case WeightType::native:
      return stored;
    case WeightType::f32:
      return DType::f32;
    case WeightType::f16:
      return DType::f16;
    case WeightType::bf16:
      return DType::bf16;
  }
  return stored;
}

// The stored elements on `device`, where it can be in place of the file.
Tensor on_device(Device& device, const StoredTensor& stored) {
  expect_reading(stored.data.bytes);
  const void* bytes = stored.data.bytes.data();
  const bool aligned = reinterpret_cast<uintptr_t>(bytes) % alignment_of(stored.dtype) == 0;
  if (device.name() == "cpu" && aligned && !stored.data.bytes.empty()) {
    return Tensor::wrap(device, stored.dtype, stored.shape, bytes, stored.data.owner);
  }
  Tensor copy(device, stored.dtype, stored.shape);
  if (!stored.data.bytes.empty()) device.upload(copy.raw(), bytes, stored.data.bytes.size());
  return copy;
}

}  // namespace

WeightType weight_type_from_name(std::string_view name) {
  for (const NamedType& known : kWeightTypes) {
    if (known.name == name) return known.type;
  }
  fail("weight type: expected native, f32, f16 or bf16, found {}", name);
}

Weights Weights::operator/(std::string_view part) const {
  Weights inner = *this;
  inner.prefix_ = path(part) + ".";
  return inner;
}

Weights Weights::operator/(int64_t index) const { return *this / std::to_string(index); }

std::string Weights::path(std::string_view name) const { return prefix_ + std::string(name); }

bool Weights::contains(std::string_view name) const { return checkpoint_->contains(path(name)); }

const Shape& Weights::shape(std::string_view name) const { return checkpoint_->find(path(name)).shape; }

const Shape& Weights::shape(std::string_view name, int rank) const {
  const Shape& found = shape(name);
  check(found.rank() == rank, "{}: expected {} axes, found {} in {}", path(name), rank, found.to_string(),
        checkpoint_->find(path(name)).file);
  return found;
}

const StoredTensor& Weights::stored(std::string_view name, const Shape& expected) const {
  const std::string full = path(name);
  const StoredTensor& tensor = checkpoint_->find(full);
  check(tensor.unreadable.empty(), "{}: expected F32, F16 or BF16 with at most {} axes, found {} in {}", full,
        Shape::kMaxRank, tensor.unreadable, tensor.file);
  check(tensor.shape == expected, "{}: expected {}, found {} in {}", full, expected.to_string(),
        tensor.shape.to_string(), tensor.file);
  checkpoint_->mark_read(full);
  return tensor;
}

Tensor Weights::get(std::string_view name, const Shape& expected) const {
  return ops::convert(on_device(*device_, stored(name, expected)), DType::f32);
}

Tensor Weights::matrix(std::string_view name, const Shape& expected) const {
  const StoredTensor& tensor = stored(name, expected);
  return ops::convert(on_device(*device_, tensor), target_dtype(type_, tensor.dtype));
}

}  // namespace janus
