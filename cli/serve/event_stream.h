// Server-sent events as a reply.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "cli/io/json_output.h"
#include "cli/serve/api_error.h"
#include "cli/serve/http/exchange.h"

namespace janus::cli {

// May be used from several threads. The reply begins with the first event, so that an error before it still
// has a status of its own.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  // An event that stands before all that send() sends, whenever it does: it waits until the reply begins.
  void send_first(std::string_view data, std::string_view event = {});
  // Begins the reply, if it has not begun or ended.
  void begin();
  // data: one line. event: its type; empty for none.
  void send(std::string_view data, std::string_view event = {});
  // A comment, which clients pass over: ": janus {...}". The page looks for the place in the queue there.
  void note(const Json& json);
  void end();
  // Answers with an error, or where the reply has begun ends it with an event of one: what it would have
  // answered, or `data`.
  void fail(const ApiError& error, std::string_view event = {}, std::string_view data = {});

 private:
  void begin_locked();

  const std::shared_ptr<Exchange> exchange_;
  std::mutex mutex_;
  std::string first_;
  bool begun_ = false, ended_ = false;
};

}  // namespace janus::cli
