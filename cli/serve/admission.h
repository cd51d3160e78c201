// Who may ask: keys, the names and pages that requests come by, and whether the server still takes any.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "cli/serve/api_keys.h"
#include "cli/serve/http/http_server.h"
#include "cli/serve/route_table.h"

namespace janus::cli {

struct AdmissionSettings {
  ApiKeys keys = {};
  bool loopback = true;                   // only this machine reaches the server
  std::vector<std::string> hosts = {};    // names that it has beside the machine's own
  std::vector<std::string> origins = {};  // of pages of other servers that may ask; "*": all
};

class Admission {
 public:
  Admission(AdmissionSettings settings, const RouteTable& routes)
      : settings_(std::move(settings)), routes_(routes) {}

  // Safe to use from several threads, as all of this.
  HttpAdmission operator()(const HttpRequest& request) const;
  // From here on nothing new is taken: 503.
  void close() { closed_ = true; }

 private:
  void check(const HttpRequest& request) const;  // throws ApiError
  bool known_host(const std::string& host) const;
  bool own_page(const HttpRequest& request) const;
  bool allowed_origin(const std::string& origin) const;
  HttpReply options(const HttpRequest& request) const;

  const AdmissionSettings settings_;
  const RouteTable& routes_;
  std::atomic<bool> closed_ = false;
};

// "host" of "host:port", "[::1]:8080" and "https://host:port".
std::string host_of(const std::string& address);

}  // namespace janus::cli
