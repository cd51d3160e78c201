#include "core/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/tensor/device.h"

namespace janus {

const DTypeTraits& traits_of(DType dtype) {
  static constexpr DTypeTraits kTraits[] = {
      {"f32", 1, 4},      {"f16", 1, 2},      {"bf16", 1, 2},     {"i32", 1, 4},      {"u8", 1, 1},
      {"q8_0", 32, 34},   {"q6_k", 256, 210}, {"q5_k", 256, 176}, {"q4_k", 256, 144}, {"q8_0", 256, 272},
      {"q6_k", 256, 210}, {"q5_k", 256, 176}, {"q4_k", 256, 144}};
  static_assert(std::size(kTraits) == static_cast<size_t>(DType::q4_k_lanes) + 1);
  return kTraits[static_cast<size_t>(dtype)];
}

DType lanes_of(DType dtype, int64_t length) {
  constexpr int kAway = static_cast<int>(DType::q8_0_lanes) - static_cast<int>(DType::q8_0);
  if (!is_quantized(dtype) || in_lanes(dtype)) return dtype;
  const auto lanes = static_cast<DType>(static_cast<int>(dtype) + kAway);
  return length % traits_of(lanes).block == 0 ? lanes : dtype;
}

size_t size_of(DType dtype) {
  assert(!is_quantized(dtype));
  return static_cast<size_t>(traits_of(dtype).block_bytes);
}

size_t bytes_of(DType dtype, int64_t elements) {
  const DTypeTraits& traits = traits_of(dtype);
  assert(elements % traits.block == 0);
  return static_cast<size_t>(elements / traits.block * traits.block_bytes);
}

size_t alignment_of(DType dtype) { return is_quantized(dtype) ? 2 : size_of(dtype); }

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
  const int block = traits_of(dtype).block;
  check(block == 1 || (shape.rank() > 1 && shape.back() % block == 0),
        "a {} tensor: expected a matrix with rows of a multiple of {} elements, found {}", name_of(dtype),
        block, shape.to_string());
}

}  // namespace

Tensor::Tensor(Device& device, DType dtype, Shape shape)
    : device_(&device), dtype_(dtype), shape_(shape), row_stride_(dense_row(shape)) {
  check_blocks(dtype, shape);
  std::shared_ptr<void> memory = device.allocate(memory_bytes());
  data_ = memory.get();
  owner_ = std::move(memory);
}

size_t Tensor::memory_bytes() const {
  if (!in_lanes(dtype_)) return bytes();
  const int64_t rows = (size(0) + kLaneRows - 1) / kLaneRows * kLaneRows;
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
  check(shape.elements() == elements() && contiguous(), "reshape: expected dense memory of {}, found {} {}",
        shape.to_string(), contiguous() ? "dense" : "spaced", shape_.to_string());
  check_blocks(dtype_, shape);
  Tensor result = *this;
  result.shape_ = shape;
  result.row_stride_ = dense_row(shape);
  return result;
}

Tensor Tensor::rows(int64_t begin, int64_t count) const {
  check(rank() > 0 && begin >= 0 && count >= 0 && begin <= size(0) && count <= size(0) - begin,
        "rows: expected a range within {}, found [{}, {} + {})", shape_.to_string(), begin, begin, count);
  check(!in_lanes(dtype_) || begin % kLaneRows == 0, "rows in lanes: expected a multiple of {}, found {}",
        kLaneRows, begin);
  std::array<int64_t, Shape::kMaxRank> sizes{};
  for (int axis = 0; axis < rank(); ++axis) sizes[axis] = shape_[axis];
  sizes[0] = count;
  Tensor result = *this;
  result.shape_ = Shape(std::span<const int64_t>(sizes.data(), rank()));
  result.data_ = static_cast<std::byte*>(data_) + bytes_of(dtype_, begin * row_stride_);
  return result;
}

Tensor Tensor::columns(int64_t begin, int64_t count) const {
  check(rank() == 2 && !in_lanes(dtype_) && begin >= 0 && count >= 0 && begin <= size(1) &&
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
