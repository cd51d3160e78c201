#include "cli/serve/event_stream.h"

#include <string>

#include "cli/serve/replies.h"

namespace janus::cli {
namespace {

std::string event_text(std::string_view data, std::string_view event) {
  std::string text;
  text.reserve(data.size() + event.size() + 20);
  if (!event.empty()) text.append("event: ").append(event).append("\n");
  return text.append("data: ").append(data).append("\n\n");
}

}  // namespace

void EventStream::send_first(std::string_view data, std::string_view event) {
  const std::lock_guard lock(mutex_);
  if (!begun_) first_ += event_text(data, event);
}

void EventStream::begin() {
  const std::lock_guard lock(mutex_);
  if (!ended_) begin_locked();
}

void EventStream::send(std::string_view data, std::string_view event) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  begin_locked();
  exchange_->write(event_text(data, event));
}

void EventStream::note(const Json& json) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  begin_locked();
  exchange_->write(": janus " + to_line(json) + "\n\n");
}

void EventStream::end() {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  begin_locked();
  ended_ = true;
  exchange_->end();
}

void EventStream::fail(const ApiError& error, std::string_view event, std::string_view data) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  ended_ = true;
  const HttpReply reply = error_reply(exchange_->request().path, error);
  if (!begun_) return exchange_->reply(reply);
  exchange_->write(event_text(data.empty() ? std::string_view(reply.body) : data, event));
  exchange_->end();
}

void EventStream::begin_locked() {
  if (begun_) return;
  begun_ = true;
  // The last is nginx's: it would collect events before it passes them on.
  exchange_->begin(200, "text/event-stream", {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}});
  exchange_->write(std::exchange(first_, {}));
}

}  // namespace janus::cli
