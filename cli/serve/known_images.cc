#include "cli/serve/known_images.h"

#include <utility>

#include "core/base/digest.h"

namespace janus::cli {
namespace {

int64_t bytes_of(const PromptImage& image) { return static_cast<int64_t>(image->size() * sizeof(float)); }

}  // namespace

PromptImage KnownImages::find_or_make(std::span<const std::byte> file,
                                      const std::function<PromptImage()>& make) {
  const std::string hash =
      sha256_of({reinterpret_cast<const char*>(file.data()), file.size()});  // NOLINT: bytes are characters
  if (PromptImage known = find(hash)) return known;
  return keep(hash, make());
}

PromptImage KnownImages::find(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end()) return nullptr;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.image;
}

PromptImage KnownImages::keep(const std::string& hash, PromptImage image) {
  const int64_t bytes = bytes_of(image);
  if (bytes > most_bytes_) return image;
  const std::lock_guard lock(mutex_);
  // Another request may have brought the same file meanwhile.
  if (const auto found = known_.find(hash); found != known_.end()) return found->second.image;
  while (bytes_ + bytes > most_bytes_) {
    const auto oldest = known_.find(uses_.back());
    bytes_ -= bytes_of(oldest->second.image);
    known_.erase(oldest);
    uses_.pop_back();
  }
  uses_.push_front(hash);
  known_.emplace(hash, Known{.image = image, .use = uses_.begin()});
  bytes_ += bytes;
  return image;
}

}  // namespace janus::cli
