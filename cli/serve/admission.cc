#include "cli/serve/admission.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/serve/error_reply.h"
#include "core/base/ascii.h"

namespace janus::cli {
namespace {

std::string field(const HttpRequest& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

bool holds(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

std::string host_of(const std::string& address) {
  const size_t scheme = address.find("://");
  std::string host = ascii_lower(scheme == std::string::npos ? address : address.substr(scheme + 3));
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  // More than one colon: an IPv6 address without brackets.
  if (std::count(host.begin(), host.end(), ':') == 1) host.resize(host.find(':'));
  return host;
}

// A page may lead a browser here by a name of its own that it points at this machine (DNS rebinding), but not
// by an address.
bool Admission::known_host(const std::string& host) const {
  return host.empty() || host == "localhost" || host.ends_with(".localhost") || is_address(host) ||
         holds(settings_.hosts, host);
}

bool Admission::allowed_origin(const std::string& origin) const {
  return holds(settings_.origins, "*") || holds(settings_.origins, origin);
}

// Whether the request comes from no page, or from one of this server.
bool Admission::own_page(const HttpRequest& request) const {
  const std::string origin = field(request, "origin"), site = field(request, "sec-fetch-site");
  if (site == "same-origin" || origin.empty()) return true;
  const std::string host = host_of(origin);
  const size_t scheme = origin.find("://");
  return (scheme != std::string::npos &&
          ascii_lower(origin.substr(scheme + 3)) == ascii_lower(field(request, "host"))) ||
         holds(settings_.hosts, host);
}

HttpReply Admission::options(const HttpRequest& request) const {
  const std::string methods = routes_.allowed(request.path);
  HttpReply reply{.status = 204, .type = {}, .headers = {{"Allow", methods}}};
  if (!field(request, "access-control-request-method").empty() && allowed_origin(field(request, "origin"))) {
    const std::string asked = field(request, "access-control-request-headers");
    reply.headers.emplace_back("Access-Control-Allow-Methods", methods);
    reply.headers.emplace_back("Access-Control-Allow-Headers",
                               asked.empty() ? "Authorization, Content-Type" : asked);
    reply.headers.emplace_back("Access-Control-Max-Age", "86400");
  }
  return reply;
}

void Admission::check(const HttpRequest& request) const {
  if (settings_.loopback && !known_host(host_of(field(request, "host")))) {
    throw ApiError(
        403,
        fmt::format("Host: expected localhost, an address or a name of --allow-host, found {}; start "
                    "the server with --allow-host and that name",
                    field(request, "host")),
        "unknown_host");
  }
  const bool changes = request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
  if (changes && !own_page(request) && !allowed_origin(field(request, "origin"))) {
    throw ApiError(
        403,
        fmt::format("Origin: expected this server's page or one of --cors-origin, found {}; start the "
                    "server with --cors-origin and that address",
                    field(request, "origin")),
        "unknown_origin");
  }
  if (request.method == "OPTIONS" && !routes_.allowed(request.path).empty()) return;
  const Route& route = routes_.find(request.method, request.path);
  if (!route.traits.open && !settings_.keys.admit(request)) {
    throw ApiError(401, "key: expected one of the server's in Authorization: Bearer KEY, found none of them",
                   "invalid_api_key");
  }
  if (closed_) {
    ApiError ends(503, "server: expected it to go on, found it ending; ask again soon", "ending");
    ends.retry_after_s = 5;
    throw ends;
  }
}

HttpAdmission Admission::operator()(const HttpRequest& request) const {
  HttpAdmission admission;
  admission.headers = {{"X-Content-Type-Options", "nosniff"}};
  const std::string origin = field(request, "origin");
  if (!settings_.origins.empty()) admission.headers.emplace_back("Vary", "Origin");
  if (!origin.empty() && allowed_origin(origin)) {
    admission.headers.emplace_back("Access-Control-Allow-Origin", origin);
    admission.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
  }
  try {
    check(request);
    if (request.method == "OPTIONS") admission.answer = options(request);
  } catch (const ApiError& error) {
    admission.answer = error_reply(request.path, error);
    if (error.status == 401) admission.answer->headers.emplace_back("WWW-Authenticate", "Bearer");
    if (error.status == 405) admission.answer->headers.emplace_back("Allow", routes_.allowed(request.path));
    if (closed_) admission.answer->headers.emplace_back("Connection", "close");
  }
  return admission;
}

}  // namespace janus::cli
