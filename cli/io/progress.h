// Shows how far a long piece of work is: a bar on a terminal, else a line every few seconds.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/io/console.h"
#include "cli/io/progress_line.h"
#include "generator/model.h"

namespace janus::cli {

// "1:05", "2:00:00".
std::string clock_time(double seconds);

// How far a run over many items is, by its own count.
struct RunStatus {
  std::string count;  // for people: how many of how many
  std::string rate;   // how fast; may be empty
  std::string left;   // the time, "1:05 left"; may be empty
  double share = -1;  // done of all; negative = not known
  std::string json;   // one object, for programs
};

// Anything that takes over a second is shown with its phase, steps done and to do, rate and time left. One at
// a time; a thread of its own keeps it alive while a single step takes long.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(Console& console);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // The following phases belong to item `index` (from 0) of `count` ("image 3 of 10").
  void begin_item(std::string_view noun, size_t index, size_t count);
  // `done` of `total` steps of `phase`; total 0 = not known.
  void update(std::string_view phase, int64_t done, int64_t total);
  // The same in bytes, whose sum may also fall: what several threads tell does not come in order.
  void update_bytes(std::string_view phase, int64_t done, int64_t total);
  // Shows what `status` says, asked on the display's own thread, until hide(), which tells its last state
  // too.
  void follow(std::function<RunStatus()> status);
  // Shows nothing until the next phase or item.
  void hide();
  // For the library's calls. Must not outlive this.
  Progress callback();

 private:
  using Clock = std::chrono::steady_clock;

  void begin_phase(std::string_view phase, int64_t done);
  void run();
  void draw(Clock::time_point now);
  bool due(Clock::time_point now);
  std::string phase_json() const;
  std::vector<LinePart> item_parts(Clock::time_point now) const;
  std::vector<LinePart> phase_parts(Clock::time_point now) const;

  Console& console_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;

  std::function<RunStatus()> status_;
  std::string item_, phase_;
  size_t item_index_ = 0, item_count_ = 1;
  Clock::time_point items_start_;
  bool hidden_ = true, bytes_ = false;
  int64_t done_ = 0, total_ = 0, first_done_ = 0;
  Clock::time_point phase_start_, last_line_;
  std::thread thread_;
};

}  // namespace janus::cli
