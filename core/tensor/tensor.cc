#include "core/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/tensor/device.h"

namespace janus {

bool can_pack(DType dtype, int64_t length) { return is_quantized(dtype) && length % kPackedDepth == 0; }

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

void check_blocks(DType dtype, const Shape& shape) {
  const int block = format_of(dtype).block;
  check(block == 1 || (shape.rank() > 1 && shape.back() % block == 0),
        "a {} tensor: expected a matrix with rows of a multiple of {} elements, found {}", name_of(dtype),
        block, shape.to_string());
}

}  // namespace

Tensor::Tensor(Device& device, DType dtype, Shape shape, Layout layout)
    : device_(&device), dtype_(dtype), layout_(layout), shape_(shape), row_stride_(dense_row(shape)) {
  check_blocks(dtype, shape);
  check(layout == Layout::plain || (shape.rank() == 2 && can_pack(dtype, shape.back())),
        "a packed tensor: expected a matrix of a block format with rows of a multiple of {} elements, found "
        "{} {}",
        kPackedDepth, name_of(dtype), shape.to_string());
  std::shared_ptr<void> memory = device.allocate(memory_bytes());
  data_ = memory.get();
  owner_ = std::move(memory);
}

size_t Tensor::memory_bytes() const {
  if (layout_ == Layout::plain) return bytes();
  const int64_t rows = (size(0) + kPackedRows - 1) / kPackedRows * kPackedRows;
  return static_cast<size_t>(rows) * bytes_of(dtype_, row_stride_);
}

Tensor Tensor::wrap(Device& device, DType dtype, Shape shape, const void* data,
                    std::shared_ptr<const void> owner) {
  check_blocks(dtype, shape);
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
  check(shape.elements() == elements() && contiguous() && layout_ == Layout::plain,
        "reshape: expected dense memory of {}, found {} {}", shape.to_string(),
        layout_ == Layout::packed ? "packed"
        : contiguous()            ? "dense"
                                  : "spaced",
        shape_.to_string());
  check_blocks(dtype_, shape);
  Tensor result = *this;
  result.shape_ = shape;
  result.row_stride_ = dense_row(shape);
  return result;
}

Tensor Tensor::rows(int64_t begin, int64_t count) const {
  check(rank() > 0 && begin >= 0 && count >= 0 && begin <= size(0) && count <= size(0) - begin,
        "rows: expected a range within {}, found [{}, {} + {})", shape_.to_string(), begin, begin, count);
  check(layout_ == Layout::plain || begin % kPackedRows == 0,
        "rows of a packed tensor: expected a multiple of {}, found {}", kPackedRows, begin);
  std::array<int64_t, Shape::kMaxRank> sizes{};
  for (int axis = 0; axis < rank(); ++axis) sizes[axis] = shape_[axis];
  sizes[0] = count;
  Tensor result = *this;
  result.shape_ = Shape(std::span<const int64_t>(sizes.data(), rank()));
  result.data_ = static_cast<std::byte*>(data_) + bytes_of(dtype_, begin * row_stride_);
  return result;
}

Tensor Tensor::columns(int64_t begin, int64_t count) const {
  check(rank() == 2 && layout_ == Layout::plain && begin >= 0 && count >= 0 && begin <= size(1) &&
            count <= size(1) - begin,
        "columns: expected a range within a matrix, found {} and [{}, {} + {})", shape_.to_string(), begin,
        begin, count);
  check_blocks(dtype_, Shape{1, begin});
  check_blocks(dtype_, Shape{1, count});
  Tensor result = *this;
  result.shape_ = Shape{size(0), count};
  result.data_ = static_cast<std::byte*>(data_) + bytes_of(dtype_, begin);
  return result;
}

}  // namespace janus
