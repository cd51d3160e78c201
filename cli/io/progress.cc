#include "cli/io/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/json_line.h"
#include "core/base/readable_bytes.h"

namespace janus::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kFirstShown{1};
constexpr std::chrono::seconds kBetweenLines{5};
constexpr std::chrono::seconds kBetweenObjects{1};

std::string bar_of(double share) {
  constexpr int kCells = 20;
  int full = std::clamp(static_cast<int>(share * kCells), 0, kCells);
  return "[" + std::string(full, '#') + std::string(kCells - full, '.') + "]";
}

std::vector<LinePart> parts_of(const RunStatus& status, bool bar) {
  std::vector<LinePart> parts;
  if (bar && status.share >= 0) parts.push_back({bar_of(status.share) + " ", Worth::bar});
  parts.push_back({status.count, Worth::count});
  if (!status.rate.empty()) parts.push_back({", " + status.rate, Worth::rate});
  if (!status.left.empty()) parts.push_back({", " + status.left, Worth::time});
  return parts;
}

}  // namespace

std::string clock_time(double seconds) {
  auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

ProgressDisplay::ProgressDisplay(Console& console) : console_(console) {
  if (console.quiet()) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::exception&) {
    // Without a thread, or memory for one, nothing is displayed; the work may well be done.
  }
}

ProgressDisplay::~ProgressDisplay() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  console_.clear_bar();
}

void ProgressDisplay::begin_item(std::string_view noun, size_t index, size_t count) {
  std::lock_guard lock(mutex_);
  item_ = fmt::format("{} {} of {}", noun, index + 1, count);
  if (index == 0) items_start_ = Clock::now();
  item_index_ = index;
  item_count_ = count;
  phase_.clear();
  hidden_ = true;
}

void ProgressDisplay::update(std::string_view phase, int64_t done, int64_t total) {
  std::lock_guard lock(mutex_);
  if (phase != phase_ || done < done_) begin_phase(phase, done);
  bytes_ = false;
  done_ = done;
  total_ = total;
}

void ProgressDisplay::update_bytes(std::string_view phase, int64_t done, int64_t total) {
  std::lock_guard lock(mutex_);
  if (phase != phase_) begin_phase(phase, done);
  bytes_ = true;
  done_ = done;
  total_ = total;
}

void ProgressDisplay::begin_phase(std::string_view phase, int64_t done) {
  phase_ = phase;
  hidden_ = false;
  first_done_ = done;
  phase_start_ = Clock::now();
  if (item_count_ == 1) last_line_ = {};
}

void ProgressDisplay::follow(std::function<RunStatus()> status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  hidden_ = false;
  item_count_ = 1;
  phase_start_ = Clock::now();
  last_line_ = {};
}

void ProgressDisplay::hide() {
  {
    std::lock_guard lock(mutex_);
    hidden_ = true;
    if (status_ && console_.json_progress()) console_.progress_object(status_().json);
    status_ = nullptr;
  }
  console_.clear_bar();
}

Progress ProgressDisplay::callback() {
  return [this](const char* phase, int64_t done, int64_t total) { update(phase, done, total); };
}

void ProgressDisplay::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kRedraw, [this] { return stopping_; })) {
    Clock::time_point now = Clock::now();
    bool long_phase = now - phase_start_ >= kFirstShown;
    bool long_row = item_count_ > 1 && now - items_start_ >= kFirstShown;
    if (hidden_ || (!long_phase && !long_row)) continue;
    try {
      draw(now);
    } catch (const std::bad_alloc&) {
      // What the work can do without is left out.
    }
  }
}

std::vector<LinePart> ProgressDisplay::item_parts(Clock::time_point now) const {
  if (item_count_ == 1) return {};
  std::vector<LinePart> parts{{item_, Worth::item}};
  if (item_index_ > 0) {
    double elapsed = std::chrono::duration<double>(now - items_start_).count();
    auto done = static_cast<double>(item_index_), all = static_cast<double>(item_count_);
    parts.push_back({", " + clock_time(elapsed / done * (all - done)) + " left", Worth::time});
  }
  return parts;
}

std::vector<LinePart> ProgressDisplay::phase_parts(Clock::time_point now) const {
  // Beside the time that all items take, that of one matters less.
  const Worth time = item_count_ > 1 && item_index_ > 0 ? Worth::rate : Worth::time;
  const char* between = item_count_ > 1 ? ": " : "";
  double elapsed = std::chrono::duration<double>(now - phase_start_).count();
  double rate = static_cast<double>(done_ - first_done_) / elapsed;
  std::vector<LinePart> parts{{between + phase_, Worth::phase}};
  if (total_ <= 1 || rate <= 0) {
    parts.push_back({", " + clock_time(elapsed) + " so far", time});
    return parts;
  }
  if (console_.bars()) {
    parts.push_back({" " + bar_of(static_cast<double>(done_) / static_cast<double>(total_)), Worth::bar});
  }
  if (bytes_) {
    parts.push_back({fmt::format(" {} of {}", readable_bytes(done_), readable_bytes(total_)), Worth::count});
    parts.push_back({fmt::format(", {}/s", readable_bytes(static_cast<int64_t>(rate))), Worth::rate});
  } else {
    parts.push_back({fmt::format(" {}/{}", done_, total_), Worth::count});
    parts.push_back({rate >= 1 ? fmt::format(", {:.1f}/s", rate) : fmt::format(", {:.1f} s each", 1 / rate),
                     Worth::rate});
  }
  parts.push_back({", " + clock_time(static_cast<double>(total_ - done_) / rate) + " left", time});
  return parts;
}

std::string ProgressDisplay::phase_json() const {
  OrderedJson object{{"phase", phase_}, {"done", done_}, {"total", total_}};
  if (item_count_ > 1) object["item"] = item_index_ + 1;
  if (item_count_ > 1) object["items"] = item_count_;
  return to_line(object);
}

// Whether it is time for another line; a bar may always be drawn.
bool ProgressDisplay::due(Clock::time_point now) {
  if (console_.bars()) return true;
  if (now - last_line_ < (console_.json_progress() ? kBetweenObjects : kBetweenLines)) return false;
  last_line_ = now;
  return true;
}

void ProgressDisplay::draw(Clock::time_point now) {
  if (!due(now)) return;
  const bool bar = console_.bars();
  const RunStatus status = status_ ? status_() : RunStatus{};
  if (console_.json_progress()) {
    console_.progress_object(status_ ? status.json : phase_json());
    return;
  }
  std::vector<LinePart> parts = item_parts(now);
  for (LinePart& part : status_ ? parts_of(status, bar) : phase_parts(now)) parts.push_back(std::move(part));
  if (bar) {
    console_.draw_bar(fitted(std::move(parts), Console::bar_width()));
  } else {
    console_.notice(fitted(std::move(parts), SIZE_MAX));
  }
}

}  // namespace janus::cli
