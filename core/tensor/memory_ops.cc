// The operations on memory: to and from the host, conversions, copies.
#include <array>

#include "core/base/error.h"
#include "core/tensor/describe.h"
#include "core/tensor/ops.h"

namespace janus::ops {

Tensor from_host(Device& device, std::span<const float> values, Shape shape) {
  check(static_cast<int64_t>(values.size()) == shape.elements(),
        "from_host: expected {} values for {}, found {}", shape.elements(), shape.to_string(), values.size());
  Tensor out(device, DType::f32, shape);
  device.upload(out.raw(), values.data(), values.size_bytes());
  return out;
}

std::vector<float> to_host(const Tensor& x) {
  const Tensor dense = convert(x, DType::f32);
  std::vector<float> values(static_cast<size_t>(dense.elements()));
  x.device().download(values.data(), dense.raw(), dense.bytes());
  return values;
}

Tensor convert(const Tensor& x, DType dtype, Layout layout) {
  check(!x.empty() && is_weight_type(x.dtype()) && is_weight_type(dtype),
        "convert: expected weight types, found {} to {}", describe(x), name_of(dtype));
  const bool same = x.dtype() == dtype && x.layout() == layout;
  if (same && x.contiguous()) return x;
  // What is packed is packed from the same type and unpacked to f32.
  const bool known = x.layout() == Layout::plain ? layout == Layout::plain || x.dtype() == dtype
                                                 : layout == Layout::plain && dtype == DType::f32;
  check(same || known, "convert: expected a plain type, or the same one packed, found {} to {}{}",
        describe(x), layout == Layout::packed ? "packed " : "", name_of(dtype));
  Tensor out(x.device(), dtype, x.shape(), layout);
  if (x.elements() > 0) x.device().convert(x, out);
  return out;
}

Tensor in_preferred_layout(const Tensor& weight) {
  check(weight.rank() == 2, "in_preferred_layout: expected a matrix, found {}", describe(weight));
  return convert(weight, weight.dtype(),
                 weight.device().preferred_weight_layout(weight.dtype(), weight.size(1)));
}

void copy(const Tensor& x, Tensor out) {
  check(!x.empty() && !out.empty() && x.shape() == out.shape() && x.dtype() == out.dtype() &&
            x.layout() == out.layout(),
        "copy: expected equal shapes, types and layouts, found {} and {}", describe(x), describe(out));
  if (x.elements() > 0) x.device().copy(x, out);
}

Tensor concatenate(std::span<const Tensor> parts) {
  check(!parts.empty(), "concatenate: expected at least one part, found none");
  std::array<int64_t, Shape::kMaxRank> sizes{};
  const Tensor& first = parts[0];
  check(!first.empty() && first.rank() > 0 && first.layout() == Layout::plain,
        "concatenate: expected plain tensors, found {}", describe(first));
  for (int axis = 0; axis < first.rank(); ++axis) sizes[axis] = first.size(axis);
  sizes[0] = 0;
  for (const Tensor& part : parts) {
    bool same = !part.empty() && part.rank() == first.rank() && part.dtype() == first.dtype() &&
                part.layout() == first.layout();
    for (int axis = 1; same && axis < first.rank(); ++axis) same = part.size(axis) == first.size(axis);
    check(same, "concatenate: expected parts like {}, found {}", describe(first), describe(part));
    sizes[0] += part.size(0);
  }
  Tensor out(first.device(), first.dtype(), Shape(std::span<const int64_t>(sizes.data(), first.rank())));
  int64_t row = 0;
  for (const Tensor& part : parts) {
    copy(part, out.rows(row, part.size(0)));
    row += part.size(0);
  }
  return out;
}

}  // namespace janus::ops
