// A device that computes nothing and counts what memory the computing would take.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/tensor/device.h"

namespace janus {

// Loading or running a model on it goes through the same steps as on the device that it stands for, and so
// tells what those allocate, without a number being read: downloads give zeros. Its addresses are none, so
// whoever touches memory past the Device faults at once.
class DryDevice : public Device {
 public:
  // `stands_for` is the name of a device, whose rules hold: on "cpu", weights stay in their file.
  explicit DryDevice(std::string stands_for) : name_(std::move(stands_for)) {}

  size_t live_bytes() const { return count_->live; }
  size_t peak_bytes() const { return count_->peak; }
  // The peak counts from now.
  void restart_peak() { count_->peak = count_->live; }
  // Of mapped files, bytes that were converted or copied and are not needed afterwards.
  size_t passed_bytes() const { return passed_bytes_; }

  std::string name() const override { return name_; }
  std::string description() const override { return "counts memory"; }

  std::shared_ptr<void> allocate(size_t bytes) override;
  void upload(void* to, const void* from_host, size_t bytes) override;
  void download(void* to_host, const void* from, size_t bytes) override;

  DType product_type(DType stored, int64_t length) const override {
    return product_type_on(name_, stored, length);
  }
  void convert(const Tensor& x, Tensor& out) override;
  void l2_normalize(const Tensor& x, float eps, Tensor& out) override;
  void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              Tensor& out) override;
  void swish_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                    const Conv2dOptions& options, const Tensor& residual, Tensor& out) override;
  void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;

  void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;
  void cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) override;
  void attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                 Tensor& out) override;
  std::unique_ptr<Decoding> begin_decoding(const DecodingPlan& plan) override;

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
  // Of cards, so that what their decoding needs is counted.
  bool decodes() const override { return is_card(); }

 private:
  bool is_card() const { return name_ != "cpu"; }
  // What an operation takes while it runs.
  void take_for_a_moment(int64_t bytes) { allocate(static_cast<size_t>(bytes)); }
  // The scores that a card holds at a time.
  void take_scores(int64_t width, int64_t heads, int64_t tokens, int64_t keys);
  // The CPU has kernels for such a convolution that transform its filters and read their input as it is.
  bool is_winograd(const Tensor& weight, const Conv2dOptions& options) const {
    return name_ == "cpu" && weight.size(2) == 3 && weight.size(3) == 3 && options == kSamePadding3x3;
  }
  void transform_filters(const Tensor& weight);
  // What a card's convolution takes: its input cut in two or normed, and filters in another order.
  void take_terms(const Tensor& x, const Tensor& weight);

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

}  // namespace janus
