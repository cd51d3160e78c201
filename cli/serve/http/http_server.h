// The HTTP server: connections, requests and replies, whatever library carries them. What is asked and
// answered is for its hooks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/serve/api_error.h"
#include "cli/serve/http/exchange.h"

namespace janus::cli {

struct HttpLimits {
  int64_t body_bytes = int64_t{32} << 20;       // of one request
  int64_t all_body_bytes = int64_t{512} << 20;  // of all requests under way
  int64_t header_bytes = int64_t{16} << 10;     // the address and all header fields
  int64_t header_fields = 100;                  // their number
  int64_t query_fields = 100;                   // behind the address' question mark
  int64_t reply_bytes = int64_t{64} << 20;      // of a stream that its client has not taken yet
  int64_t connections = 512;                    // open at once
  int64_t connections_an_address = 128;         // of one client
  int64_t header_seconds = 10;                  // from a connection's beginning to its first request
  int64_t body_seconds = 120;                   // from a request's headers to its body's end
  int64_t idle_seconds = 75;                    // between requests, and of a client that takes no bytes
  int64_t ping_seconds = 5;                     // of silence before an event stream's next comment
};

struct HttpServerOptions {
  int listener = -1;  // a socket that listens; the server's from here on
  HttpLimits limits = {};
  std::string tls_certificate = {}, tls_key = {};  // PEM; empty: no TLS
};

// What is decided once a request's headers are there.
struct HttpAdmission {
  std::optional<HttpReply> answer;  // ends the request before its body is read
  HttpHeaders headers = {};         // of the reply, whoever makes it
};

// A request that is over, for logs and counts.
struct HttpOutcome {
  const HttpRequest& request;
  int status = 0;                       // 0: the client went away before any
  int64_t bytes_in = 0, bytes_out = 0;  // of the bodies
  double seconds = 0;                   // since its headers were there
  bool whole = false;                   // whether the client has got all of the reply
};

// Called on the network's thread, which waits for each: none may take long, and none may throw.
struct HttpHooks {
  std::function<HttpAdmission(const HttpRequest&)> admit;
  std::function<void(std::shared_ptr<Exchange>)> serve;  // a whole request
  std::function<HttpReply(const HttpRequest&, const ApiError&)> refuse;
  std::function<void(const HttpOutcome&)> done;
};

// Destroying it closes all connections, and waits for nothing that a hook has begun.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  // Takes no connections any more; those that are open go on.
  virtual void stop_listening() = 0;
  virtual int64_t connections() const = 0;
  // Requests that have no whole reply yet.
  virtual int64_t requests() const = 0;
};

// Opens the module that holds the library and starts a server. Throws Error where the module is missing, the
// certificate or its key cannot be used, or the socket cannot be served.
std::unique_ptr<HttpServer> start_http_server(const HttpServerOptions& options, HttpHooks hooks);

}  // namespace janus::cli
