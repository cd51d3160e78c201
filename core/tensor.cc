#include "core/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/device.h"
#include "core/error.h"

namespace janus {

size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
      return 2;
    case DType::u8:
      return 1;
  }
  return 0;
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f16:
      return "f16";
    case DType::bf16:
      return "bf16";
    case DType::i32:
      return "i32";
    case DType::u8:
      return "u8";
  }
  return "unknown";
}

Shape::Shape(std::initializer_list<int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const int64_t> sizes) {
  check(sizes.size() <= kMaxRank, "a tensor shape: expected at most {} sizes, found {}", kMaxRank,
        sizes.size());
  int64_t elements = 1;
  for (const int64_t size : sizes) {
    // 2^60 elements of four bytes still fit a size_t, so bytes() cannot wrap.
    check(size >= 0 && (size == 0 || elements <= (int64_t{1} << 60) / size),
          "a tensor shape: expected sizes whose product is below 2^60, found [{}]", fmt::join(sizes, ", "));
    elements *= size == 0 ? 1 : size;
    sizes_[rank_++] = size;
  }
}

int64_t Shape::elements() const {
  int64_t product = 1;
  for (int axis = 0; axis < rank_; ++axis) product *= sizes_[axis];
  return product;
}

std::string Shape::to_string() const {
  return fmt::format("[{}]", fmt::join(sizes_.begin(), sizes_.begin() + rank_, ", "));
}

namespace {

int64_t dense_row(const Shape& shape) {
  int64_t elements = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) elements *= shape[axis];
  return elements;
}

}  // namespace

Tensor::Tensor(Device& device, DType dtype, Shape shape)
    : device_(&device), dtype_(dtype), shape_(shape), row_stride_(dense_row(shape)) {
  std::shared_ptr<void> memory = device.allocate(bytes());
  data_ = memory.get();
  owner_ = std::move(memory);
}

Tensor Tensor::wrap(Device& device, DType dtype, Shape shape, const void* data,
                    std::shared_ptr<const void> owner) {
  Tensor tensor;
  tensor.device_ = &device;
  tensor.dtype_ = dtype;
  tensor.shape_ = shape;
  tensor.row_stride_ = dense_row(shape);
  tensor.data_ = const_cast<void*>(data);
  tensor.owner_ = std::move(owner);
  return tensor;
}

bool Tensor::contiguous() const {
  return shape_.rank() == 0 || shape_[0] <= 1 || row_stride_ == dense_row(shape_);
}

Tensor Tensor::reshape(Shape shape) const {
  check(shape.elements() == elements() && contiguous(), "reshape: expected dense memory of {}, found {} {}",
        shape.to_string(), contiguous() ? "dense" : "spaced", shape_.to_string());
  Tensor result = *this;
  result.shape_ = shape;
  result.row_stride_ = dense_row(shape);
  return result;
}

Tensor Tensor::rows(int64_t begin, int64_t count) const {
  check(rank() > 0 && begin >= 0 && count >= 0 && begin <= size(0) && count <= size(0) - begin,
        "rows: expected a range within {}, found [{}, {} + {})", shape_.to_string(), begin, begin, count);
  std::array<int64_t, Shape::kMaxRank> sizes{};
  for (int axis = 0; axis < rank(); ++axis) sizes[axis] = shape_[axis];
  sizes[0] = count;
  Tensor result = *this;
  result.shape_ = Shape(std::span<const int64_t>(sizes.data(), rank()));
  result.data_ = static_cast<std::byte*>(data_) + begin * row_stride_ * static_cast<int64_t>(size_of(dtype_));
  return result;
}

Tensor Tensor::columns(int64_t begin, int64_t count) const {
  check(rank() == 2 && begin >= 0 && count >= 0 && begin <= size(1) && count <= size(1) - begin,
        "columns: expected a range within a matrix, found {} and [{}, {} + {})", shape_.to_string(), begin,
        begin, count);
  Tensor result = *this;
  result.shape_ = Shape{size(0), count};
  result.data_ = static_cast<std::byte*>(data_) + begin * static_cast<int64_t>(size_of(dtype_));
  return result;
}

}  // namespace janus
