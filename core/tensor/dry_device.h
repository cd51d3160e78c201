// A device that computes nothing and counts what memory the computing would take.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>

#include "core/tensor/device.h"

namespace janus {

// Loading or running a model on it goes through the same steps as on the device that it stands for, and so
// counts what those allocate, without reading an element: downloads give zeros. Its addresses are invalid, so
// code that touches memory past the Device faults at once.
//
// Only a backend knows the memory that its kernels take beside their operands. Each backend derives a class
// from this one, beside its kernels, which counts that memory.
class DryDevice : public Device {
 public:
  explicit DryDevice(std::string stands_for) : name_(std::move(stands_for)) {}

  size_t live_bytes() const { return count_->live; }
  size_t peak_bytes() const { return count_->peak; }
  // Restarts the peak from what is live now.
  void restart_peak() { count_->peak = count_->live; }
  // The bytes of mapped files that were converted or copied and are not needed afterwards.
  size_t passed_bytes() const { return passed_bytes_; }

  std::string name() const override { return name_; }
  std::string description() const override { return "counts memory"; }
  bool computes() const override { return false; }

  std::shared_ptr<void> allocate(size_t bytes) override;
  void upload(void* to, const void* from_host, size_t bytes) override;
  void download(void* to_host, const void* from, size_t bytes) override;

  Layout preferred_weight_layout(DType dtype, int64_t length) const override {
    return preferred_weight_layout_on(name_, dtype, length);
  }
  void convert(const Tensor& x, Tensor& out) override;
  void l2_normalize(const Tensor& x, float eps, Tensor& out) override;

  void linear(const Tensor&, const Tensor&, const Tensor&, Tensor&) override {}
  void cached_attention(const Tensor&, int, const CacheView&, Tensor&) override {}
  void attention(const Tensor&, const Tensor&, const Tensor&, int, Tensor&) override {}
  void conv2d(const Tensor&, const Tensor&, const Tensor&, const Conv2dOptions&, Tensor&) override {}
  void copy(const Tensor&, Tensor&) override {}
  void embedding(const Tensor&, std::span<const int32_t>, Tensor&) override {}
  void rms_norm(const Tensor&, const Tensor&, float, Tensor&) override {}
  void layer_norm(const Tensor&, const Tensor&, const Tensor&, float, Tensor&) override {}
  void group_norm(const Tensor&, const Tensor&, const Tensor&, int, float, bool, Tensor&) override {}
  void add(const Tensor&, const Tensor&, Tensor&) override {}
  void gelu_erf(const Tensor&, Tensor&) override {}
  void swiglu(const Tensor&, const Tensor&, Tensor&) override {}
  void rope(Tensor&, int, std::span<const int32_t>, const Tensor&) override {}
  void store_kv(const Tensor&, const Tensor&, const CacheView&) override {}
  void upsample_nearest2x(const Tensor&, Tensor&) override {}
  void depthwise_conv2d(const Tensor&, const Tensor&, const Tensor&, const Conv2dOptions&, Tensor&) override {
  }
  void global_response_norm(const Tensor&, const Tensor&, const Tensor&, float, Tensor&) override {}
  void scale_shift(const Tensor&, const Tensor&, const Tensor&, Tensor&) override {}

 protected:
  // The bytes that the backend's memory takes for a request of `bytes`.
  virtual size_t allocation_bytes(size_t bytes) const { return bytes; }
  // Counts what an operation takes while it runs, block by block.
  void reserve_scratch(std::initializer_list<size_t> blocks);

 private:
  struct Count {
    size_t live = 0, peak = 0;
  };

  std::string name_;
  // Shared with what was allocated, which may outlive the device.
  std::shared_ptr<Count> count_ = std::make_shared<Count>();
  uintptr_t next_ = kFirstAddress;
  size_t passed_bytes_ = 0;

  // No processor maps addresses of this form for a program.
  static constexpr uintptr_t kFirstAddress = uintptr_t{0x40} << 56;
  static bool is_own(const void* address) { return reinterpret_cast<uintptr_t>(address) >= kFirstAddress; }
};

// Opens the dry device that stands for a device of this name. Throws Error where no backend has that name.
std::unique_ptr<DryDevice> open_dry_device(std::string_view device_name);

}  // namespace janus
