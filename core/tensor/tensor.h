// A typed window on device memory, and the legend of shapes used in every comment of this project:
// B rows (sequences of a batch), T tokens, D width, H heads, Dh head width, F feed-forward or output width,
// V vocabulary, N patches or codes, C channels, h and w height and width. Images between layers are
// channels-last: [B, h, w, C].
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "core/quant/format.h"

namespace janus {

class Device;

// The order of a tensor's elements in memory. plain: row-major, as files have them. packed: a matrix of a
// block format, the same elements and scales in as many bytes, in the order that a device's products read
// them in (core/cpu/packed_blocks.h, core/cuda/packed_blocks.h); never in a file, and made by ops::convert
// alone.
enum class Layout : uint8_t { plain, packed };

// Packed blocks have 256 elements each of 16 rows: the memory of a packed tensor has whole groups of rows,
// the last one filled up.
constexpr int kPackedRows = 16, kPackedDepth = 256;
// Whether a matrix with rows of `length` elements can be packed.
bool can_pack(DType dtype, int64_t length);

// At most four sizes, outermost first.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes);
  explicit Shape(std::span<const int64_t> sizes);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const {
    assert(axis >= 0 && axis < rank_);
    return sizes_[axis];
  }
  int64_t back() const { return (*this)[rank_ - 1]; }
  int64_t elements() const;       // product of the sizes; 1 for rank 0
  std::string to_string() const;  // "[3, 16]"
  bool operator==(const Shape& other) const = default;

 private:
  std::array<int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

// Row-major. Copying shares the memory. Entries along axis 0 may be spaced (a window of columns, a window of
// a cache); everything inside one entry is dense. The last axis of a block format holds whole blocks, and so
// does every window on it. A packed tensor is a matrix; its windows are whole groups of rows.
class Tensor {
 public:
  Tensor() = default;

  // New, uninitialised memory of `device`.
  Tensor(Device& device, DType dtype, Shape shape, Layout layout = Layout::plain);

  // A window on memory that `owner` keeps alive (a mapped file, say).
  static Tensor wrap(Device& device, DType dtype, Shape shape, const void* data,
                     std::shared_ptr<const void> owner);

  bool empty() const { return data_ == nullptr; }
  Device& device() const { return *device_; }
  DType dtype() const { return dtype_; }
  Layout layout() const { return layout_; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t size(int axis) const { return shape_[axis]; }
  int64_t elements() const { return shape_.elements(); }
  size_t bytes() const { return bytes_of(dtype_, elements()); }
  // The bytes of a new tensor's memory: more than bytes() where the last group of packed rows is filled up.
  size_t memory_bytes() const;
  // The number of elements between the starts of neighbouring entries of axis 0.
  int64_t row_stride() const { return row_stride_; }
  bool contiguous() const;

  const void* raw() const { return data_; }
  void* raw() { return data_; }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  template <typename T>
  T* data() {
    return static_cast<T*>(data_);
  }

  // Returns the same elements under another shape of as many elements. The tensor must be plain and
  // contiguous.
  Tensor reshape(Shape shape) const;
  // Returns entries [begin, begin + count) of axis 0; of a packed tensor, `begin` is the start of a group.
  Tensor rows(int64_t begin, int64_t count) const;
  // Returns columns [begin, begin + count) of a plain matrix: [T, D] -> [T, count], rows spaced by D.
  Tensor columns(int64_t begin, int64_t count) const;

 private:
  Device* device_ = nullptr;
  DType dtype_ = DType::f32;
  Layout layout_ = Layout::plain;
  Shape shape_;
  int64_t row_stride_ = 0;
  void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

}  // namespace janus
