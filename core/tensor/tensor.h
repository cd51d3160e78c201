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

namespace janus {

class Device;

// The q types are ggml's block formats (core/quant/quants.h): blocks of numbers along the last axis share
// scales. Those in lanes are the same numbers and scales in an order that a device's products like better
// (core/cpu/lane_blocks.h): matrices, never in a file, and made by ops::convert alone.
enum class DType : uint8_t {
  f32,
  f16,
  bf16,
  i32,
  u8,
  q8_0,
  q6_k,
  q5_k,
  q4_k,
  q8_0_lanes,
  q6_k_lanes,
  q5_k_lanes,
  q4_k_lanes
};

struct DTypeTraits {
  const char* name;  // "q4_k"
  int block;         // elements stored together; 1 where each stands for itself
  int block_bytes;
};
const DTypeTraits& traits_of(DType dtype);

inline const char* name_of(DType dtype) { return traits_of(dtype).name; }
inline bool is_quantized(DType dtype) { return traits_of(dtype).block > 1; }
constexpr bool in_lanes(DType dtype) { return dtype >= DType::q8_0_lanes; }
// Rows of a matrix that a device may keep together in lanes: the memory of a tensor has whole groups of them,
// the last one filled up.
constexpr int kLaneRows = 16;
// Of a block format, what a row of `length` numbers is in lanes: itself where whole blocks do not fit.
DType lanes_of(DType dtype, int64_t length);
// Bytes of one element. Not for block formats.
size_t size_of(DType dtype);
// Bytes of `elements` elements: whole blocks.
size_t bytes_of(DType dtype, int64_t elements);
// What an address must be a multiple of.
size_t alignment_of(DType dtype);

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
// does every window on it.
class Tensor {
 public:
  Tensor() = default;

  // New, uninitialised memory of `device`.
  Tensor(Device& device, DType dtype, Shape shape);

  // A window on memory that `owner` keeps alive (a mapped file, say).
  static Tensor wrap(Device& device, DType dtype, Shape shape, const void* data,
                     std::shared_ptr<const void> owner);

  bool empty() const { return data_ == nullptr; }
  Device& device() const { return *device_; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t size(int axis) const { return shape_[axis]; }
  int64_t elements() const { return shape_.elements(); }
  size_t bytes() const { return bytes_of(dtype_, elements()); }
  // What a new tensor's memory has: more where rows in lanes are filled up.
  size_t memory_bytes() const;
  // Elements between the starts of neighbouring entries of axis 0.
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

  // The same elements under another shape. Must be contiguous, with as many elements.
  Tensor reshape(Shape shape) const;
  // Entries [begin, begin + count) of axis 0; in lanes, from the beginning of a group.
  Tensor rows(int64_t begin, int64_t count) const;
  // Columns [begin, begin + count) of a matrix, not in lanes: [T, D] -> [T, count], rows spaced by D.
  Tensor columns(int64_t begin, int64_t count) const;

 private:
  Device* device_ = nullptr;
  DType dtype_ = DType::f32;
  Shape shape_;
  int64_t row_stride_ = 0;
  void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

}  // namespace janus
