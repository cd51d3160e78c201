// Fetches an image from an address that a request names, without letting requests reach what only this
// machine can reach (server-side request forgery).
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace janus::cli {

// An address of IPv4 is held as IPv6 does (::ffff:a.b.c.d).
using IpAddress = in6_addr;

// Whether everybody may reach an address: it is no loopback, private, shared (RFC 6598), link-local,
// multicast, documentation, benchmark or reserved one, nor one of IPv6 that leads to such a one of IPv4
// (mapped, compatible, NAT64, 6to4, Teredo).
bool is_public(const IpAddress& address);

// "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946".
std::string to_text(const IpAddress& address);

struct FetchOptions {
  int64_t most_bytes = int64_t{32} << 20;
  int64_t most_ms = 20'000;  // for all of it
  // The addresses of a host's name; none where there is no such host. Empty: the system's resolver.
  std::function<std::vector<IpAddress>(const std::string& host)> resolve = {};
  // Whether to connect to an address. Empty: is_public().
  std::function<bool(const IpAddress& address)> may_reach = {};
};

// The body of the answer to GET. The host is looked up once, every one of its addresses has to be public, and
// the connection goes to one of those that were checked; redirects are not followed, no proxy is used.
// `param` names the field of the request in messages. Throws ApiError: 400 for an address that is refused,
// answers with anything but an image, or takes too long; 501 in builds without libcurl.
std::vector<std::byte> fetch_image(const std::string& url, const std::string& param,
                                   const FetchOptions& options = {});

}  // namespace janus::cli
