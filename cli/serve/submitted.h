// The requests to a model's engine that one request of a client has become.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "cli/serve/model_host.h"

namespace janus::cli {

// They are given up together. May be used from several threads.
class Submitted {
 public:
  explicit Submitted(std::shared_ptr<ServedModel> model) : model_(std::move(model)) {}

  // Submits another one, as the model does. It is given up at once where cancel() came first.
  template <typename Request, typename Sink>
  void submit(Request request, Sink sink) {
    const RequestId id = model_->submit(std::move(request), std::move(sink));
    {
      const std::lock_guard lock(mutex_);
      ids_.push_back(id);
      if (!cancelled_) return;
    }
    model_->cancel(id);
  }

  // Gives up those that have not ended.
  void cancel() {
    std::vector<RequestId> ids;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      ids = ids_;
    }
    for (const RequestId id : ids) model_->cancel(id);
  }

 private:
  const std::shared_ptr<ServedModel> model_;
  std::mutex mutex_;  // guards what follows
  std::vector<RequestId> ids_;
  bool cancelled_ = false;
};

}  // namespace janus::cli
