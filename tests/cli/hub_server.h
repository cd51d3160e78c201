// A hub on this machine, as bad as a test wants it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/digest.h"

namespace janus::test {

struct HttpQuery {
  std::string target;                          // "/api/models/..."
  std::map<std::string, std::string> headers;  // names in lower case
  int times = 1;                               // this target has been asked for, with this one

  std::string header(const std::string& name) const {
    auto found = headers.find(name);
    return found != headers.end() ? found->second : std::string();
  }
};

struct HttpReply {
  int status = 200;
  std::string body = {};
  std::map<std::string, std::string> headers = {};
  bool tells_length = true;
  size_t break_after = std::string::npos;  // bytes of the body, then the connection closes
  int stall_ms = 0;                        // before it closes there
  int drip_ms = 0;  // instead, the rest of the body goes on from there, a byte each time
};

// Answers on a port of its own until it is destroyed; every answer closes its connection.
class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpQuery&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    EXPECT_EQ(listen(socket_, 64), 0);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~HttpServer() {
    stop_ = true;
    shutdown(socket_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : answering_) thread.join();
    close(socket_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_);
  }
  std::vector<HttpQuery> queries() const {
    std::lock_guard lock(mutex_);
    return queries_;
  }
  // Those whose target ends so.
  std::vector<HttpQuery> queries(const std::string& ending) const {
    std::vector<HttpQuery> all = queries();
    std::erase_if(all, [&](const HttpQuery& query) { return !query.target.ends_with(ending); });
    return all;
  }

 private:
  void accept_all() {
    while (!stop_) {
      int connection = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      answering_.emplace_back([this, connection] { answer(connection); });
    }
  }

  void answer(int connection) {
    std::optional<HttpQuery> query = read_query(connection);
    if (query) {
      {
        std::lock_guard lock(mutex_);
        query->times = ++times_[query->target];
        queries_.push_back(*query);
      }
      send_reply(connection, handler_(*query));
    }
    close(connection);
  }

  static std::optional<HttpQuery> read_query(int connection) {
    std::string text;
    std::array<char, 4096> block{};
    while (text.find("\r\n\r\n") == std::string::npos) {
      ssize_t size = recv(connection, block.data(), block.size(), 0);
      if (size <= 0) return std::nullopt;
      text.append(block.data(), static_cast<size_t>(size));
    }
    HttpQuery query;
    size_t first = text.find(' ') + 1;
    query.target = text.substr(first, text.find(' ', first) - first);
    for (size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0;
         at = text.find("\r\n", at) + 2) {
      size_t colon = text.find(": ", at), end = text.find("\r\n", at);
      std::string name = text.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      query.headers[name] = text.substr(colon + 2, end - colon - 2);
    }
    return query;
  }

  static bool send_all(int connection, const std::string& text) {
    for (size_t at = 0; at < text.size();) {
      ssize_t size = send(connection, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (size <= 0) return false;
      at += static_cast<size_t>(size);
    }
    return true;
  }

  void send_reply(int connection, const HttpReply& reply) const {
    std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Thus\r\nConnection: close\r\n";
    for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
    if (reply.tells_length) text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    text += "\r\n" + reply.body.substr(0, reply.break_after);
    if (!send_all(connection, text)) return;
    for (size_t at = reply.break_after; reply.drip_ms > 0 && at < reply.body.size() && !stop_; ++at) {
      std::this_thread::sleep_for(std::chrono::milliseconds(reply.drip_ms));
      if (!send_all(connection, reply.body.substr(at, 1))) return;
    }
    for (int waited = 0; waited < reply.stall_ms && !stop_; waited += 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  Handler handler_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::vector<HttpQuery> queries_;
  std::map<std::string, int> times_;
  std::thread acceptor_;
  std::vector<std::thread> answering_;
};

inline std::string hash_of(const std::string& text, bool large) {
  Digest digest(large ? DigestKind::sha256 : DigestKind::sha1);
  std::string header = "blob " + std::to_string(text.size());
  header.push_back('\0');
  if (!large) digest.add(std::as_bytes(std::span(header)));
  digest.add(std::as_bytes(std::span(text)));
  return digest.finish();
}

// A repository and how the hub's server speaks of it.
struct RemoteModel {
  std::string id = "some-one/some-model";
  std::string commit = "0123456789abcdef0123456789abcdef01234567";
  std::map<std::string, std::string> files;  // weights are the large ones
  nlohmann::json card = {{"license", "other"}, {"license_name", "deepseek"}, {"license_link", "LICENSE"}};

  static bool is_large(const std::string& name) {
    return name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".gguf");
  }
  std::string hash(const std::string& name) const { return hash_of(files.at(name), is_large(name)); }

  nlohmann::json listing() const {
    nlohmann::json siblings = nlohmann::json::array();
    for (const auto& [name, text] : files) {
      nlohmann::json file{{"rfilename", name}, {"size", text.size()}, {"blobId", hash_of(text, false)}};
      if (is_large(name)) {
        file["lfs"] = {{"sha256", hash(name)}, {"size", text.size()}, {"pointerSize", 134}};
      }
      siblings.push_back(file);
    }
    return {{"id", id}, {"sha", commit}, {"cardData", card}, {"siblings", siblings}};
  }

  HttpReply answer(const HttpQuery& query) const {
    if (query.target.starts_with("/api/models/" + id + "/revision/")) return {.body = listing().dump()};
    std::string folder = "/" + id + "/resolve/" + commit + "/";
    auto file =
        query.target.starts_with(folder) ? files.find(query.target.substr(folder.size())) : files.end();
    return file != files.end() ? part(query, file->second) : HttpReply{.status = 404};
  }

  static HttpReply part(const HttpQuery& query, const std::string& text) {
    std::string range = query.header("range");
    if (range.empty()) return {.body = text};
    size_t first = std::stoul(range.substr(range.find('=') + 1));
    if (first >= text.size()) return {.status = 416};
    std::string place = "bytes " + std::to_string(first) + "-" + std::to_string(text.size() - 1) + "/" +
                        std::to_string(text.size());
    return {.status = 206, .body = text.substr(first), .headers = {{"content-range", place}}};
  }
};

}  // namespace janus::test
