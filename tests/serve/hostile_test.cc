// Clients that send what no client should: each gets an answer or a closed connection, and the next one is
// served as if nothing had been.
#include <random>
#include <thread>

#include "cli/serve/request_json.h"
#include "tests/serve/raw_client.h"
#include "tests/serve/test_front.h"

namespace janus::test {
namespace {

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    JANUS_NEEDS_SERVE();
    server_.emplace(cli::HttpLimits{.body_bytes = 200'000,
                                    .connections = 2'000,
                                    .connections_an_address = 1'000,
                                    .header_seconds = 2,
                                    .body_seconds = 2});
    server_->routes().add("POST", "/json", [](const auto& exchange) {
      exchange->reply({.body = cli::parse_body(exchange->request().body).dump()});
    });
    server_->start();
  }
  void expect_well() const {
    const RawClient next = ask_raw(server_->port(), get("/hello"));
    EXPECT_EQ(next.status(), 200);
  }
  int port() const { return server_->port(); }

  std::optional<TestFront> server_;
};

TEST_F(Hostile, BrokenRequests) {
  using namespace std::string_literals;
  const std::string head = "POST /size HTTP/1.1\r\nHost: localhost\r\n";
  const std::vector<std::string> requests{
      "\r\n\r\n\r\n",
      "GET\r\n\r\n",
      "GET /hello\r\n\r\n",
      "GET /hello HTTP/9.9\r\nHost: localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\n\r\n",  // no Host
      "GET /hello HTTP/1.1\nHost: localhost\n\n",
      "GET /hello HTTP/1.1\r\nHost localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\n: nothing\r\nHost: localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"s,
      "GET /\0hello HTTP/1.1\r\nHost: localhost\r\n\r\n"s,
      "GET /%00%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /hello?" + std::string(8'000, '&') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      std::string(100'000, 'A') + " /hello HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  // TLS
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      std::string(50'000, '\xff'),
      head + "Content-Length: -1\r\n\r\nx",
      head + "Content-Length: 99999999999999999999999999\r\n\r\nx",
      head + "Content-Length: abc\r\n\r\nx",
      head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
      head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n3;" + std::string(100'000, 'e') + "\r\nabc\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
      head + "Transfer-Encoding: gzip\r\n\r\nabc",
      head + "Content-Length: 10\r\n\r\nabc",
      head + "Expect: everything\r\nContent-Length: 3\r\n\r\nabc",
  };
  for (const std::string& request : requests) {
    RawClient client(port());
    client.send(request);
    client.say_no_more();
    EXPECT_TRUE(client.read_to_end()) << request.substr(0, 80);
    EXPECT_TRUE(client.text().empty() || client.status() >= 200) << client.text();
  }
  expect_well();
}

TEST_F(Hostile, FloodsOfHeaders) {
  RawClient client(port());
  client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  int sent = 0;
  while (sent < 100'000 && client.send("X-" + std::to_string(sent) + ": 1\r\n")) ++sent;
  client.read_to_end();
  EXPECT_LT(sent, 100'000);
  EXPECT_TRUE(client.status() == 0 || client.status() == 431) << client.text();
  expect_well();
}

TEST_F(Hostile, BadJson) {
  const std::vector<std::string> bodies{
      "",
      "null",
      "[1,",
      "{\"a\":\"\xff\xfe\"}",
      "{\"a\":\"\xed\xa0\x80\"}",
      "{\"a\":1e999999}",
      std::string(10'000, '['),
      std::string(10'000, '[') + std::string(10'000, ']'),
      [] {
        std::string deep;
        for (int i = 0; i < 10'000; ++i) deep += "{\"a\":";
        return deep + "1" + std::string(10'000, '}');
      }(),
      std::string(100'000, '"'),
      std::string("{\"a\":\"\0\"}", 9),
  };
  for (const std::string& body : bodies) {
    EXPECT_EQ(ask_raw(port(), post("/json", body)).status(), 400) << body.substr(0, 40);
  }
  expect_well();
}

// Damaged copies of good requests, the same ones every time.
TEST_F(Hostile, DamagedRequests) {
  const std::vector<std::string> good{get("/hello?a=1&b=%20"), post("/size", "0123456789"),
                                      "POST /size HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
                                      "chunked\r\n\r\n4\r\nabcd\r\n0\r\nX: y\r\n\r\n"};
  std::mt19937 random(1);
  const auto damaged = [&] {
    std::string request = good[random() % good.size()];
    for (unsigned k = 1 + random() % 4; k > 0; --k) {
      const size_t at = random() % request.size();
      switch (random() % 4) {
        case 0:
          request[at] = static_cast<char>(random());
          break;
        case 1:
          request.erase(at, 1 + random() % 8);
          break;
        case 2:
          request.insert(at, request.substr(at, random() % 16));
          break;
        default:
          request.resize(at + 1);
      }
    }
    return request;
  };
  // Many at once, because some wait until the server looks after them.
  for (int round = 0; round < 10; ++round) {
    std::vector<std::pair<std::string, RawClient>> clients;
    for (int i = 0; i < 100; ++i) {
      clients.emplace_back(damaged(), RawClient(port()));
      clients.back().second.send(clients.back().first);
      clients.back().second.say_no_more();
    }
    for (auto& [request, client] : clients) EXPECT_TRUE(client.read_to_end()) << request;
  }
  expect_well();
}

TEST_F(Hostile, ManyConnectionsInTurn) {
  const auto resident = [] {
    FILE* statm = std::fopen("/proc/self/statm", "r");
    long all = 0, pages = 0;
    EXPECT_EQ(std::fscanf(statm, "%ld %ld", &all, &pages), 2);
    std::fclose(statm);
    return pages * sysconf(_SC_PAGESIZE);
  };
  const std::string request = get("/hello");
  const auto visit = [&](int i) {
    RawClient client(port());
    // Some say nothing, some half, some do not wait.
    if (i % 4 == 1) client.send(request.substr(0, 20));
    if (i % 4 >= 2) client.send(request);
    if (i % 4 == 3) {
      client.read_to_end();
      EXPECT_EQ(client.status(), 200);
    }
  };
  for (int i = 0; i < 1'000; ++i) visit(i);
  const long before = resident();
  for (int i = 0; i < 9'000; ++i) visit(i);
  EXPECT_LT(resident() - before, 16 << 20);
  expect_well();
}

}  // namespace
}  // namespace janus::test
