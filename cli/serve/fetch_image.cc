#include "cli/serve/fetch_image.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <future>
#include <memory>
#include <string_view>

#include "cli/hub/http.h"
#include "cli/serve/api_error.h"
#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/start_thread.h"

namespace janus::cli {
namespace {

// Addresses that have their first bits in common.
struct Block {
  const char* base;
  int bits;
};

// IPv4 without what everybody may reach: the registry of special addresses (RFC 6890), multicast, reserved.
constexpr std::array<Block, 15> kSpecial{{{"::ffff:0.0.0.0", 104},
                                          {"::ffff:10.0.0.0", 104},
                                          {"::ffff:100.64.0.0", 106},
                                          {"::ffff:127.0.0.0", 104},
                                          {"::ffff:169.254.0.0", 112},
                                          {"::ffff:172.16.0.0", 108},
                                          {"::ffff:192.0.0.0", 120},
                                          {"::ffff:192.0.2.0", 120},
                                          {"::ffff:192.88.99.0", 120},
                                          {"::ffff:192.168.0.0", 112},
                                          {"::ffff:198.18.0.0", 111},
                                          {"::ffff:198.51.100.0", 120},
                                          {"::ffff:203.0.113.0", 120},
                                          {"::ffff:224.0.0.0", 100},
                                          {"::ffff:240.0.0.0", 100}}};
// Of IPv6 only global unicast is for everybody, without what leads elsewhere (Teredo, 6to4) or nowhere.
constexpr Block kMapped{"::ffff:0.0.0.0", 96}, kNat64{"64:ff9b::", 96}, kGlobal{"2000::", 3};
constexpr std::array<Block, 4> kSpecialGlobal{
    {{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}}};

IpAddress address_of(const char* text) {
  IpAddress address{};
  inet_pton(AF_INET6, text, &address);
  return address;
}

bool is_in(const IpAddress& address, const Block& block) {
  const IpAddress base = address_of(block.base);
  const auto whole = static_cast<size_t>(block.bits / 8);
  if (std::memcmp(address.s6_addr, base.s6_addr, whole) != 0) return false;
  const int rest = block.bits % 8;
  return rest == 0 || (address.s6_addr[whole] ^ base.s6_addr[whole]) >> (8 - rest) == 0;
}

bool is_in_any(const IpAddress& address, std::span<const Block> blocks) {
  return std::any_of(blocks.begin(), blocks.end(), [&](const Block& block) { return is_in(address, block); });
}

IpAddress mapped(const void* four_bytes) {
  IpAddress address = address_of(kMapped.base);
  std::memcpy(address.s6_addr + 12, four_bytes, 4);
  return address;
}

std::vector<IpAddress> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<IpAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      addresses.push_back(mapped(&reinterpret_cast<const sockaddr_in*>(each->ai_addr)->sin_addr));
    } else if (each->ai_family == AF_INET6) {
      addresses.push_back(reinterpret_cast<const sockaddr_in6*>(each->ai_addr)->sin6_addr);
    }
  }
  return addresses;
}

[[noreturn]] void refuse_address(const std::string& param, std::string_view expected, std::string_view found,
                                 std::string_view remedy = "send the image itself as a data URL") {
  refuse(param, expected, found, remedy, "invalid_image_url");
}

// The host of an address, without the brackets of IPv6. What is unusual in an address may mean one host here
// and another to those that connect.
std::string host_of(const std::string& url, const std::string& param) {
  const bool plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  const size_t begin = url.find("://");
  if (!plain || begin == url.npos) {
    refuse_address(param, "an address in plain ASCII", "other characters", "encode them with %");
  }
  std::string_view authority = std::string_view(url).substr(begin + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find('@') != authority.npos)
    refuse_address(param, "an address without a name and password", "one");
  const bool brackets = authority.starts_with('[');
  std::string_view host = brackets ? authority.substr(1, std::min(authority.find(']'), authority.size()) - 1)
                                   : authority.substr(0, authority.find(':'));
  const auto known = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
           (brackets && c == ':');
  };
  if (host.empty() || host.size() > 253 || !std::all_of(host.begin(), host.end(), known)) {
    refuse_address(param, "an address with a host's name", "none that can be read");
  }
  return std::string(host);
}

