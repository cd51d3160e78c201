// Work for the workers that has to be done in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "cli/serve/service.h"

namespace janus::cli {

// Each piece of work begins when the one before has ended. The workers must outlive it. Made by make_shared.
class OrderedWork : public std::enable_shared_from_this<OrderedWork> {
 public:
  explicit OrderedWork(Workers& workers) : workers_(&workers) {}
  void post(std::function<void()> work);

 private:
  void run();

  Workers* workers_;
  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
  bool runs_ = false;
};

}  // namespace janus::cli
