#include "core/tensor/dry_device.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"

namespace janus {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

std::shared_ptr<void> DryDevice::allocate(size_t bytes) {
  const size_t room = bytes / kAlignment * kAlignment + kAlignment;
  check(bytes < kFirstAddress && next_ + room > next_,
        "memory: expected a tensor that a machine can hold, found {} bytes", bytes);
  void* memory = reinterpret_cast<void*>(next_);  // NOLINT(performance-no-int-to-ptr): never read
  next_ += room;
  bytes = allocation_bytes(bytes);
  count_->live += bytes;
  count_->peak = std::max(count_->peak, count_->live);
  return {memory, [count = count_, bytes](void*) { count->live -= bytes; }};
}

void DryDevice::reserve_scratch(std::initializer_list<size_t> blocks) {
  size_t all = count_->live;
  for (const size_t bytes : blocks) all += allocation_bytes(bytes);
  count_->peak = std::max(count_->peak, all);
}

void DryDevice::upload(void*, const void*, size_t bytes) { passed_bytes_ += bytes; }

void DryDevice::download(void* to_host, const void*, size_t bytes) { std::memset(to_host, 0, bytes); }

void DryDevice::convert(const Tensor& x, Tensor&) {
  if (!is_own(x.raw())) passed_bytes_ += x.bytes();
}

void DryDevice::l2_normalize(const Tensor& x, float, Tensor&) {
  // Converting a weight is a step of loading: the result is kept in place of what is stored.
  if (!is_own(x.raw())) passed_bytes_ += x.bytes();
}

}  // namespace janus
