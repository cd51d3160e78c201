// The log of requests: a JSON object a line on standard error.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "cli/io/console.h"
#include "cli/serve/http/http_server.h"

namespace janus::cli {

// {"time", "client", "method", "path", "status", "ms", "bytes_in", "bytes_out"}, and "gone" where the client
// has not taken the whole reply. With content {"request": the body as text} too, in which images are cut out.
// A thread of its own writes; where standard error takes no more, lines are lost rather than requests held
// up.
class AccessLog {
 public:
  AccessLog(Console& console, bool content);
  // Writes what waits.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void add(const HttpOutcome& done);

 private:
  void run();

  Console& console_;
  const bool content_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::string> lines_;
  bool ends_ = false;
  std::thread thread_;
};

// The body of a request with every word of base64 that is as long as an image cut to its beginning.
std::string without_images(const std::string& body);

}  // namespace janus::cli
