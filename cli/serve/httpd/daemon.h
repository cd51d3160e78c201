// The HTTP server on libmicrohttpd: one thread that waits in epoll for all connections, and one that looks
// after clients that have gone and deadlines that have passed.
#pragma once

#include <microhttpd.h>

#include <condition_variable>
#include <set>
#include <thread>

#include "cli/serve/httpd/transaction.h"

namespace janus::cli {

class Daemon : public HttpServer {
 public:
  // Throws Error.
  Daemon(const HttpServerOptions& options, HttpHooks hooks);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void stop_listening() override;
  int64_t connections() const override { return static_cast<int64_t>(open_.size()); }
  int64_t requests() const override;

 private:
  struct Reading;

  static MHD_Result on_access(void* self, MHD_Connection* connection, const char* path, const char* method,
                              const char* version, const char* data, size_t* size, void** state);
  static void on_completed(void* self, MHD_Connection* connection, void** state,
                           MHD_RequestTerminationCode code);
  static void* on_address(void* self, const char* address, MHD_Connection* connection);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code);
  static void on_log(void* self, const char* format, va_list arguments);

  MHD_Result begin(MHD_Connection* connection, const char* path, const char* method, void** state);
  MHD_Result take_body(Reading& reading, const char* data, size_t size);
  MHD_Result serve(MHD_Connection* connection, Reading& reading);
  MHD_Result answer(MHD_Connection* connection, Reading& reading, HttpReply reply);
  MHD_Result refuse(MHD_Connection* connection, Reading& reading, ApiError fault);
  void finish(Reading* reading, bool whole);
  void give_time(MHD_Connection* connection, int64_t seconds);
  void watch();
  void look();

  const HttpServerOptions options_;
  const HttpHooks hooks_;
  Connections open_;
  int64_t body_bytes_ = 0;  // held by all requests; of the network's thread

  mutable std::mutex mutex_;  // guards those below
  std::string last_log_;      // what the library has said last
  std::set<std::shared_ptr<Transaction>> transactions_;
  std::condition_variable changed_;
  std::atomic<bool> ends_ = false;  // no request is taken any more

  MHD_Daemon* daemon_ = nullptr;
  std::thread watcher_;
};

}  // namespace janus::cli