// The system's resolver knows no limit: it is asked on a thread of its own, which is left to itself where it
// takes longer than `most`.
std::vector<IpAddress> look_up_within(std::chrono::milliseconds most, const std::string& host,
                                      const std::string& param, const FetchOptions& options) {
  std::promise<std::vector<IpAddress>> promise;
  std::future<std::vector<IpAddress>> found = promise.get_future();
  start_thread([promise = std::move(promise), host, resolve = options.resolve]() mutable {
    try {
      promise.set_value(resolve ? resolve(host) : look_up(host));
    } catch (const std::exception&) {
      promise.set_exception(std::current_exception());
    }
  }).detach();
  if (found.wait_for(most) != std::future_status::ready) {
    refuse_address(param, fmt::format("an address for {} within {} s", host, options.most_ms / 1000.0),
                   "none yet");
  }
  return found.get();
}

// The addresses to connect to, all of which may be reached.
std::vector<IpAddress> checked_addresses(const std::string& host, const std::string& param,
                                         const FetchOptions& options) {
  const std::vector<IpAddress> addresses =
      look_up_within(std::chrono::milliseconds(options.most_ms), host, param, options);
  if (addresses.empty())
    refuse_address(param, "a host that has an address", fmt::format("none for {}", host));
  for (const IpAddress& address : addresses) {
    if (!(options.may_reach ? options.may_reach(address) : is_public(address))) {
      // Not which one: that would tell strangers of the network behind this machine.
      refuse_address(param, "a host that everybody may reach", fmt::format("{}, which is private", host));
    }
  }
  return addresses;
}

bool is_image_type(const std::string& type) {
  const std::string small = ascii_lower(type);
  return small.empty() || small.starts_with("image/") || small.starts_with("application/octet-stream") ||
         small.starts_with("binary/octet-stream");
}

}  // namespace

bool is_public(const IpAddress& address) {
  if (is_in(address, kMapped)) return !is_in_any(address, kSpecial);
  if (is_in(address, kNat64)) return is_public(mapped(address.s6_addr + 12));
  return is_in(address, kGlobal) && !is_in_any(address, kSpecialGlobal);
}

std::string to_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool four = is_in(address, kMapped);
  inet_ntop(four ? AF_INET : AF_INET6, four ? address.s6_addr + 12 : address.s6_addr, text.data(),
            text.size());
  return text.data();
}

std::vector<std::byte> fetch_image(const std::string& url, const std::string& param,
                                   const FetchOptions& options) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.most_ms);
  const std::vector<IpAddress> addresses = checked_addresses(host_of(url, param), param, options);
  std::unique_ptr<hub::HttpClient> client;
  const std::atomic<bool> never{false};
  try {
    client = std::make_unique<hub::HttpClient>(&never);
  } catch (const Error&) {
    throw ApiError(501,
                   fmt::format("{}: expected the module that fetches addresses (libcurl), found none in this "
                               "server; send the image itself as a data URL",
                               param),
                   {}, param);
  }
  std::vector<std::byte> bytes;
  std::string type;
  bool too_large = false;
  const hub::HttpReceiver receiver{
      .begin =
          [&](const hub::HttpStart& start) {
            type = start.type;
            return is_image_type(type);
          },
      .take =
          [&](std::span<const std::byte> piece) {
            too_large = static_cast<int64_t>(bytes.size() + piece.size()) > options.most_bytes;
            if (!too_large) bytes.insert(bytes.end(), piece.begin(), piece.end());
            return !too_large;
          },
  };
  hub::HttpResult result;
  for (const IpAddress& address : addresses) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) refuse_address(param, "an address that can be fetched", "that it takes too long");
    result = client->get({.url = url,
                          .token = {},
                          .offset = 0,
                          .connect_to = to_text(address),
                          .follow_redirects = false,
                          .most_ms = left.count()},
                         receiver);
    if (result.fault != hub::HttpFault::unreachable) break;
  }
  if (too_large)
    refuse_address(param, fmt::format("an image of at most {} bytes", options.most_bytes), "more");
  if (!is_image_type(type))
    refuse_address(param, "an address of an image", fmt::format("the type {:.60}", type));
  if (result.fault != hub::HttpFault::none) {
    refuse_address(param, "an address that can be fetched", fmt::format("that it cannot: {}", result.reason));
  }
  if (result.status / 100 == 3) {
    refuse_address(param, "an address of the image itself", "one that leads on",
                   "give the address that it leads to");
  }
  if (result.status != 200) refuse_address(param, "an image", fmt::format("the status {}", result.status));
  return bytes;
}

}  // namespace janus::cli
