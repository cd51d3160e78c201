#include "cli/serve/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/base/error.h"
#include "core/base/file_descriptor.h"

namespace janus::cli {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses addresses_of(std::string host, const std::string& port) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int fault = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  check(fault == 0,
        "--host {}: expected an address of this machine, found none ({}); give 127.0.0.1, ::1 or "
        "0.0.0.0",
        host, gai_strerror(fault));
  return {found, freeaddrinfo};
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    constexpr uint32_t kNet = 127;
    return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24 == kNet;
  }
  if (address->sa_family == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
  }
  return address->sa_family == AF_UNIX;
}

std::string text_of(const sockaddr_storage& address, socklen_t size) {
  if (address.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(address);
    return fmt::format("unix:{}", size > sizeof(sa_family_t) ? local.sun_path : "");
  }
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), port.data(),
              port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  const char* const form = address.ss_family == AF_INET6 ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), host.data(), port.data());
}

Listener listener_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  check(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "serve: expected a socket that listens, found one without an address ({})", std::strerror(errno));
  return {.socket = socket,
          .address = text_of(address, size),
          .loopback = is_loopback(reinterpret_cast<const sockaddr*>(&address))};
}

}  // namespace

bool is_loopback(const std::string& host) {
  const Addresses found = addresses_of(host, "0");
  return is_loopback(found->ai_addr);
}

Listener open_listener(const std::string& host, int64_t port) {
  const Addresses found = addresses_of(host, std::to_string(port));
  FileDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const auto setup = [&] {
    if (socket.get() < 0) return false;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0 && listen(socket.get(), SOMAXCONN) == 0;
  };
  const bool done = setup();
  check(done,
        "{}:{}: expected a free port of this machine, found that it cannot be had ({}); give another "
        "--port, or 0 for any that is free",
        host, port, std::strerror(errno));
  return listener_of(socket.release());
}

Listener inherited_listener() {
  constexpr int kFirst = 3;
  const char *process = std::getenv("LISTEN_PID"), *count = std::getenv("LISTEN_FDS");
  if (process == nullptr || count == nullptr || std::to_string(getpid()) != process) return {};
  check(std::string_view(count) == "1",
        "serve: expected one socket of the service manager, found {}; name one in the .socket unit", count);
  int listens = 0;
  socklen_t size = sizeof(listens);
  const bool is_listener =
      getsockopt(kFirst, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
  check(is_listener,
        "serve: expected the service manager's socket to listen, found one that does not; set "
        "ListenStream= and Accept=no in the .socket unit");
  fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  fcntl(kFirst, F_SETFL, fcntl(kFirst, F_GETFL) | O_NONBLOCK);
  return listener_of(kFirst);
}

void notify_service_manager(const std::string& state) {
  const char* place = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (place == nullptr || std::strlen(place) >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(place);
  std::memcpy(address.sun_path, place, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // of the abstract kind
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return;
  // Who does not listen any more need not be told.
  (void)sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

}  // namespace janus::cli
