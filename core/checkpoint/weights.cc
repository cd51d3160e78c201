#include <fmt/ranges.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/quant/quantize.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

// Bytes of as many elements as every block divides.
size_t density(DType dtype) { return bytes_of(dtype, 256); }

// The pages of a file that `weight`, read from there, holds in memory of its own.
void release_if_copied(const StoredTensor& stored, const Tensor& weight) {
  if (weight.raw() != stored.data.bytes.data()) release_pages(stored.data);
}

std::vector<float> rounded_to_f32(std::span<const std::byte> doubles) {
  std::vector<float> values(doubles.size() / sizeof(double));
  for (size_t i = 0; i < values.size(); ++i) {
    double value = 0;
    std::memcpy(&value, doubles.data() + i * sizeof(double), sizeof(double));
    values[i] = static_cast<float>(value);
  }
  return values;
}

}  // namespace

WeightType weight_type_from_name(std::string_view name) {
  if (name == name_of(WeightType::native)) return WeightType::native;
  for (const DType type : weight_types()) {
    if (name == name_of(type)) return type;
  }
  fail("weight type: expected one of {}, found {}", fmt::join(weight_type_names(), ", "), name);
}

const char* name_of(WeightType type) { return type == WeightType::native ? "native" : name_of(type.dtype()); }

std::vector<std::string> weight_type_names() {
  std::vector<std::string> names{name_of(WeightType::native)};
  for (const DType type : weight_types()) names.emplace_back(name_of(type));
  return names;
}

DType weight_dtype(WeightType type, DType stored, const Shape& shape) {
  if (type == WeightType::native) return stored;
  const DType wanted = type.dtype();
  DType fitting = type_for_rows(wanted, shape.back());
  // Where no block fits, two bytes are as good as two others.
  if (fitting != wanted && !is_quantized(fitting) && density(stored) == density(fitting)) fitting = stored;
  return is_quantized(stored) && density(fitting) >= density(stored) ? stored : fitting;
}

bool is_larger(WeightType type, DType dtype) {
  return type != WeightType::native && density(type.dtype()) > density(dtype);
}

Tensor tensor_on(Device& device, const StoredTensor& stored) {
  // What only counts memory will not read it.
  if (device.computes()) expect_reading(stored.data.bytes);
  const void* bytes = stored.data.bytes.data();
  const bool aligned = reinterpret_cast<uintptr_t>(bytes) % alignment_of(stored.dtype) == 0;
  if (!device.traits().has_own_memory && aligned && !stored.is_f64() && !stored.data.bytes.empty()) {
    return Tensor::wrap(device, stored.dtype, stored.shape, bytes, stored.data.owner);
  }
  Tensor copy(device, stored.dtype, stored.shape);
  if (stored.is_f64() && device.computes()) {
    const std::vector<float> rounded = rounded_to_f32(stored.data.bytes);
    device.upload(copy.raw(), rounded.data(), rounded.size() * sizeof(float));
    return copy;
  }
  if (!stored.data.bytes.empty()) device.upload(copy.raw(), bytes, stored.data.bytes.size());
  return copy;
}

Tensor convert_weight(const Tensor& x, DType dtype, const std::string& name, const std::string& file) try {
  return ops::convert(x, dtype);
} catch (const Error& error) {
  fail("{} in {}: {}; choose a float type for its part, or another model", name, file, error.what());
}

Weights Weights::part(std::string name, WeightType type) const {
  Weights same = *this;
  same.part_ = std::move(name);
  same.type_ = type;
  return same;
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
  check(found.rank() == rank,
        "{}: expected {} axes, found {} in {}; take config.json and weights from one model", path(name), rank,
        found.to_string(), checkpoint_->find(path(name)).file);
  return found;
}

const StoredTensor& Weights::stored(std::string_view name, const Shape& expected) const {
  const std::string full = path(name);
  const StoredTensor& tensor = checkpoint_->find(full);
  check(tensor.unreadable.empty(),
        "{}: expected a type of weights with at most {} axes, found {} in {}; save the model in f32, f16 or "
        "bf16",
        full, Shape::kMaxRank, tensor.unreadable, tensor.file);
  check(tensor.shape.elements() > 0 || expected.elements() == 0,
        "{}: expected {}, found no elements in {}; where DeepSpeed's ZeRO-3 saved it, join the shards with "
        "zero_to_fp32.py and take its result",
        full, expected.to_string(), tensor.file);
  check(tensor.shape == expected,
        "{}: expected {}, found {} in {}; take config.json and weights from one model", full,
        expected.to_string(), tensor.shape.to_string(), tensor.file);
  if (options_->on_read) options_->on_read(static_cast<int64_t>(tensor.data.bytes.size()));
  return tensor;
}

Tensor Weights::get(std::string_view name, const Shape& expected) const {
  const StoredTensor& tensor = stored(name, expected);
  checkpoint_->mark_read(path(name), {.part = part_, .dtype = DType::f32, .matrix = false});
  if (options_->plan) return {*device_, DType::f32, expected};  // room that nobody fills
  return ops::convert(tensor_on(*device_, tensor), DType::f32);
}

Tensor Weights::matrix(std::string_view name, const Shape& expected) const {
  const StoredTensor& tensor = stored(name, expected);
  const DType dtype = weight_dtype(type_, tensor.dtype, tensor.shape);
  checkpoint_->mark_read(path(name), {.part = part_, .dtype = dtype, .matrix = true});
  if (options_->plan) {
    // Shapes alone: not even a hint to the system, which would begin to read the file.
    return Tensor::wrap(*device_, tensor.dtype, tensor.shape, tensor.data.bytes.data(), tensor.data.owner);
  }
  Tensor weight = convert_weight(tensor_on(*device_, tensor), dtype, path(name), tensor.file);
  release_if_copied(tensor, weight);
  return weight;
}

Tensor Weights::product_matrix(std::string_view name, const Shape& expected) const {
  Tensor weight = matrix(name, expected);
  if (options_->plan) return weight;
  Tensor ordered = ops::in_preferred_layout(weight);
  release_if_copied(checkpoint_->find(path(name)), ordered);
  return ordered;
}

}  // namespace janus
