// A real device, with what its operations allocate counted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/tensor/device.h"

namespace janus::oracle {

// Base: a class of devices. size_of_block: what the backend's memory gives for a request.
template <class Base>
class CountingDevice : public Base {
 public:
  template <typename... Args>
  explicit CountingDevice(size_t (*size_of_block)(size_t bytes), Args&&... args)
      : Base(std::forward<Args>(args)...), size_of_block_(size_of_block) {}

  std::shared_ptr<void> allocate(size_t bytes) override {
    const auto size = static_cast<int64_t>(size_of_block_(bytes));
    count_->live += size;
    count_->peak = std::max(count_->peak, count_->live);
    std::shared_ptr<void> memory = Base::allocate(bytes);
    return {memory.get(), [memory, count = count_, size](void*) { count->live -= size; }};
  }
  // All work counts.
  Device& side_stream() override { return *this; }

  int64_t live() const { return count_->live; }
  int64_t peak() const { return count_->peak; }
  void restart_peak() { count_->peak = count_->live; }

 private:
  struct Count {
    int64_t live = 0, peak = 0;
  };
  size_t (*size_of_block_)(size_t bytes);
  std::shared_ptr<Count> count_ = std::make_shared<Count>();
};

}  // namespace janus::oracle
