#include "cli/caption/picture_feed.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "cli/app/command.h"
#include "cli/caption/load_picture.h"
#include "cli/caption/sources.h"
#include "core/base/error.h"
#include "vision/image_file.h"

namespace janus::cli {
namespace {

constexpr size_t kListedAhead = 64;  // paths, or members of archives in memory
constexpr size_t kDecodeBytes = size_t{1}
                                << 28;  // of pictures being decoded at once, but for a single larger one
constexpr int kMostLoaders = 16;
constexpr std::chrono::milliseconds kPatience{100};

int loaders_for(const CaptionSettings& settings) {
  if (settings.decoders > 0) return static_cast<int>(settings.decoders);
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(processors, 1, kMostLoaders);
}

// The model's threads wait for each other after every operation, so one that is kept waiting for its
// processor holds up all of them; a picture decoded later holds up nothing while the queue is filled.
void step_back() {
  constexpr int kNicer = 10;
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNicer);
}

}  // namespace

PictureFeed::PictureFeed(const CaptionRun& run)
    : run_(run),
      listed_(kListedAhead),
      loaded_(static_cast<size_t>(2 * run.settings.batch + 2)),
      budget_(kDecodeBytes),
      loaders_(loaders_for(run.settings)) {
  const int loaders = loaders_;
  threads_.push_back(std::async(std::launch::async, [this] { guard([this] { list(); }); }));
  threads_.push_back(std::async(std::launch::async, [this] {
    const auto count = count_pictures(run_.settings.sources, [this] { return ending_.load(); });
    const int64_t limit = run_.settings.limit;
    if (count) run_.progress.total = limit > 0 ? std::min(*count, limit) : *count;
  }));
  for (int i = 0; i < loaders; ++i) {
    threads_.push_back(std::async(std::launch::async, [this] { guard([this] { load(); }); }));
  }
}

PictureFeed::~PictureFeed() { abandon(); }

// A thread that fails must not leave the others waiting.
void PictureFeed::guard(const std::function<void()>& action) {
  struct Alarm {
    PictureFeed& feed;
    bool done = false;
    ~Alarm() {
      if (!done) feed.abandon();
    }
  } alarm{*this};
  action();
  alarm.done = true;
}

std::optional<LoadedPicture> PictureFeed::take(bool wait) {
  return loaded_.pop_within(wait ? kPatience : std::chrono::milliseconds(0));
}

void PictureFeed::end() {
  abandon();
  for (std::future<void>& thread : threads_) thread.get();
  threads_.clear();
}

void PictureFeed::abandon() {
  ending_ = true;
  listed_.abandon();
  loaded_.abandon();
}

void PictureFeed::list() {
  const SourceVisitor visitor{
      .on_picture = [this](ListedPicture picture,
                           const std::function<std::string()>& content) { return accept(picture, content); },
      .on_fault =
          [this](const std::string& message) {
            ++run_.progress.source_faults;
            run_.console.error(message);
          },
      .stopped = [this] { return ending_.load(); }};
  list_pictures(run_.settings.sources, visitor);
  run_.progress.listed_all = !ending_;
  listed_.finish();
}

// A picture whose size cannot be told goes on, so that its record says why.
bool PictureFeed::meets_conditions(ListedPicture& picture,
                                   const std::function<std::string()>& content) const {
  bool holds = true;
  error_of([&] {
    if (content) {
      picture.content = content();
      picture.has_content = true;
    }
    read_content(picture);
    const PictureSize size = read_picture_size(std::as_bytes(std::span(picture.content)), picture.key);
    const PictureFacts facts{size.width, size.height, picture.bytes};
    holds = std::all_of(run_.settings.where.begin(), run_.settings.where.end(),
                        [&](const Condition& condition) { return condition.holds(facts); });
  });
  return holds;
}

// False ends the listing.
bool PictureFeed::accept(ListedPicture& picture, const std::function<std::string()>& content) {
  if (ending_) return false;
  const int64_t limit = run_.settings.limit;
  if (limit > 0 && taken_ == limit) return false;
  if (!run_.output.first_time(picture.key)) {
    ++run_.progress.skipped;
    return true;
  }
  const Need need = run_.output.need_of(picture);
  if (need == Need::caption && !run_.settings.where.empty() && !meets_conditions(picture, content)) {
    ++run_.progress.skipped;
    return true;
  }
  ++taken_;
  if (need != Need::caption) {
    ++(need == Need::failed ? run_.progress.still_failed : run_.progress.skipped);
    return true;
  }
  if (content && !picture.has_content) {
    const std::optional<std::string> fault = error_of([&] { picture.content = content(); });
    picture.has_content = !fault;
    if (fault) picture.fault = *fault;
  }
  return listed_.push(std::move(picture));
}

void PictureFeed::load() {
  step_back();
  while (std::optional<ListedPicture> listed = listed_.pop()) {
    if (!loaded_.push(load_picture(std::move(*listed), run_.model.preprocess_config(), budget_))) return;
  }
  if (--loaders_ == 0) loaded_.finish();
}

}  // namespace janus::cli
