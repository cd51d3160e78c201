#include "cli/serve/ordered_work.h"

#include <utility>

namespace janus::cli {

void OrderedWork::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    if (std::exchange(runs_, true)) return;
  }
  workers_->post([self = shared_from_this()] { self->run(); });
}

// One piece at a time, so that others' work comes in between.
void OrderedWork::run() {
  std::function<void()> work;
  {
    const std::lock_guard lock(mutex_);
    work = std::move(waiting_.front());
    waiting_.pop_front();
  }
  work();
  {
    const std::lock_guard lock(mutex_);
    runs_ = !waiting_.empty();
    if (!runs_) return;
  }
  workers_->post([self = shared_from_this()] { self->run(); });
}

}  // namespace janus::cli
