#include "core/tensor/ops.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/quant/quantize.h"
#include "core/tensor/describe.h"

namespace janus::ops {
namespace {

bool is_float(DType dtype) { return is_weight_type(dtype) && !is_quantized(dtype); }

// An activation: f32, dense, of rank [least, most].
void check_activation(const char* op, const char* what, const Tensor& x, int least, int most) {
  check(!x.empty() && x.dtype() == DType::f32 && x.contiguous() && x.rank() >= least && x.rank() <= most,
        "{}, {}: expected dense f32 of rank {} to {}, found {}", op, what, least, most, describe(x));
}

void check_shape(const char* op, const char* what, const Tensor& x, const Shape& expected) {
  check_activation(op, what, x, 0, Shape::kMaxRank);
  check(x.shape() == expected, "{}, {}: expected {}, found {}", op, what, expected.to_string(),
        x.shape().to_string());
}

void check_vector(const char* op, const char* what, const Tensor& x, int64_t size) {
  check_shape(op, what, x, Shape{size});
}

// A weight matrix: any weight type, dense inside a row.
void check_matrix(const char* op, const char* what, const Tensor& x) {
  check(!x.empty() && is_weight_type(x.dtype()) && x.rank() == 2,
        "{}, {}: expected a matrix of a weight type, found {}", op, what, describe(x));
}

Shape with_last(const Shape& shape, int64_t last) {
  std::array<int64_t, Shape::kMaxRank> sizes{};
  for (int axis = 0; axis < shape.rank(); ++axis) sizes[axis] = shape[axis];
  sizes[shape.rank() - 1] = last;
  return Shape(std::span<const int64_t>(sizes.data(), shape.rank()));
}

Tensor like(const Tensor& x) { return Tensor(x.device(), DType::f32, x.shape()); }

// What linear(x) of a layer gives; checks both.
Shape product_shape(const char* op, const Tensor& x, const LinearView& layer) {
  check_activation(op, "x", x, 2, 3);
  check_matrix(op, "weight", layer.weight);
  check(layer.weight.size(1) == x.shape().back(), "{}: expected weight [F, {}] for x {}, found {}", op,
        x.shape().back(), x.shape().to_string(), layer.weight.shape().to_string());
  if (!layer.bias.empty()) check_vector(op, "bias", layer.bias, layer.weight.size(0));
  return with_last(x.shape(), layer.weight.size(0));
}

void check_rope(const char* op, const Tensor& x, int heads, std::span<const int32_t> positions,
                const Tensor& table) {
  check_activation(op, "x", x, 3, 3);
  check_activation(op, "table", table, 3, 3);
  check(heads > 0 && x.size(2) % heads == 0 && table.size(1) == 2 && table.size(2) * 2 * heads == x.size(2),
        "{}: expected a table [count, 2, {} / {} / 2], found {}", op, x.size(2), heads,
        table.shape().to_string());
  check(static_cast<int64_t>(positions.size()) == x.size(0), "{}: expected {} positions, found {}", op,
        x.size(0), positions.size());
  for (const int32_t position : positions) {
    check(position >= 0 && position + x.size(1) <= table.size(0),
          "{}: expected positions below {}, found {} tokens from {}", op, table.size(0), x.size(1), position);
  }
}

void check_cache(const char* op, const CacheView& cache, int64_t batch, int64_t tokens) {
  for (const Tensor* part : {&cache.keys, &cache.values}) {
    check(!part->empty() && part->rank() == 3 && part->contiguous() && part->shape() == cache.keys.shape() &&
              part->dtype() == cache.keys.dtype() &&
              (part->dtype() == DType::f32 || part->dtype() == DType::bf16),
          "{}, cache: expected equal dense [Hkv, tokens, Dh] in f32 or bf16, found {} and {}", op,
          describe(cache.keys), describe(cache.values));
  }
  check(static_cast<int64_t>(cache.starts.size()) == batch && cache.positions.size() == cache.starts.size(),
        "{}, cache: expected starts and positions for {} batch rows, found {} and {}", op, batch,
        cache.starts.size(), cache.positions.size());
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t start = cache.starts[b], position = cache.positions[b];
    check(start >= 0 && position >= 0 && start + position + tokens <= cache.keys.size(1),
          "{}, cache: expected room for {} tokens at {} + {}, found a cache of {}", op, tokens, start,
          position, cache.keys.size(1));
  }
}

void check_new_keys(const char* op, const Tensor& keys, const Tensor& values, const CacheView& cache) {
  check_activation(op, "keys", keys, 3, 3);
  check_shape(op, "values", values, keys.shape());
  check_cache(op, cache, keys.size(0), keys.size(1));
  check(cache.keys.size(0) * cache.keys.size(2) == keys.size(2),
        "{}: expected keys [B, T, {} * {}], found {}", op, cache.keys.size(0), cache.keys.size(2),
        keys.shape().to_string());
}

void check_queries(const char* op, const Tensor& queries, int heads, const CacheView& cache) {
  check_activation(op, "queries", queries, 3, 3);
  check_cache(op, cache, queries.size(0), queries.size(1));
  check(heads > 0 && heads * cache.keys.size(2) == queries.size(2) && heads % cache.keys.size(0) == 0,
        "{}: expected {} heads of {} in groups of {} key heads, found queries {}", op, heads,
        cache.keys.size(2), cache.keys.size(0), queries.shape().to_string());
}

void check_group_norm(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, int groups) {
  check_activation(op, "x", x, 4, 4);
  check_vector(op, "weight", weight, x.size(3));
  check_vector(op, "bias", bias, x.size(3));
  check(groups > 0 && x.size(3) % groups == 0, "{}: expected a multiple of {} groups, found {} channels", op,
        groups, x.size(3));
}

// Checks the arguments of a convolution whose filters see `depth` channels -> the shape of its result.
Shape conv2d_shape(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, int64_t depth) {
  check(!weight.empty() && is_float(weight.dtype()) && weight.rank() == 4,
        "{}, weight: expected a float tensor of rank 4, found {}", op, describe(weight));
  check(weight.contiguous() && weight.size(1) == depth,
        "{}: expected a dense weight [F, {}, kh, kw], found {}", op, depth, weight.shape().to_string());
  if (!bias.empty()) check_vector(op, "bias", bias, weight.size(0));
  check(options.stride > 0 && options.pad_top >= 0 && options.pad_left >= 0 && options.pad_bottom >= 0 &&
            options.pad_right >= 0,
        "{}: expected a positive stride and no negative padding, found stride {}", op, options.stride);
  const int64_t height = x.size(1) + options.pad_top + options.pad_bottom - weight.size(2);
  const int64_t width = x.size(2) + options.pad_left + options.pad_right - weight.size(3);
  check(weight.size(2) > 0 && weight.size(3) > 0 && height >= 0 && width >= 0,
        "{}: expected an input no smaller than the kernel {}, found {}", op, weight.shape().to_string(),
        x.shape().to_string());
  return Shape{x.size(0), height / options.stride + 1, width / options.stride + 1, weight.size(0)};
}

Shape conv2d_shape(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options) {
  check_activation(op, "x", x, 4, 4);
  return conv2d_shape(op, x, weight, bias, options, x.size(3));
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Shape shape = product_shape("linear", x, {weight, bias});
  Tensor out(x.device(), DType::f32, shape);
  if (out.elements() > 0) x.device().linear(x, weight, bias, out);
  return out;
}

std::vector<Tensor> linear_multi(const Tensor& x, std::span<const LinearView> layers) {
  std::vector<Tensor> outs;
  for (const LinearView& layer : layers) {
    outs.emplace_back(x.device(), DType::f32, product_shape("linear_multi", x, layer));
  }
  if (x.elements() > 0) x.device().linear_multi(x, layers, outs);
  return outs;
}

Tensor linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual) {
  const Shape shape = product_shape("linear_add", x, layer);
  check_shape("linear_add", "residual", residual, shape);
  Tensor out(x.device(), DType::f32, shape);
  if (out.elements() > 0) x.device().linear_add(x, layer, residual, out);
  return out;
}

