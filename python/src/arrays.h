// Results of models as numpy arrays, which keep them alive: no value is copied.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <memory>
#include <utility>
#include <vector>

#include "generator/results.h"

namespace janus::python {

template <typename Value>
using NumpyArray = nanobind::ndarray<nanobind::numpy, Value>;

// An array of `shape` over the values.
template <typename Value>
NumpyArray<Value> numpy_of(std::vector<Value> values, const std::vector<int64_t>& shape) {
  auto owned = std::make_unique<std::vector<Value>>(std::move(values));
  Value* const data = owned->data();
  const nanobind::capsule owner(
      owned.get(), [](void* vector) noexcept { delete static_cast<std::vector<Value>*>(vector); });
  (void)owned.release();  // the capsule's
  const std::vector<size_t> sizes(shape.begin(), shape.end());
  return NumpyArray<Value>(data, sizes.size(), sizes.data(), owner);
}

inline NumpyArray<float> numpy_of(Array array) { return numpy_of(std::move(array.values), array.shape); }
inline NumpyArray<int32_t> numpy_of(ImageCodes codes) {
  return numpy_of(std::move(codes.codes), {codes.height, codes.width});
}

// A dense array on the CPU that a caller gives; nanobind refuses others with a TypeError.
template <typename Value, int Axes>
using GivenArray =
    nanobind::ndarray<const Value, nanobind::ndim<Axes>, nanobind::c_contig, nanobind::device::cpu>;

// Of codes [h, w].
inline ImageCodes codes_of(const GivenArray<int32_t, 2>& array) {
  return {static_cast<int>(array.shape(0)),
          static_cast<int>(array.shape(1)),
          {array.data(), array.data() + array.size()}};
}

}  // namespace janus::python
