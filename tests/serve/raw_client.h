// A client that says exactly what a test wants it to, right or wrong.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

namespace janus::test {

class RawClient {
 public:
  explicit RawClient(int port) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { close_now(); }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        text_(std::move(other.text_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  // False where the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void say_no_more() { shutdown(socket_, SHUT_WR); }
  void close_now() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  // Keeps the server's bytes in the kernel, and those few.
  void take_little() {
    const int bytes = 4096;
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }

  // Reads until what has come holds `mark`; false where it does not before the end or within the time.
  bool read_until(std::string_view mark, int patience_ms = 10'000) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (text_.find(mark) == std::string::npos) {
      if (!read_some(until)) return text_.find(mark) != std::string::npos;
    }
    return true;
  }
  // Reads until the server closes; false where it does not within the time.
  bool read_to_end(int patience_ms = 10'000) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (read_some(until)) {
    }
    return closed_;
  }
  bool closed() const { return closed_; }

  // All that has come.
  const std::string& text() const { return text_; }
  void forget() { text_.clear(); }
  // Of the first reply in it; 0: none.
  int status() const {
    return text_.starts_with("HTTP/1.") && text_.size() > 12 ? std::atoi(text_.c_str() + 9) : 0;
  }

 private:
  bool read_some(std::chrono::steady_clock::time_point until) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now())
            .count();
    pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 65536> block{};
    const ssize_t size = recv(socket_, block.data(), block.size(), 0);
    if (size <= 0) {
      closed_ = true;
      return false;
    }
    text_.append(block.data(), static_cast<size_t>(size));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false, closed_ = false;
  std::string text_;
};

// One request that closes its connection, whole or not, and what came back.
inline RawClient ask_raw(int port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  client.read_to_end();
  return client;
}

inline std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
         std::string(more) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
         std::string(more) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace janus::test
