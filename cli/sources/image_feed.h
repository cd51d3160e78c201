// Loaded images, made ready on threads of their own ahead of who takes them.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <unordered_set>
#include <vector>

#include "cli/io/console.h"
#include "cli/journal/key.h"
#include "cli/sources/feed_progress.h"
#include "cli/sources/listed_image.h"
#include "cli/sources/load_image.h"
#include "cli/sources/ordered_queue.h"
#include "cli/sources/settings.h"

namespace janus::cli {

// What is to be done about a listed image.
enum class Need {
  nothing,     // it is done
  failed,      // its record is an error, which is not to be tried again
  work,        // what the run is about
  unwritable,  // the result would have nowhere to go
};

// What a run wants of its feed. All of it must outlive the feed.
struct FeedPlan {
  const SourceSettings& sources;
  FeedProgress& progress;
  Console& console;
  Prepare prepare;                        // called on several threads
  size_t ahead = 8;                       // loaded images that wait at most
  ImageOrder order = ImageOrder::loaded;  // in which they are taken
  // Both are called on the thread that lists.
  std::function<Need(ListedImage&)> need_of = [](ListedImage&) { return Need::work; };
  // What became of an archive: its fault, or none.
  std::function<void(const ListedImage&)> on_archive = [](const ListedImage&) {};
};

class ImageFeed {
 public:
  explicit ImageFeed(FeedPlan plan);
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
  void start();
  void count();
  void list();
  bool accept(ListedImage& image, const std::function<std::string()>& content);
  bool meets_conditions(ListedImage& image, const std::function<std::string()>& content);
  void load();
  void abandon();
  void guard(const std::function<void()>& action);

  const FeedPlan plan_;
  OrderedQueue<ListedImage> listed_;
  OrderedQueue<LoadedImage> loaded_;
  FeedMemory memory_;
  std::atomic<bool> ending_{false};
  std::atomic<int> loaders_;
  std::unordered_set<KeyHash, HashOfKeyHash> seen_;  // of identities
  int64_t taken_ = 0;                                // towards the limit
  int64_t places_ = 0;                               // given to images that are to be loaded
  std::vector<std::future<void>> threads_;
};

}  // namespace janus::cli
