// Memory of a card.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace janus::cuda {

// Where blocks come from. `take` gives null where there is no room.
struct MemorySource {
  std::function<void*(size_t bytes)> take;
  std::function<void(void* memory)> give_back;
  std::function<size_t()> room;  // for messages
};

// Keeps freed blocks for the next allocation: the runtime's own take far longer than most operations and wait
// for the card. A block that fits is used again at once, since all work is in one stream. What is kept goes
// back when there is no room otherwise.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  explicit MemoryPool(MemorySource source) : source_(std::move(source)) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Aligned to 256 bytes; returns to the pool when the last owner lets go, which may be after the device.
  // Throws Error naming the size and what is left.
  std::shared_ptr<void> allocate(size_t bytes);

  size_t taken_bytes() const { return taken_bytes_; }  // from the source, kept or in use

 private:
  void* take(size_t bytes);
  void release_kept();

  MemorySource source_;
  std::mutex mutex_;
  std::multimap<size_t, void*> kept_;
  size_t taken_bytes_ = 0;
};

// What is asked of the source for `bytes`: sizes of few kinds, so that blocks fit again. At most an eighth
// more, or 512 bytes.
constexpr size_t pooled_size(size_t bytes) {
  size_t step = 512;
  while (step * 16 <= bytes) step *= 2;
  return bytes == 0 ? step : (bytes + step - 1) / step * step;
}

}  // namespace janus::cuda
