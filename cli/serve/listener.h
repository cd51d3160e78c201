// Sockets that the server listens on.
#pragma once

#include <cstdint>
#include <string>

namespace janus::cli {

struct Listener {
  int socket = -1;
  std::string address;    // "127.0.0.1:8080", "[::1]:8080", "unix:/run/janus.sock"
  bool loopback = false;  // only this machine reaches it
};

// host: an address or a name, IPv6 in brackets or without. port 0: any that is free. Throws Error where it
// cannot be had.
Listener open_listener(const std::string& host, int64_t port);
// Whether only this machine reaches `host`. Throws Error where there is no such name.
bool is_loopback(const std::string& host);

// The socket that systemd (or another starter) has opened, as sd_listen_fds(3) says; socket -1: none. Throws
// Error for more than one, and for one that does not listen.
Listener inherited_listener();

// Tells systemd, where it asks to be told, as sd_notify(3) says: "READY=1".
void notify_service_manager(const std::string& state);

}  // namespace janus::cli
