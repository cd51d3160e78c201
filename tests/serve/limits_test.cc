// Every limit of a connection and a request, at its border: what is just allowed and what is just not.
#include <thread>

#include "tests/serve/raw_client.h"
#include "tests/serve/test_front.h"

namespace janus::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string chunked(const std::string& body, size_t piece) {
  std::string text =
      "POST /size HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0; at < body.size(); at += piece) {
    const std::string part = body.substr(at, piece);
    text += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
  }
  return text + "0\r\n\r\n";
}

TEST(Limits, Body) {
  JANUS_NEEDS_SERVE();
  TestFront server({.body_bytes = 100'000});
  server.start();
  const std::string most(100'000, 'x'), more(100'001, 'x');
  EXPECT_TRUE(ask_raw(server.port(), post("/size", most)).text().ends_with("\r\n\r\n100000"));
  const RawClient refused = ask_raw(server.port(), post("/size", more));
  EXPECT_EQ(refused.status(), 413);
  EXPECT_NE(refused.text().find("100000 bytes"), std::string::npos) << refused.text();
  EXPECT_NE(refused.text().find("--limit-body"), std::string::npos) << refused.text();
  EXPECT_TRUE(ask_raw(server.port(), chunked(most, 7'777)).text().ends_with("\r\n\r\n100000"));
  EXPECT_EQ(ask_raw(server.port(), chunked(more, 7'777)).status(), 413);
  // Who asks first is told before it sends.
  RawClient asks(server.port());
  asks.send(
      "POST /size HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n");
  asks.read_to_end();
  EXPECT_EQ(asks.status(), 413) << asks.text();
  // Far more is not even read.
  EXPECT_NE(ask_raw(server.port(), chunked(std::string(1'000'000, 'x'), 9'999)).status(), 200);
}

TEST(Limits, BodiesOfAllRequests) {
  JANUS_NEEDS_SERVE();
  TestFront server({.all_body_bytes = 150'000});
  server.start();
  const std::string half(75'000, 'x');
  const std::string head = "POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 75001\r\n\r\n";
  RawClient first(server.port());
  first.send(head + half);
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(ask_raw(server.port(), post("/size", half)).status(), 200);
  const RawClient refused = ask_raw(server.port(), post("/size", half + "x"));
  EXPECT_EQ(refused.status(), 503);
  EXPECT_NE(refused.text().find("Retry-After"), std::string::npos);
  first.close_now();
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(ask_raw(server.port(), post("/size", half + "x")).status(), 200);
}

TEST(Limits, Headers) {
  JANUS_NEEDS_SERVE();
  constexpr size_t kMost = 16 << 10;
  TestFront server({.header_bytes = kMost});
  server.start();
  const size_t rest = get("/hello", "X-Long: \r\n").size();
  const auto long_by = [&](size_t bytes) {
    return ask_raw(server.port(), get("/hello", "X-Long: " + std::string(bytes - rest, 'x') + "\r\n"))
        .status();
  };
  EXPECT_EQ(long_by(kMost), 200);
  EXPECT_EQ(long_by(kMost + 1), 431);
  EXPECT_EQ(long_by(4 * kMost), 431);
}

TEST(Limits, HeaderFields) {
  JANUS_NEEDS_SERVE();
  TestFront server({.header_fields = 50});
  server.start();
  const auto with = [&](int fields) {
    std::string more;
    for (int i = 2; i < fields; ++i) more += "X-" + std::to_string(i) + ": 1\r\n";  // two are there
    return ask_raw(server.port(), get("/hello", more)).status();
  };
  EXPECT_EQ(with(50), 200);
  EXPECT_EQ(with(51), 431);
}

TEST(Limits, QueryFields) {
  JANUS_NEEDS_SERVE();
  TestFront server({.query_fields = 50});
  server.start();
  const auto with = [&](int fields) {
    std::string query = "?a=1";
    for (int i = 1; i < fields; ++i) query += "&b";
    return ask_raw(server.port(), get("/hello" + query));
  };
  EXPECT_EQ(with(50).status(), 200);
  EXPECT_EQ(with(51).status(), 400);
  const RawClient many = with(7'000);  // more than libmicrohttpd has memory for
  EXPECT_EQ(many.status(), 400);
  EXPECT_NE(many.text().find("at most 50 fields, found 7000"), std::string::npos) << many.text();
}

TEST(Limits, Connections) {
  JANUS_NEEDS_SERVE();
  TestFront server({.connections = 3});
  server.start();
  std::vector<RawClient> open;
  const auto ask = [&] {
    open.emplace_back(server.port());
    open.back().send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    open.back().read_until("\r\n\r\n");
    return open.back().status();
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(), 200) << i;
  EXPECT_EQ(ask(), 503);
  open.clear();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(ask(), 200);
}

TEST(Limits, ConnectionsOfAnAddress) {
  JANUS_NEEDS_SERVE();
  TestFront server({.connections_an_address = 2});
  server.start();
  RawClient one(server.port()), two(server.port());
  for (RawClient* client : {&one, &two}) {
    client->send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(client->read_until("hello"));
  }
  EXPECT_EQ(ask_raw(server.port(), get("/hello")).status(), 0);
  one.close_now();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(ask_raw(server.port(), get("/hello")).status(), 200);
}

// How long a connection lasts on which `begin` is said and then a byte of `drip` now and then.
milliseconds lasts(TestFront& server, const std::string& begin, const std::string& drip) {
  RawClient client(server.port());
  client.send(begin);
  const auto start = steady_clock::now();
  constexpr auto kPatience = milliseconds(8'000);
  while (steady_clock::now() - start < kPatience && !client.closed()) {
    if (!drip.empty()) client.send(drip);
    client.read_to_end(100);
  }
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

TEST(Limits, Times) {
  JANUS_NEEDS_SERVE();
  TestFront server({.header_seconds = 1, .body_seconds = 2, .idle_seconds = 3});
  server.start();
  const auto expect_within = [](milliseconds found, int low_ms, int high_ms) {
    EXPECT_GE(found.count(), low_ms);
    EXPECT_LE(found.count(), high_ms);
  };
  expect_within(lasts(server, "", ""), 900, 2'500);
  expect_within(lasts(server, "GET /hello HTTP/1.1\r\nX-Slow: ", "x"), 900, 2'500);
  expect_within(lasts(server, "POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", "x"),
                1'900, 3'500);
  expect_within(lasts(server, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", ""), 2'900, 5'000);
}

TEST(Limits, WhatAStreamHoldsForASlowClient) {
  JANUS_NEEDS_SERVE();
  TestFront server({.reply_bytes = 1'000'000});
  std::shared_ptr<cli::Exchange> exchange;
  std::atomic<bool> there = false, gone = false;
  server.routes().add("POST", "/stream", [&](const auto& held) {
    exchange = held;
    there = true;
  });
  server.start();
  RawClient client(server.port());
  client.take_little();
  client.send(post("/stream", "{}"));
  while (!there) std::this_thread::sleep_for(milliseconds(5));
  exchange->when_gone([&] { gone = true; });
  exchange->begin(200, "text/event-stream");
  // The kernel takes some of it; then what waits grows to the border and not beyond.
  int pieces = 0;
  for (; pieces < 1'000 && !gone; ++pieces) {
    exchange->write(std::string(100'000, 'x'));
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_TRUE(gone);
  EXPECT_GE(pieces, 10);
  EXPECT_LT(pieces, 200);
  for (int i = 0; i < 500 && server.front().requests() > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(server.front().requests(), 0);
}

}  // namespace
}  // namespace janus::test
