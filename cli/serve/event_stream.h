// Server-sent events as a reply.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/io/json_output.h"
#include "cli/serve/api_error.h"
#include "cli/serve/http/exchange.h"

namespace janus::cli {

struct ServerEvent {
  std::string data;        // one line
  std::string event = {};  // its type; empty for none
};

// May be used from several threads. The reply begins with the first event, so that an error before it still
// has a status of its own.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  // What stands before all other events: sent when the reply begins.
  void begin_with(std::vector<ServerEvent> events);
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
  void send_locked(std::string_view data, std::string_view event);

  const std::shared_ptr<Exchange> exchange_;
  std::mutex mutex_;
  std::vector<ServerEvent> first_;
  bool begun_ = false, ended_ = false;
};

}  // namespace janus::cli
