// An exchange without a network: it holds a request, and keeps what a handler answers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/serve/http/exchange.h"

namespace janus::cli {

class RecordingExchange : public Exchange {
 public:
  explicit RecordingExchange(HttpRequest request) : request_(std::move(request)) {}

  // -- the handler's side -----------------------------------------------------------------------------------

  const HttpRequest& request() const override { return request_; }

  void reply(HttpReply reply) override {
    const std::lock_guard lock(mutex_);
    if (begun_ || ended_) return;
    reply_ = std::move(reply);
    ended_ = true;
    changed_.notify_all();
  }

  void begin(int status, const std::string& type, HttpHeaders headers) override {
    const std::lock_guard lock(mutex_);
    if (begun_ || ended_) return;
    reply_ = {.status = status, .type = type, .body = {}, .headers = std::move(headers)};
    begun_ = true;
    changed_.notify_all();
  }

  void write(std::string_view piece) override {
    const std::lock_guard lock(mutex_);
    if (!begun_ || ended_) return;
    reply_.body += piece;
    ++pieces_;
    changed_.notify_all();
  }

  void end() override {
    const std::lock_guard lock(mutex_);
    if (!begun_) return;
    ended_ = true;
    changed_.notify_all();
  }

  void when_gone(std::function<void()> action) override {
    std::unique_lock lock(mutex_);
    if (!gone_) {
      on_gone_ = std::move(action);
      return;
    }
    lock.unlock();
    if (action) action();
  }

  // -- the test's side --------------------------------------------------------------------------------------

  // The reply, once it is whole. One that has not come within a minute has the status 0.
  HttpReply wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return ended_; })) return {.status = 0};
    return reply_;
  }

  // Waits until the handler has written `count` pieces. False where it ended before.
  bool wait_for_pieces(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return ended_ || pieces_ >= count; });
    return pieces_ >= count;
  }

  // Whether the reply was written piece by piece.
  bool streamed() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

  // The client goes away.
  void leave() {
    std::unique_lock lock(mutex_);
    if (std::exchange(gone_, true) || ended_) return;
    const std::function<void()> action = std::move(on_gone_);
    lock.unlock();
    if (action) action();
  }

 private:
  static constexpr std::chrono::minutes kPatience{1};

  const HttpRequest request_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  HttpReply reply_;
  int pieces_ = 0;
  bool begun_ = false, ended_ = false, gone_ = false;
  std::function<void()> on_gone_;
};

// The "data" of server-sent events, in order.
inline std::vector<std::string> event_data(std::string_view body) {
  std::vector<std::string> all;
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size());
    if (body.starts_with("data: ")) all.emplace_back(body.substr(6, end - 6));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return all;
}

}  // namespace janus::cli