Tensor linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up) {
  const Shape shape = product_shape("linear_swiglu", x, gate);
  check(product_shape("linear_swiglu", x, up) == shape,
        "linear_swiglu: expected layers of one width, found {} and {}", gate.weight.shape().to_string(),
        up.weight.shape().to_string());
  Tensor out(x.device(), DType::f32, shape);
  if (out.elements() > 0) x.device().linear_swiglu(x, gate, up, out);
  return out;
}

Tensor embedding(const Tensor& table, std::span<const int32_t> ids) {
  check_matrix("embedding", "table", table);
  check(table.layout() == Layout::plain, "embedding, table: expected plain rows, found {}", describe(table));
  for (const int32_t id : ids) {
    check(id >= 0 && id < table.size(0), "embedding, id: expected 0 to {}, found {}", table.size(0) - 1, id);
  }
  Tensor out(table.device(), DType::f32, Shape{static_cast<int64_t>(ids.size()), table.size(1)});
  if (out.elements() > 0) table.device().embedding(table, ids, out);
  return out;
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps) {
  check_activation("rms_norm", "x", x, 1, Shape::kMaxRank);
  check_vector("rms_norm", "weight", weight, x.shape().back());
  Tensor out = like(x);
  if (x.elements() > 0) x.device().rms_norm(x, weight, eps, out);
  return out;
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps) {
  check_activation("layer_norm", "x", x, 1, Shape::kMaxRank);
  check_vector("layer_norm", "weight", weight, x.shape().back());
  check_vector("layer_norm", "bias", bias, x.shape().back());
  Tensor out = like(x);
  if (x.elements() > 0) x.device().layer_norm(x, weight, bias, eps, out);
  return out;
}

