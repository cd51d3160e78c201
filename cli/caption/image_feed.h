// Loaded images, made ready on threads of their own ahead of who takes them.
#pragma once

#include <future>
#include <vector>

#include "cli/caption/bounded_queue.h"
#include "cli/caption/pipeline.h"

namespace janus::cli {

class ImageFeed {
 public:
  // `run` must outlive it.
  explicit ImageFeed(const CaptionRun& run);
  // Ends the threads; what they have made is dropped.
  ~ImageFeed();
  ImageFeed(const ImageFeed&) = delete;
  ImageFeed& operator=(const ImageFeed&) = delete;

  // The next image; waits a moment for one if `wait`.
  std::optional<LoadedImage> take(bool wait);
  // Whether the last one has been taken and none will come.
  bool drained() { return loaded_.drained(); }
  // Ends the threads. Throws what ended one of them before, if anything did.
  void end();

 private:
  void list();
  bool accept(ListedImage& image, const std::function<std::string()>& content);
  bool meets_conditions(ListedImage& image, const std::function<std::string()>& content) const;
  void load();
  void abandon();
  void guard(const std::function<void()>& action);

  const CaptionRun& run_;
  BoundedQueue<ListedImage> listed_;
  BoundedQueue<LoadedImage> loaded_;
  MemoryBudget budget_;
  std::atomic<bool> ending_{false};
  std::atomic<int> loaders_;
  int64_t taken_ = 0;  // towards the limit
  std::vector<std::future<void>> threads_;
};

}  // namespace janus::cli
