// Requests and replies over real connections: whole, in pieces, and with clients that go away.
#include <future>
#include <thread>

#include "tests/serve/raw_client.h"
#include "tests/serve/test_front.h"

namespace janus::test {
namespace {

using cli::Exchange;
using Held = std::shared_ptr<Exchange>;
using std::chrono::seconds;

// A route whose exchange the test answers itself.
std::future<Held> add_held(TestFront& server, const std::string& path) {
  auto promise = std::make_shared<std::promise<Held>>();
  std::future<Held> future = promise->get_future();
  server.routes().add("POST", path, [promise](const Held& exchange) { promise->set_value(exchange); });
  return future;
}

TEST(Transport, AnswersAndKeepsTheConnection) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.forget();
    client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(client.read_until("\"hello\"")) << client.text();
    EXPECT_EQ(client.status(), 200);
    EXPECT_NE(client.text().find("application/json"), std::string::npos);
  }
}

TEST(Transport, AnswersHeadWithoutABody) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  const RawClient head =
      ask_raw(server.port(), "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(head.status(), 200);
  EXPECT_NE(head.text().find("Content-Length: 7"), std::string::npos) << head.text();
  EXPECT_EQ(head.text().find("hello"), std::string::npos);
}

TEST(Transport, AnswersPipelinedRequestsInOrder) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  std::string many;
  for (int i = 1; i <= 20; ++i) {
    const std::string body(static_cast<size_t>(i), 'x');
    many +=
        "POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(i) + "\r\n\r\n" + body;
  }
  const RawClient client = ask_raw(server.port(), many + get("/hello"));
  size_t at = 0;
  for (int i = 1; i <= 20; ++i) {
    at = client.text().find("\r\n\r\n" + std::to_string(i) + "HTTP/1.1", at);
    ASSERT_NE(at, std::string::npos) << i;
    ++at;
  }
  EXPECT_NE(client.text().find("\"hello\"", at), std::string::npos);
}

TEST(Transport, TakesAChunkedBody) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  const RawClient client =
      ask_raw(server.port(),
              "POST /size HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
              "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nA\r\n0123456789\r\n0\r\n\r\n");
  EXPECT_EQ(client.status(), 200) << client.text();
  EXPECT_TRUE(client.text().ends_with("\r\n\r\n14")) << client.text();
}

TEST(Transport, WritesPiecesAsTheyCome) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  auto held = add_held(server, "/stream");
  server.start();
  RawClient client(server.port());
  client.send(post("/stream", "{}"));
  const Held exchange = held.get();
  exchange->begin(200, "application/x-ndjson");
  for (const std::string piece : {"one\n", "two\n", "three\n"}) {
    exchange->write(piece);
    ASSERT_TRUE(client.read_until(piece));
  }
  exchange->end();
  EXPECT_TRUE(client.read_to_end());
  EXPECT_TRUE(client.text().ends_with("0\r\n\r\n"));
}

TEST(Transport, PingsASilentEventStream) {
  JANUS_NEEDS_SERVE();
  TestFront server({.ping_seconds = 1});
  auto held = add_held(server, "/events");
  server.start();
  RawClient client(server.port());
  client.send(post("/events", "{}"));
  const Held exchange = held.get();
  exchange->begin(200, "text/event-stream");
  EXPECT_TRUE(client.read_until(": ping\n\n"));
  exchange->write("data: 1\n\n");
  EXPECT_TRUE(client.read_until("data: 1\n\n"));
}

TEST(Transport, TellsOfAClientThatGoesAway) {
  JANUS_NEEDS_SERVE();
  for (const std::string type : {"", "text/event-stream", "application/x-ndjson"}) {
    TestFront server;
    auto held = add_held(server, "/wait");
    server.start();
    RawClient client(server.port());
    client.send(post("/wait", "{}"));
    const Held exchange = held.get();
    if (!type.empty()) exchange->begin(200, type);
    std::promise<void> gone;
    exchange->when_gone([&] { gone.set_value(); });
    client.close_now();
    EXPECT_EQ(gone.get_future().wait_for(seconds(5)), std::future_status::ready) << type;
    // A late action is called at once, and what is written goes nowhere.
    bool called = false;
    exchange->when_gone([&] { called = true; });
    EXPECT_TRUE(called);
    exchange->write("more");
    exchange->end();
  }
}

TEST(Transport, KeepsAClientThatOnlyHasNoMoreToSay) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  RawClient client(server.port());
  client.send(get("/hello"));
  client.say_no_more();
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.status(), 200) << client.text();
}

