// GET over HTTP with libcurl, which is in a module of its own (cli/hub/http_module.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace janus::hub {

// Less than that for as long as the patience lasts, and the connection counts as dead: a server that sends a
// byte now and then must hold nobody.
inline constexpr int64_t kSlowest_bytes_per_s = 1024;
inline constexpr int64_t kPatience_s = 30, kMostPatience_s = 86'400;

struct HttpRequest {
  std::string url;
  std::string token;   // for the url's own host; a redirect to another does not carry it. Empty = none
  int64_t offset = 0;  // the first byte wanted
  // The IP address to connect to, whatever the host's name means, and through no proxy. Empty: as it means.
  std::string connect_to = {};
  bool follow_redirects = true;
  int64_t most_ms = 0;  // for all of it; 0: as long as bytes come fast enough
  // Seconds in which a connection must come about and, as long as it lasts, kSlowest_bytes_per_s must come.
  int64_t patience_s = kPatience_s;
};

// What came before a body.
struct HttpStart {
  int status = 0;
  int64_t first_byte = 0;  // of the whole that the body begins with: not 0 only in a partial answer (206)
  std::string type = {};   // Content-Type
};

enum class HttpFault {
  none,
  unreachable,  // no name, no connection, no agreement on TLS
  untrusted,    // the server's certificate is signed by nobody this machine trusts
  proxy,        // the proxy refuses to connect; HttpResult::status is its answer
  dropped,      // the connection broke, stood still or crept before the end
  refused,      // what libcurl will not do: a wrong url, a redirect elsewhere than to http(s)
  unwanted,     // the receiver of the body wanted no more
};

struct HttpResult {
  int status = 0;  // of the last answer; 0 where there was none
  HttpFault fault = HttpFault::none;
  std::string reason = {};                          // of the fault, for people
  int64_t retry_after_s = 0;                        // as the server asks; 0 = it does not
  std::string error_code = {}, error_message = {};  // X-Error-Code, X-Error-Message: the hub's own words
};

// Receives the body of an answer of 200 or 206, piece by piece. Each returns whether to go on.
struct HttpReceiver {
  std::function<bool(const HttpStart&)> begin;
  std::function<bool(std::span<const std::byte>)> take;
};

// One connection, kept from request to request. For one thread at a time.
class HttpClient {
 public:
  // A request ends early once *stop is true. Throws Error where that module is missing.
  explicit HttpClient(const std::atomic<bool>* stop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Follows redirects where the request lets it. Proxies come from libcurl's variables: https_proxy,
  // http_proxy, all_proxy, no_proxy. CURL_CA_BUNDLE, SSL_CERT_FILE or REQUESTS_CA_BUNDLE name a file of
  // certificates to trust in place of the system's.
  HttpResult get(const HttpRequest& request, const HttpReceiver& receiver);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

// `text` as part of a url's path; '/' stays where `keep_slashes`.
std::string url_encoded(const std::string& text, bool keep_slashes);

}  // namespace janus::hub
