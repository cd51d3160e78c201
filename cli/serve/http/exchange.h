// One request of an HTTP client and the reply to it, whatever library carries them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace janus::cli {

struct HttpRequest {
  std::string method = {};                                      // "GET"
  std::string path = {};                                        // decoded, without the query: "/v1/models"
  std::vector<std::pair<std::string, std::string>> query = {};  // decoded, in order
  std::map<std::string, std::string> headers = {};              // names in lower case
  std::string body = {};
  std::string client = {};  // the address: "127.0.0.1"
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  int status = 200;
  std::string type = "application/json";  // Content-Type
  std::string body = {};
  HttpHeaders headers = {};
};

// Takes either one reply(), or one begin(), any number of write() and one end(); further calls do nothing.
// All may be called from any thread and none of them waits for the client. One that is let go of without an
// answer replies 500.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const HttpRequest& request() const = 0;

  virtual void reply(HttpReply reply) = 0;

  // A reply that is written piece by piece: server-sent events, lines of JSON.
  virtual void begin(int status, const std::string& type, HttpHeaders headers = {}) = 0;
  virtual void write(std::string_view piece) = 0;
  virtual void end() = 0;

  // Calls `action` once if the client goes away before the reply is whole: soon after, on any thread; at once
  // if it has gone already. A later call replaces the action.
  virtual void when_gone(std::function<void()> action) = 0;
};

}  // namespace janus::cli