TEST(Transport, AnswersForAHandlerThatForgetsTo) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.routes().add("GET", "/nothing", [](const Held&) {});
  server.routes().add("GET", "/throws",
                      [](const Held&) { throw Error("the kettle: expected water, found none"); });
  server.routes().add("GET", "/half", [](const Held& exchange) {
    exchange->begin(200, "text/event-stream");
    exchange->write("data: 1\n\n");
  });
  server.start();
  EXPECT_EQ(ask_raw(server.port(), get("/nothing")).status(), 500);
  const RawClient thrown = ask_raw(server.port(), get("/throws"));
  EXPECT_EQ(thrown.status(), 500);
  EXPECT_NE(thrown.text().find("expected water"), std::string::npos);
  // What was begun ends without the mark that it is whole.
  const RawClient half = ask_raw(server.port(), get("/half"));
  EXPECT_EQ(half.status(), 200);
  EXPECT_FALSE(half.text().ends_with("0\r\n\r\n")) << half.text();
}

TEST(Transport, TakesNoAddressForAnother) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  for (const char* address : {"/hello%00x", "/hello?a%00=1", "/hello?a=%00"}) {
    const RawClient refused = ask_raw(server.port(), get(address));
    EXPECT_EQ(refused.status(), 400) << address;
    EXPECT_NE(refused.text().find("%00"), std::string::npos) << refused.text();
  }
  EXPECT_EQ(ask_raw(server.port(), get("/hello?a=%2500")).status(), 200);
  EXPECT_EQ(ask_raw(server.port(), get("/hello%2500")).status(), 404);
}

TEST(Transport, AnswersInTheShapeOfThePath) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  server.start();
  EXPECT_NE(ask_raw(server.port(), get("/v1/none")).text().find("{\"error\":{\"message\""),
            std::string::npos);
  EXPECT_NE(ask_raw(server.port(), get("/api/none")).text().find("{\"error\":\""), std::string::npos);
  EXPECT_NE(ask_raw(server.port(), get("/sdapi/v1/none")).text().find("\"detail\""), std::string::npos);
  const RawClient method = ask_raw(server.port(), post("/hello", ""));
  EXPECT_EQ(method.status(), 405);
  EXPECT_NE(method.text().find("Allow: GET, HEAD, OPTIONS"), std::string::npos) << method.text();
}

TEST(Transport, RefusesBeforeTheBodyAndStillIsHeard) {
  JANUS_NEEDS_SERVE();
  TestFront server({.body_bytes = 1 << 20});
  server.start();
  // A client that writes all before it reads.
  const std::string body(3 << 20, 'x');
  EXPECT_EQ(ask_raw(server.port(), post("/nowhere", body)).status(), 404);
  EXPECT_EQ(ask_raw(server.port(), post("/size", body)).status(), 413);
}

TEST(Transport, EndsWhileRequestsAreOpen) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  auto waits = add_held(server, "/wait");
  auto streams = add_held(server, "/stream");
  server.start();
  RawClient one(server.port()), other(server.port()), idle(server.port());
  one.send(post("/wait", "{}"));
  other.send(post("/stream", "{}"));
  const Held waiting = waits.get(), streaming = streams.get();
  streaming->begin(200, "text/event-stream");
  streaming->write("data: 1\n\n");
  std::promise<void> gone;
  waiting->when_gone([&] { gone.set_value(); });
  server.stop();
  EXPECT_EQ(gone.get_future().wait_for(seconds(5)), std::future_status::ready);
  waiting->reply({.body = "late"});
  streaming->write("data: 2\n\n");
  streaming->end();
  EXPECT_TRUE(one.read_to_end());
  EXPECT_TRUE(other.read_to_end());
  EXPECT_TRUE(idle.read_to_end());
}

TEST(Transport, FinishesWhatIsUnderWayAndTakesNothingNew) {
  JANUS_NEEDS_SERVE();
  TestFront server;
  auto held = add_held(server, "/wait");
  server.start();
  RawClient client(server.port()), other(server.port());
  other.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(other.read_until("\"hello\""));
  client.send(post("/wait", "{}"));
  const Held exchange = held.get();
  server.front().close();
  EXPECT_EQ(server.front().requests(), 1);
  other.forget();
  other.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  other.read_to_end();
  EXPECT_EQ(other.status(), 503) << other.text();
  EXPECT_FALSE(RawClient(server.port()).connected());
  exchange->reply({.body = "done"});
  EXPECT_TRUE(client.read_to_end());
  EXPECT_TRUE(client.text().ends_with("done"));
}

}  // namespace
}  // namespace janus::test
