// The images that a model's requests have shown last, so that one that comes again is not decoded anew: the
// next question about it, a follow-up with the whole conversation, a second client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <span>
#include <string>

#include "generator/engine/request.h"

namespace janus::cli {

// Knows an image by the SHA-256 of its file, and gives the same object each time. The engine keeps what it
// has seen in an image as long as the object is there, and what it has read of a prompt with it.
//
// May be used from several threads.
class KnownImages {
 public:
  // What is kept at most, as a model takes images: 18 of 384 x 384.
  static constexpr int64_t kMost_bytes = int64_t{32} << 20;

  explicit KnownImages(int64_t most_bytes = kMost_bytes) : most_bytes_(most_bytes) {}

  // The image of a file that holds `file`: the one that is known, or what `make` returns, which is kept then
  // in place of those that were not asked for longest. Lets through what `make` throws.
  PromptImage find_or_make(std::span<const std::byte> file, const std::function<PromptImage()>& make);

 private:
  using Uses = std::list<std::string>;  // hashes, the last used first
  struct Known {
    PromptImage image;
    Uses::iterator use;
  };

  PromptImage find(const std::string& hash);
  PromptImage keep(const std::string& hash, PromptImage image);

  const int64_t most_bytes_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Known> known_;
  Uses uses_;
  int64_t bytes_ = 0;
};

}  // namespace janus::cli
