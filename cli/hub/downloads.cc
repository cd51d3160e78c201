#include "cli/hub/downloads.h"

#include <algorithm>
#include <future>

#include "core/base/machine_fault.h"
#include "core/base/start_thread.h"

namespace janus::hub {
namespace {

// Tells all others to stop when one ends with an Error.
class StopUnlessDone {
 public:
  explicit StopUnlessDone(std::atomic<bool>& stop) : stop_(stop) {}
  ~StopUnlessDone() {
    if (!done_) stop_ = true;
  }
  StopUnlessDone(const StopUnlessDone&) = delete;
  StopUnlessDone& operator=(const StopUnlessDone&) = delete;
  void done() { done_ = true; }

 private:
  std::atomic<bool>& stop_;
  bool done_ = false;
};

}  // namespace

Downloads::Downloads(Server& server, const BlobSource& source, std::vector<RemoteFile> files,
                     const PullEvents& events)
    : server_(server),
      source_(source),
      files_(std::move(files)),
      events_(events),
      downloaded_(files_.size()) {
  std::stable_sort(files_.begin(), files_.end(), [](auto& a, auto& b) { return a.bytes > b.bytes; });
  for (const RemoteFile& file : files_) {
    total_ += file.bytes;
    done_ += bytes_there(source_, file);
  }
  missing_ = total_ - done_;
}

void Downloads::run(int jobs) {
  events_.progress(done_, total_);
  std::vector<std::future<void>> workers;
  jobs = std::min(jobs, static_cast<int>(files_.size()));
  workers.reserve(static_cast<size_t>(jobs));
  try {
    while (std::ssize(workers) < jobs) workers.push_back(start_task([this] { work(); }));
  } catch (const MachineFault&) {
    if (workers.empty()) throw;  // fewer take longer
  }
  for (std::future<void>& worker : workers) worker.wait();
  for (std::future<void>& worker : workers) worker.get();  // throws what ended it
}

void Downloads::work() {
  StopUnlessDone guard(server_.stop);
  HttpClient client(&server_.stop);
  for (size_t i = next_++; i < files_.size() && !server_.stop; i = next_++) {
    downloaded_[i] = fetch_blob(source_, client, files_[i],
                                [this](int64_t bytes) { events_.progress(done_ += bytes, total_); });
  }
  guard.done();
}

std::vector<PulledFile> Downloads::result() const {
  std::vector<PulledFile> pulled;
  for (size_t i = 0; i < files_.size(); ++i)
    pulled.push_back({files_[i].name, files_[i].bytes, downloaded_[i]});
  std::sort(pulled.begin(), pulled.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return pulled;
}

}  // namespace janus::hub
