// The contract of a backend, and the one table of backends.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor/decoding.h"
#include "core/tensor/tensor.h"

namespace janus {

struct DeviceOptions {
  int threads = 0;  // of a CPU device; 0 = the processors this process may use
};

struct Conv2dOptions {
  int stride = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;  // zeros around the input

  bool operator==(const Conv2dOptions&) const = default;
};

// Of a kernel of 3 x 3: the result is as large as the input.
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
  Tensor keys, values;                 // [Hkv, tokens, Dh] each, f32 or bf16
  std::span<const int32_t> starts;     // [B]: the token of the cache where each batch row's sequence begins
  std::span<const int32_t> positions;  // [B]: where the batch's first token stands in that sequence
};

// The tensors of a linear layer, y = x weight^T + bias; the bias may be empty.
struct LinearView {
  const Tensor& weight;
  const Tensor& bias;
};

// Memory of its own that a device holds; -1 where it does not count.
struct HeldMemory {
  int64_t used_bytes = -1;   // of tensors
  int64_t taken_bytes = -1;  // from the card, these and what is kept for the next ones
};

// Memory and kernels of one processor or card. Models call core/tensor/ops.h, which checks every shape and
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

  // Memory of its own that can still be allocated; -1 where it is the machine's (core/base/machine_memory.h).
  virtual int64_t free_bytes() const { return -1; }
  virtual HeldMemory held_memory() const { return {}; }
  // As core/tensor/peaks.h has them; 0 where the device cannot measure them.
  virtual double read_bandwidth() const { return 0; }
  virtual double multiply_add_peak() const { return 0; }
  virtual double int8_peak() const { return 0; }
  virtual double product_peak(DType /*weights*/) const { return multiply_add_peak(); }

  // Memory, aligned to 64 bytes at least. Throws Error when there is not enough.
  virtual std::shared_ptr<void> allocate(size_t bytes) = 0;
  virtual void upload(void* to, const void* from_host, size_t bytes) = 0;
  virtual void download(void* to_host, const void* from, size_t bytes) = 0;

  // The type in which a weight of rows of `length` numbers is multiplied fastest: `stored`, or it in lanes.
  virtual DType product_type(DType stored, int64_t /*length*/) const { return stored; }

  // Between weight types, or to lanes.
  virtual void convert(const Tensor& x, Tensor& out) = 0;
  virtual void copy(const Tensor& x, Tensor& out) = 0;

  virtual void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) = 0;
  // These are made of the others (fused.cc) where a backend has nothing faster, and give the same bits.
  virtual void linear_each(const Tensor& x, std::span<const LinearView> layers, std::span<Tensor> outs);
  virtual void linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual, Tensor& out);
  virtual void linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up, Tensor& out);
  virtual void embedding(const Tensor& table, std::span<const int32_t> ids, Tensor& out) = 0;

  virtual void rms_norm(const Tensor& x, const Tensor& weight, float eps, Tensor& out) = 0;
  virtual void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                          Tensor& out) = 0;
  virtual void group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps,
                          bool swish, Tensor& out) = 0;
  virtual void l2_normalize(const Tensor& x, float eps, Tensor& out) = 0;

  virtual void add(const Tensor& x, const Tensor& y, Tensor& out) = 0;
  virtual void gelu_erf(const Tensor& x, Tensor& out) = 0;
  virtual void swiglu(const Tensor& gate, const Tensor& up, Tensor& out) = 0;

  virtual void rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) = 0;
  virtual void store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) = 0;
  virtual void cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) = 0;
  // Made of the three above, as linear_each; queries and keys are changed.
  virtual void next_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                              const Tensor& table, const CacheView& cache, Tensor& out);
  virtual void attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                         Tensor& out) = 0;

  virtual void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
                      Tensor& out) = 0;
  virtual void upsample_nearest2x(const Tensor& x, Tensor& out) = 0;
  // Fused; by default made of those above.
  virtual void swish_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                            const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                            Tensor& out);
  virtual void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out);

  // A device of the same memory whose work runs beside this one's, behind all that was written here before a
  // Decoding that is under way began: what has nothing to do with its steps. This one where there is none.
  virtual Device& beside() { return *this; }
  // Whether begin_decoding() gives anything at all: what it needs takes memory.
  virtual bool decodes() const { return false; }
  // Draws of `plan` without the host between them, or null where the operations above have to do them.
  virtual std::unique_ptr<Decoding> begin_decoding(const DecodingPlan& /*plan*/) { return nullptr; }
};

// What the product_type of a device of this name is, without opening it.
DType product_type_on(std::string_view device_name, DType stored, int64_t length);

// Opens "cpu", "cuda", "cuda:N" or "auto" (the first card, or the CPU where there is none). Throws Error that
// names what is missing when it cannot be had.
std::shared_ptr<Device> open_device(std::string_view name, const DeviceOptions& options = {});

}  // namespace janus