Tensor group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps,
                  bool silu) {
  check_group_norm("group_norm", x, weight, bias, groups);
  Tensor out = like(x);
  if (x.elements() > 0) x.device().group_norm(x, weight, bias, groups, eps, silu, out);
  return out;
}

Tensor global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps) {
  check_activation("global_response_norm", "x", x, 4, 4);
  check_vector("global_response_norm", "weight", weight, x.size(3));
  check_vector("global_response_norm", "bias", bias, x.size(3));
  Tensor out = like(x);
  if (x.elements() > 0) x.device().global_response_norm(x, weight, bias, eps, out);
  return out;
}

Tensor l2_normalize(const Tensor& x, float eps) {
  check(!x.empty() && is_float(x.dtype()) && x.rank() >= 1,
        "l2_normalize: expected a float tensor of rank 1 or more, found {}", describe(x));
  Tensor out(x.device(), DType::f32, x.shape());
  if (x.elements() > 0) x.device().l2_normalize(x, eps, out);
  return out;
}

Tensor add(const Tensor& x, const Tensor& y) {
  check_activation("add", "x", x, 1, Shape::kMaxRank);
  check_activation("add", "y", y, 1, x.rank());
  bool fits = true;
  for (int axis = 1; axis <= y.rank(); ++axis) fits &= x.size(x.rank() - axis) == y.size(y.rank() - axis);
  check(fits, "add: expected y of the shape or the last axes of x {}, found {}", x.shape().to_string(),
        y.shape().to_string());
  Tensor out = like(x);
  if (x.elements() > 0) x.device().add(x, y, out);
  return out;
}

Tensor scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift) {
  check_activation("scale_shift", "x", x, 2, Shape::kMaxRank);
  check_activation("scale_shift", "scale", scale, 1, 2);
  const int64_t channels = x.shape().back();
  const Shape each{x.size(0), channels}, one{channels};
  check(scale.shape() == each || scale.shape() == one, "scale_shift, scale: expected {} or {}, found {}",
        one.to_string(), each.to_string(), scale.shape().to_string());
  check_shape("scale_shift", "shift", shift, scale.shape());
  Tensor out = like(x);
  if (x.elements() > 0) x.device().scale_shift(x, scale, shift, out);
  return out;
}

Tensor gelu_erf(const Tensor& x) {
  check_activation("gelu_erf", "x", x, 1, Shape::kMaxRank);
  Tensor out = like(x);
  if (x.elements() > 0) x.device().gelu_erf(x, out);
  return out;
}

Tensor swiglu(const Tensor& gate, const Tensor& up) {
  check_activation("swiglu", "gate", gate, 1, Shape::kMaxRank);
  check_shape("swiglu", "up", up, gate.shape());
  Tensor out = like(gate);
  if (gate.elements() > 0) gate.device().swiglu(gate, up, out);
  return out;
}

Tensor rope_table(Device& device, int64_t count, int head_width, float theta) {
  check(count >= 0 && head_width > 0 && head_width % 2 == 0 && theta > 0.0F,
        "rope_table: expected an even head width and a positive theta, found {} and {}", head_width, theta);
  const int64_t half = head_width / 2;
  std::vector<float> frequencies(static_cast<size_t>(half));
  for (int64_t j = 0; j < half; ++j) {
    const float exponent = static_cast<float>(2 * j) / static_cast<float>(head_width);
    frequencies[j] = 1.0F / std::pow(theta, exponent);
  }
  std::vector<float> table(static_cast<size_t>(count * 2 * half));
  for (int64_t position = 0; position < count; ++position) {
    float* entry = table.data() + position * 2 * half;
    for (int64_t j = 0; j < half; ++j) {
      const float angle = static_cast<float>(position) * frequencies[j];
      entry[j] = std::cos(angle);
      entry[half + j] = std::sin(angle);
    }
  }
  return from_host(device, table, Shape{count, 2, half});
}

void rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) {
  check_rope("rope", x, heads, positions, table);
  if (x.elements() > 0) x.device().rope(x, heads, positions, table);
}

void store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) {
  check_new_keys("store_kv", keys, values, cache);
  if (keys.elements() > 0) keys.device().store_kv(keys, values, cache);
}

Tensor cached_attention(const Tensor& queries, int heads, const CacheView& cache) {
  check_queries("cached_attention", queries, heads, cache);
  Tensor out = like(queries);
  if (queries.elements() > 0) queries.device().cached_attention(queries, heads, cache, out);
  return out;
}

Tensor rope_cached_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                             const Tensor& table, const CacheView& cache) {
  constexpr const char* kOp = "rope_cached_attention";
  check_queries(kOp, queries, heads, cache);
  check_new_keys(kOp, keys, values, cache);
  check(keys.size(0) == queries.size(0) && keys.size(1) == queries.size(1),
        "{}: expected keys of as many tokens as queries {}, found {}", kOp, queries.shape().to_string(),
        keys.shape().to_string());
  check_rope(kOp, queries, heads, cache.rotations(), table);
  check_rope(kOp, keys, static_cast<int>(cache.keys.size(0)), cache.rotations(), table);
  Tensor out = like(queries);
  if (queries.elements() > 0) {
    queries.device().rope_cached_attention(queries, keys, values, heads, table, cache, out);
  }
  return out;
}

Tensor attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads) {
  check_activation("attention", "queries", queries, 3, 3);
  check_shape("attention", "keys", keys, queries.shape());
  check_shape("attention", "values", values, queries.shape());
  check(heads > 0 && queries.size(2) % heads == 0, "attention: expected a multiple of {} heads, found {}",
        heads, queries.shape().to_string());
  Tensor out = like(queries);
  if (queries.elements() > 0) queries.device().attention(queries, keys, values, heads, out);
  return out;
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  Tensor out(x.device(), DType::f32, conv2d_shape("conv2d", x, weight, bias, options));
  if (out.elements() > 0) x.device().conv2d(x, weight, bias, options, out);
  return out;
}

Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options) {
  constexpr const char* kOp = "depthwise_conv2d";
  check_activation(kOp, "x", x, 4, 4);
  Tensor out(x.device(), DType::f32, conv2d_shape(kOp, x, weight, bias, options, /*depth=*/1));
  check(weight.size(0) == x.size(3), "{}: expected a weight [{}, 1, kh, kw], found {}", kOp, x.size(3),
        weight.shape().to_string());
  if (out.elements() > 0) x.device().depthwise_conv2d(x, weight, bias, options, out);
  return out;
}

Tensor upsample_nearest2x(const Tensor& x) {
  check_activation("upsample_nearest2x", "x", x, 4, 4);
  Tensor out(x.device(), DType::f32, Shape{x.size(0), 2 * x.size(1), 2 * x.size(2), x.size(3)});
  if (x.elements() > 0) x.device().upsample_nearest2x(x, out);
  return out;
}

Tensor silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const Tensor& residual) {
  check_group_norm("silu_conv2d", x, norm.weight, norm.bias, norm.groups);
  Tensor out(x.device(), DType::f32, conv2d_shape("silu_conv2d", x, weight, bias, options));
  if (!residual.empty()) check_shape("silu_conv2d", "residual", residual, out.shape());
  if (out.elements() > 0) x.device().silu_conv2d(x, norm, weight, bias, options, residual, out);
  return out;
}

Tensor upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Shape half = conv2d_shape("upsample_conv3x3", x, weight, bias, kSamePadding3x3);
  check(weight.size(2) == 3 && weight.size(3) == 3,
        "upsample_conv3x3: expected a weight [F, C, 3, 3], found {}", weight.shape().to_string());
  Tensor out(x.device(), DType::f32, Shape{half[0], 2 * half[1], 2 * half[2], half[3]});
  if (out.elements() > 0) x.device().upsample_conv3x3(x, weight, bias, out);
  return out;
}

}  // namespace janus::ops
