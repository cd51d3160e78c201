#include "cli/sources/image_feed.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/app/command.h"
#include "cli/journal/key.h"
#include "cli/sources/load_image.h"
#include "cli/sources/sources.h"
#include "core/base/ascii.h"
#include "core/base/start_thread.h"
#include "vision/image_file.h"
#include "vision/image_kind.h"

namespace janus::cli {
namespace {

constexpr size_t kListedAhead = 64;  // paths, or members of archives in memory
constexpr int kMostLoaders = 16;
constexpr std::chrono::milliseconds kWait{100};

int loaders_for(const SourceSettings& settings) {
  if (settings.decoders > 0) return static_cast<int>(settings.decoders);
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(processors, 1, kMostLoaders);
}

// The model's threads wait for each other after every operation, so one that is kept waiting for its
// processor holds up all of them; an image decoded later holds up nothing while the queue is filled.
void lower_priority() {
  constexpr int kNicer = 10;
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNicer);
}

void take_content(ListedImage& image, const std::function<std::string()>& content, MemoryBudget& budget) {
  image.take_share(budget);
  image.content = content();
  image.has_content = true;
}

}  // namespace

ImageFeed::ImageFeed(FeedPlan plan)
    : plan_(std::move(plan)),
      listed_(kListedAhead, ImageOrder::listed),
      loaded_(plan_.ahead, plan_.order),
      loaders_(loaders_for(plan_.sources)) {
  try {
    start();
  } catch (...) {
    abandon();
    throw;
  }
}

void ImageFeed::start() {
  const int loaders = loaders_;
  threads_.reserve(static_cast<size_t>(loaders) + 2);
  threads_.push_back(start_task([this] { guard([this] { list(); }); }));
  threads_.push_back(start_task([this] { guard([this] { load(); }); }));
  int started = 1;
  // The others make it faster.
  const std::optional<std::string> fault = any_error_of([&] {
    while (started < loaders) {
      threads_.push_back(start_task([this] { guard([this] { load(); }); }));
      ++started;
    }
    threads_.push_back(start_task([this] { count(); }));
  });
  if (fault) plan_.console.detail(*fault);
  if ((loaders_ -= loaders - started) == 0) loaded_.finish();
}

// What stands in its way, the listing meets and tells.
void ImageFeed::count() {
  (void)any_error_of([&] {
    const auto images = count_images(plan_.sources, [this] { return ending_.load(); });
    const int64_t limit = plan_.sources.limit;
    if (images) plan_.progress.total = limit > 0 ? std::min(*images, limit) : *images;
  });
}

ImageFeed::~ImageFeed() { abandon(); }

// A thread that fails must not leave the others waiting.
void ImageFeed::guard(const std::function<void()>& action) {
  struct Alarm {
    ImageFeed& feed;
    bool done = false;
    ~Alarm() {
      if (!done) feed.abandon();
    }
  } alarm{*this};
  action();
  alarm.done = true;
}

std::optional<LoadedImage> ImageFeed::take(bool wait) {
  return loaded_.pop_within(wait ? kWait : std::chrono::milliseconds(0));
}

void ImageFeed::end() {
  abandon();
  for (std::future<void>& thread : threads_) thread.get();
  threads_.clear();
}

void ImageFeed::abandon() {
  ending_ = true;
  listed_.abandon();
  loaded_.abandon();
}

void ImageFeed::list() {
  const SourceVisitor visitor{
      .on_image = [this](ListedImage image,
                         const std::function<std::string()>& content) { return accept(image, content); },
      .on_fault =
          [this](const std::string& message) {
            ++plan_.progress.source_faults;
            plan_.console.error(message);
          },
      .on_archive =
          [this](const ListedImage& archive) {
            if (!archive.fault.empty()) {
              ++plan_.progress.source_faults;
              plan_.console.error(archive.fault);
            }
            plan_.on_archive(archive);
          },
      .on_passed_over = [this](const std::string& one, const std::string& many,
                               const std::string& path) { plan_.progress.passed_over.add(one, many, path); },
      .stopped = [this] { return ending_.load(); }};
  list_images(plan_.sources, visitor);
  plan_.progress.listed_all = !ending_;
  listed_.finish();
}

// An image whose size cannot be told goes on, so that its record says why.
bool ImageFeed::meets_conditions(ListedImage& image, const std::function<std::string()>& content) {
  bool holds = true;
  error_of([&] {
    if (content) take_content(image, content, memory_.queued);
    read_content(image, memory_.queued);
    const ImageSize size = read_image_size(std::as_bytes(std::span(image.content)), image.key);
    const auto kind = image_kind_of(std::as_bytes(std::span(image.content)));
    holds = plan_.sources.where.holds({.width = size.width,
                                       .height = size.height,
                                       .bytes = image.bytes,
                                       .format = kind ? ascii_lower(kind->name) : ""});
  });
  return holds;
}

// False ends the listing.
bool ImageFeed::accept(ListedImage& image, const std::function<std::string()>& content) {
  if (ending_) return false;
  const int64_t limit = plan_.sources.limit;
  if (limit > 0 && taken_ == limit) return false;
  if (!seen_.insert(hash_of_key(identity_of_key(image.key))).second) {
    ++plan_.progress.named_twice;
    return true;
  }
  const Need need = plan_.need_of(image);
  if (need == Need::work && !plan_.sources.where.empty() && !meets_conditions(image, content)) {
    ++plan_.progress.filtered;
    return true;
  }
  ++taken_;
  if (need == Need::nothing) ++plan_.progress.done_before;
  if (need == Need::failed) ++plan_.progress.still_failed;
  if (need == Need::unwritable) {
    ++plan_.progress.failed;
    ++plan_.progress.transient;
  }
  if (need != Need::work) return true;
  if (content && !image.has_content) {
    const std::optional<Fault> fault = fault_of([&] { take_content(image, content, memory_.queued); });
    if (fault) {
      image.fault = fault->message;
      image.fault_transient = fault->transient;
    }
  }
  const int64_t place = image.place = places_++;
  return listed_.push(place, std::move(image));
}

void ImageFeed::load() {
  lower_priority();
  while (std::optional<ListedImage> listed = listed_.pop()) {
    const int64_t place = listed->place;
    if (!loaded_.push(place,
                      load_image(std::move(*listed), plan_.prepare, plan_.sources.pixel_limit, memory_)))
      return;
  }
  if (--loaders_ == 0) loaded_.finish();
}

}  // namespace janus::cli
