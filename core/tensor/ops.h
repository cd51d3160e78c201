// Every operation a model may call. Each checks its shapes and types (a mismatch is a fault of the caller's
// checkpoint or code and throws Error naming both shapes), allocates its result and forwards to the device.
// Activations are f32. "[.., D]" is any rank with D last.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor/device.h"
#include "core/tensor/tensor.h"

namespace janus::ops {

// -- memory ---------------------------------------------------------------------------------------------

// Copies host values to an f32 tensor of `shape`.
Tensor from_host(Device& device, std::span<const float> values, Shape shape);
// Returns the elements of `x` as f32 on the host, in row order. `x` has any weight type and layout, and its
// rows may be spaced.
std::vector<float> to_host(const Tensor& x);
// Returns the same values in another weight type, dense, rounded as quantize() of core/quant/quantize.h
// rounds. Returns `x` itself when nothing changes. Also packs a type for which the device's
// preferred_weight_layout is packed; a packed tensor converts to f32 only.
Tensor convert(const Tensor& x, DType dtype, Layout layout = Layout::plain);
// Returns the same matrix in the layout that its device prefers for products.
Tensor in_preferred_layout(const Tensor& weight);
// Copies `x` into the window `out` of the same shape, type and layout; rows of either may be spaced.
void copy(const Tensor& x, Tensor out);
// Stacks tensors of equal inner shape along axis 0.
Tensor concatenate(std::span<const Tensor> parts);

// -- matrices -------------------------------------------------------------------------------------------

// y = x weight^T + bias. x: [T, D] or [B, T, D], weight: [F, D] of any weight type and layout, bias: [F] f32
// or empty
// -> [.., F]. With T = 1 a product made for few rows runs (weights are read once for all B); with T > 1 each
// batch row is a product of its own. Either way a row's result does not depend on the others.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});
// Several products of the same x; each as linear() gives it. -> one tensor a layer.
std::vector<Tensor> linear_multi(const Tensor& x, std::span<const LinearView> layers);
// residual + linear(x). residual: the result's shape.
Tensor linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual);
// swiglu(linear of `gate`, linear of `up`).
Tensor linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up);
// Rows of a table: table [V, D] of any weight type, ids in [0, V) -> [T, D].
Tensor embedding(const Tensor& table, std::span<const int32_t> ids);

// -- norms ----------------------------------------------------------------------------------------------

// x / sqrt(mean(x^2) + eps) * weight over the last axis. x: [.., D], weight: [D] -> [.., D].
Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps);
// (x - mean) / sqrt(variance + eps) * weight + bias over the last axis. x: [.., D] -> [.., D].
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps);
// Statistics over h, w and C / groups channels, population variance; then x * sigmoid(x) if `silu`.
// x: [B, h, w, C], weight, bias: [C] -> [B, h, w, C].
Tensor group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps,
                  bool silu);
// bias + (1 + weight * n) * x, n = g / (mean of g over C + eps), g the L2 norm of each channel over h and w
// (ConvNeXt V2). x: [B, h, w, C], weight, bias: [C] -> [B, h, w, C].
Tensor global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps);
// x / max(|x|, eps) over the last axis. x: [.., D] of any float type -> [.., D] f32.
Tensor l2_normalize(const Tensor& x, float eps);

// -- element by element ---------------------------------------------------------------------------------

// x + y, where y has x's shape or x's shape without leading axes. -> x's shape.
Tensor add(const Tensor& x, const Tensor& y);
// x * (1 + scale) + shift (FiLM). x: [B, .., C], scale and shift: [C], or [B, C] for one pair a batch row
// -> x's shape.
Tensor scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift);
// x * Phi(x) with the exact error function, as torch.nn.GELU(). [..] -> [..].
Tensor gelu_erf(const Tensor& x);
// silu(gate) * up. [..], [..] -> [..].
Tensor swiglu(const Tensor& gate, const Tensor& up);

// -- attention ------------------------------------------------------------------------------------------

// Rotary position tables for positions [0, count): cos and sin of position * theta^(-2j / Dh), computed in
// f32 as transformers does. -> [count, 2, Dh / 2], cosines first.
Tensor rope_table(Device& device, int64_t count, int head_width, float theta);
// Rotates pairs (j, j + Dh / 2) of every head in place. x: [B, T, heads * Dh]; token t of row b stands at
// positions[b] + t.
void rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table);
// Writes keys and values [B, T, Hkv * Dh] into the cache at the view's starts and positions.
void store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache);
// Causal attention of new tokens over a cache that already holds their keys and values; scale 1 / sqrt(Dh).
// heads is a multiple of Hkv: head i reads key head i / (heads / Hkv). queries: [B, T, heads * Dh] -> same.
Tensor cached_attention(const Tensor& queries, int heads, const CacheView& cache);
// Rotates new queries and keys, stores keys and values in the cache and attends over it: rope twice, store_kv
// and cached_attention. Changes queries and keys. -> as queries.
Tensor rope_cached_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                             const Tensor& table, const CacheView& cache);
// Every token sees every token of its batch row; scale 1 / sqrt(Dh). [B, T, heads * Dh] x 3 -> same.
Tensor attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads);

// -- images ---------------------------------------------------------------------------------------------

// Cross-correlation with zero padding. x: [B, h, w, C], weight: [F, C, kh, kw] of any float type, bias: [F]
// f32
// -> [B, (h + pads - kh) / stride + 1, (w + pads - kw) / stride + 1, F].
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options);
// The same with a filter for each channel alone. x: [B, h, w, C], weight: [C, 1, kh, kw] -> [B, .., C].
Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options);
// out[y][x] = in[y / 2][x / 2]. [B, h, w, C] -> [B, 2h, 2w, C].
Tensor upsample_nearest2x(const Tensor& x);
// conv2d(group_norm(x, .., silu), ..) + residual in one pass where the device can: the normed input need not
// exist as a whole. residual: of the result's shape, or empty. Shapes as of conv2d.
Tensor silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const Tensor& residual = {});
// conv2d(upsample_nearest2x(x), .., kSamePadding3x3) with fewer multiplications where the device can.
// x: [B, h, w, C], weight: [F, C, 3, 3] -> [B, 2h, 2w, F].
Tensor upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias);

}  // namespace janus::ops
