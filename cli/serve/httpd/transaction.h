// One request between libmicrohttpd's thread, which reads it and writes the reply, and the threads that make
// the reply. While there is nothing to write its connection is suspended.
#pragma once

#include <microhttpd.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "cli/serve/http/http_server.h"
#include "cli/serve/httpd/connections.h"

namespace janus::cli {

class Transaction {
 public:
  Transaction(HttpRequest request, HttpHeaders headers, int64_t reply_bytes)
      : request_(std::move(request)), headers_(std::move(headers)), reply_bytes_(reply_bytes) {}

  const HttpRequest& request() const { return request_; }
  std::string& body() { return request_.body; }
  HttpClock::time_point began() const { return began_; }

  // -- from any thread: as Exchange has them ----------------------------------------------------------------

  void reply(HttpReply reply);
  void begin(int status, const std::string& type, HttpHeaders headers);
  void write(std::string_view piece);
  void end();
  void when_gone(std::function<void()> action);
  // Its exchange is let go of: an unfinished reply ends here.
  void abandon();

  // -- the network's thread, and the one that watches -------------------------------------------------------

  // Queues a reply to a request that was never handed over.
  MHD_Result answer_now(MHD_Connection* connection, HttpReply reply);
  // Suspends the connection until there is something to write; false where the client has been given up.
  bool wait_on(MHD_Connection* connection, int socket);
  // Queues what there is for the connection, or suspends it; MHD_NO closes it.
  MHD_Result go_on(const std::shared_ptr<Transaction>& self);
  // The request is over; `whole`: the client has the reply.
  void over(bool whole);
  // Looks whether the client is still there, and keeps an event stream warm.
  void watch(HttpClock::time_point now, HttpClock::duration silence);
  // The client is given up.
  void give_up();

  int status() const { return status_; }
  int64_t bytes_out() const { return bytes_out_; }

 private:
  static ssize_t read_stream(void* self, uint64_t position, char* buffer, size_t most);

  void wake();         // under the lock
  void lose_client();  // without it
  bool hung_up(HttpClock::time_point now);
  void add_headers(MHD_Response* response, const std::string& type, const HttpHeaders& headers) const;
  MHD_Result queue_reply();
  MHD_Result queue_stream(const std::shared_ptr<Transaction>& self);

  HttpRequest request_;
  const HttpHeaders headers_;
  const int64_t reply_bytes_;
  const HttpClock::time_point began_ = HttpClock::now();
  std::atomic<int> status_ = 0;
  std::atomic<int64_t> bytes_out_ = 0;

  std::mutex mutex_;                      // guards all below
  MHD_Connection* connection_ = nullptr;  // while it can be resumed
  int socket_ = -1;
  bool suspended_ = false;
  bool gone_ = false, over_ = false;
  std::optional<HttpClock::time_point> left_;  // when the client closed its side
  std::function<void()> when_gone_;

  bool answered_ = false, ended_ = false, broken_ = false, streams_ = false;
  HttpReply reply_;
  std::deque<std::string> pieces_;  // still to be written
  size_t written_ = 0;              // of the first
  int64_t pending_bytes_ = 0;
  HttpClock::time_point last_written_;
};

}  // namespace janus::cli
