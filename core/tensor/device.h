// The contract of a backend, and the one table of backends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor/tensor.h"

namespace janus {

class DeviceDecoder;  // core/nn/device_decode_plan.h

struct DeviceOptions {
  int threads = 0;  // where DeviceTraits::takes_threads; 0 = the processors this process may use
};

// The traits that all devices of a backend have, known without opening one: a constant beside its kernels.
struct DeviceTraits {
  bool has_own_memory = false;            // else weights are read where their file is mapped
  bool takes_threads = false;             // DeviceOptions::threads counts
  bool supports_device_decoding = false;  // has a DeviceDecoder
  // Products of several tokens by weights other than f32 take activations as two terms of bf16, or three.
  // What else does is the backend's own: docs/numerics.md.
  bool splits_activations = false;
  int batch_rows = 1;  // sequences decoded side by side; more gain nothing
};

struct Conv2dOptions {
  int stride = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;  // zeros around the input

  bool operator==(const Conv2dOptions&) const = default;
};

// The padding under which a kernel of 3 x 3 gives a result as large as its input.
inline constexpr Conv2dOptions kSamePadding3x3{
    .stride = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};

struct GroupNormOptions {
  Tensor weight, bias;  // [C]
  int groups = 1;
  float eps = 1e-6F;
};

// One layer of a KvCache, and the sequences in it that a batch reads and writes: each is a range of the
// cache's tokens.
struct CacheView {
  Tensor keys, values;              // [Hkv, tokens, Dh] each, f32 or bf16
  std::span<const int32_t> starts;  // [B]: the token of the cache where each batch row's sequence begins
  // [B]: where the batch row's first token stands in that sequence. Batch rows of one token each that share a
  // sequence stand one after another and each see those before.
  std::span<const int32_t> positions;
  // [B]: the position that this token is rotated for, where it is another. Empty: `positions`.
  std::span<const int32_t> rope_positions = {};

  std::span<const int32_t> rotations() const { return rope_positions.empty() ? positions : rope_positions; }
};

// The tensors of a linear layer, y = x weight^T + bias; the bias may be empty.
struct LinearView {
  const Tensor& weight;
  const Tensor& bias;
};

// The memory of its own that a device holds; -1 where it does not count it.
struct HeldMemory {
  int64_t used_bytes = -1;   // used by tensors
  int64_t taken_bytes = -1;  // taken from the GPU, with what is kept for the next tensors
};

// Memory and kernels of one processor or GPU. Models call core/tensor/ops.h, which checks every shape and
// type, allocates the output and forwards here; a Device may rely on those checks. Activations are f32, dense
// and row-major; weights have any float type and may have spaced rows. Shapes are those of the op of the same
// name.
//
// Reproducibility, binding for every backend: the result for a batch row does not depend on the other rows,
// on their number, or on the number of threads. Sums run in an order fixed by the shape of one row.
class Device {
 public:
  virtual ~Device() = default;

  virtual std::string name() const = 0;         // "cpu", "cuda:0"
  virtual std::string description() const = 0;  // for people: processor, threads, instruction set
  virtual const DeviceTraits& traits() const = 0;
  // Whether results are of use. Where they are not (core/tensor/dry_device.h), no operand is read either.
  virtual bool computes() const { return true; }

  // The bytes of its own memory that can still be allocated; -1 for the machine's
  // (core/base/machine_memory.h).
  virtual int64_t free_bytes() const { return -1; }
  virtual HeldMemory held_memory() const { return {}; }
  // The hardware peaks as core/tensor/hardware_peaks.h defines them; 0 where the device cannot measure them.
  virtual double read_bandwidth() const { return 0; }
  virtual double multiply_add_peak() const { return 0; }
  virtual double int8_peak() const { return 0; }
  virtual double product_peak(DType /*weights*/) const { return multiply_add_peak(); }
  virtual double matrix_peak() const { return 0; }

  // Allocates memory, aligned to 64 bytes at least. Throws Error when there is not enough.
  virtual std::shared_ptr<void> allocate(size_t bytes) = 0;
  virtual void upload(void* to, const void* from_host, size_t bytes) = 0;
  virtual void download(void* to_host, const void* from, size_t bytes) = 0;

  // The layout in which a weight of rows of `length` elements is multiplied fastest.
  virtual Layout preferred_weight_layout(DType /*dtype*/, int64_t /*length*/) const { return Layout::plain; }

  // Converts between plain weight types, from plain to packed, or from packed to f32.
  virtual void convert(const Tensor& x, Tensor& out) = 0;
  virtual void copy(const Tensor& x, Tensor& out) = 0;

  virtual void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) = 0;
  // The next three are composed of the others (fused.cc) where a backend has nothing faster, with the same
  // bits.
  virtual void linear_multi(const Tensor& x, std::span<const LinearView> layers, std::span<Tensor> outs);
  virtual void linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual, Tensor& out);
  virtual void linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up, Tensor& out);
  virtual void embedding(const Tensor& table, std::span<const int32_t> ids, Tensor& out) = 0;

  virtual void rms_norm(const Tensor& x, const Tensor& weight, float eps, Tensor& out) = 0;
  virtual void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                          Tensor& out) = 0;
  virtual void group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps,
                          bool silu, Tensor& out) = 0;
  virtual void global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                                    Tensor& out) = 0;
  virtual void l2_normalize(const Tensor& x, float eps, Tensor& out) = 0;

  virtual void add(const Tensor& x, const Tensor& y, Tensor& out) = 0;
  virtual void scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift, Tensor& out) = 0;
  virtual void gelu_erf(const Tensor& x, Tensor& out) = 0;
  virtual void swiglu(const Tensor& gate, const Tensor& up, Tensor& out) = 0;

  virtual void rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) = 0;
  virtual void store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) = 0;
  virtual void cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) = 0;
  // Composed of the three above where a backend has nothing faster; changes queries and keys.
  virtual void rope_cached_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                                     const Tensor& table, const CacheView& cache, Tensor& out);
  virtual void attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                         Tensor& out) = 0;

  virtual void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
                      Tensor& out) = 0;
  virtual void depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Conv2dOptions& options, Tensor& out) = 0;
  virtual void upsample_nearest2x(const Tensor& x, Tensor& out) = 0;
  // The next two are fused; by default they are composed of those above.
  virtual void silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                           const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                           Tensor& out);
  virtual void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out);

  // Returns a device of the same memory for work that has nothing to do with the device decoding under way.
  // It runs beside this one's work, and sees all that was written here before that decoding began. Returns
  // this device where there is no such stream.
  virtual Device& side_stream() { return *this; }
  // Returns the part that supports device decoding; null where the traits say that there is none.
  virtual DeviceDecoder* device_decoder() { return nullptr; }

  bool supports_device_decoding() const { return traits().supports_device_decoding; }
};

// Returns the preferred_weight_layout of a device of this name without opening it.
Layout preferred_weight_layout_on(std::string_view device_name, DType dtype, int64_t length);

// Returns the traits of the backend of "cpu" or "cuda:1" without opening it. Throws Error where no backend
// has that name.
const DeviceTraits& device_traits(std::string_view device_name);

// Returns whether open_device() knows a name, and the names that it knows, for people.
bool is_device_name(std::string_view name);
std::string device_names();

// Opens "cpu", "cuda", "cuda:N" or "auto" (the first GPU, or the CPU where there is none). Throws Error that
// names what is missing when it cannot be had.
std::shared_ptr<Device> open_device(std::string_view name, const DeviceOptions& options = {});

// Calls `use` with every device that this machine has, one after another.
void for_each_device(const std::function<void(Device&)>& use);

}  // namespace janus
