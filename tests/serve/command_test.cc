// `janus serve` from its start to its end.
#include <netinet/in.h>
#include <sys/un.h>

#include "tests/serve/serve_process.h"

namespace janus::test {
namespace {

#define NEEDS_SERVE() \
  if (JANUS_WITH_SERVE == 0) GTEST_SKIP() << "built with JANUS_SERVE=OFF"

class Serve : public InFolder {};

TEST_F(Serve, StartsAnswersAndEnds) {
  NEEDS_SERVE();
  for (const int signal : {SIGTERM, SIGINT}) {
    ServeProcess server({"--port", "0"});
    ASSERT_TRUE(server.is_well()) << server.log();
    const RawClient metrics = ask_raw(server.port(), get("/metrics"));
    EXPECT_NE(metrics.text().find("janus_model_loaded{model=\"janus-tiny\"} 1"), std::string::npos)
        << metrics.text();
    server.send(signal);
    EXPECT_EQ(server.wait(), 0) << server.log();
    EXPECT_NE(server.log().find("\"path\":\"/metrics\",\"status\":200"), std::string::npos) << server.log();
  }
}

TEST_F(Serve, RefusesAnOpenDoor) {
  NEEDS_SERVE();
  write_file(path("keys"), "secret\n");
  ServeProcess open({"--host", "0.0.0.0", "--port", "0"});
  EXPECT_EQ(open.wait(), 1);
  EXPECT_NE(open.log().find("--api-key-file"), std::string::npos) << open.log();
  ServeProcess keyed({"--host", "0.0.0.0", "--port", "0", "--api-key-file", path("keys")});
  ASSERT_TRUE(keyed.is_well()) << keyed.log();
  EXPECT_EQ(ask_raw(keyed.port(), get("/metrics")).status(), 401);
  EXPECT_EQ(ask_raw(keyed.port(), get("/metrics", "Authorization: Bearer secret\r\n")).status(), 200);
  EXPECT_EQ(ask_raw(keyed.port(), get("/")).status(), 200);
  ServeProcess forced({"--host", "0.0.0.0", "--port", "0", "--insecure-no-key"});
  EXPECT_TRUE(forced.is_well()) << forced.log();
}

TEST_F(Serve, SaysWhatKeepsItFromStarting) {
  NEEDS_SERVE();
  ServeProcess first({"--port", "0"});
  ASSERT_GT(first.port(), 0) << first.log();
  write_file(path("broken.pem"), "no certificate");
  const std::vector<std::pair<std::vector<std::string>, std::string>> starts{
      {{"--port", std::to_string(first.port())}, "free port"},
      {{"--host", "no.such.host.invalid"}, "address of this machine"},
      {{"--port", "0", "-m", path("nowhere")}, "nowhere"},
      {{"--port", "0", "--api-key-file", path("nowhere")}, "nowhere"},
      {{"--port", "0", "--device", "cuda:99"}, "cuda"},
      {{"--port", "0", "--alias", "x=nobody"}, "nobody"},
      {{"--port", "0", "--tls-cert", path("broken.pem"), "--tls-key", path("broken.pem")}, "certificate"},
  };
  for (const auto& [arguments, words] : starts) {
    ServeProcess server(arguments);
    EXPECT_EQ(server.wait(), 1) << words;
    EXPECT_NE(server.log().find("janus: "), std::string::npos) << server.log();
    EXPECT_NE(server.log().find(words), std::string::npos) << server.log();
  }
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--port", "65536"},
                                                {"--queue", "-1"},
                                                {"--tls-cert", "x"},
                                                {"--nonsense"}}) {
    ServeProcess server(wrong);
    EXPECT_EQ(server.wait(), 2) << server.log();
  }
}

TEST_F(Serve, ServesSeveralModels) {
  NEEDS_SERVE();
  ServeProcess server({"--port", "0", "-m", "janus-tiny", "-m", kModel, "--loaded", "1"});
  ASSERT_TRUE(server.is_well()) << server.log();
  const std::string metrics = ask_raw(server.port(), get("/metrics")).text();
  EXPECT_NE(metrics.find("janus_model_loaded{model=\"janus-tiny\"} 1"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("janus_model_loaded{model=\"tied-mixed\"} 0"), std::string::npos) << metrics;
}

TEST_F(Serve, GivesRequestsTimeAtTheEnd) {
  NEEDS_SERVE();
  ServeProcess server({"--port", "0", "--drain-seconds", "20"});
  ASSERT_TRUE(server.is_well()) << server.log();
  RawClient client(server.port());
  client.send(post("/v1/images/generations", R"({"prompt": "a red circle", "stream": true, "n": 4})",
                   "Content-Type: application/json\r\n"));
  ASSERT_TRUE(client.read_until("\r\n\r\n")) << client.text();
  server.send(SIGTERM);
  EXPECT_TRUE(client.read_to_end(30'000));
  EXPECT_NE(client.text().find("image_generation.completed"), std::string::npos)
      << client.text().substr(0, 300);
  EXPECT_EQ(server.wait(), 0) << server.log();
}

TEST_F(Serve, TakesASocketOfTheServiceManagerAndTellsIt) {
  NEEDS_SERVE();
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 16), 0);
  socklen_t size = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int notices = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  path("notify").copy(place.sun_path, sizeof(place.sun_path) - 1);
  ASSERT_EQ(bind(notices, reinterpret_cast<sockaddr*>(&place), sizeof(place)), 0);
  const auto next_notice = [&] {
    std::array<char, 256> text{};
    pollfd ready{.fd = notices, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 10'000) <= 0) return std::string("none");
    const ssize_t got = recv(notices, text.data(), text.size(), 0);
    return std::string(text.data(), static_cast<size_t>(std::max<ssize_t>(0, got)));
  };

  ServeProcess server({"--port", "1"}, [&] {
    dup2(listener, 3);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("NOTIFY_SOCKET", path("notify").c_str(), 1);
  });
  EXPECT_EQ(next_notice(), "READY=1") << server.log();
  EXPECT_EQ(server.port(), ntohs(address.sin_port)) << server.log();
  EXPECT_TRUE(server.is_well());
  server.send(SIGTERM);
  EXPECT_EQ(next_notice(), "STOPPING=1");
  EXPECT_EQ(server.wait(), 0);
  close(listener);
  close(notices);
}

TEST_F(Serve, SpeaksTls) {
  NEEDS_SERVE();
  if (std::system("openssl version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "no openssl to make a certificate";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=localhost -keyout " +
      path("key.pem") + " -out " + path("cert.pem") + " 2> /dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  ServeProcess server({"--port", "0", "--tls-cert", path("cert.pem"), "--tls-key", path("key.pem")});
  ASSERT_GT(server.port(), 0) << server.log();
  EXPECT_NE(server.log().find("janus serve: https://"), std::string::npos);
  const std::string ask =
      "printf 'GET /props HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | "
      "openssl s_client -quiet -verify_return_error -CAfile " +
      path("cert.pem") + " -connect 127.0.0.1:" + std::to_string(server.port()) + " > " + path("reply") +
      " 2> " + path("said");
  std::string reply;
  for (int i = 0; i < 100 && !reply.starts_with("HTTP/1.1 200"); ++i) {
    // It may come too early.
    if (std::system(ask.c_str()) != 0) continue;
    reply = read_file(path("reply"));
  }
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200")) << reply << read_file(path("said"));
  // Whoever speaks plainly is not answered, and does no harm.
  EXPECT_NE(ask_raw(server.port(), get("/health")).status(), 200);
  EXPECT_EQ(std::system(ask.c_str()), 0);
  EXPECT_TRUE(read_file(path("reply")).starts_with("HTTP/1.1 200"));
}

TEST_F(Serve, KeepsContentOutOfTheLog) {
  NEEDS_SERVE();
  const std::string body = R"({"content": "the secret garden", "image": ")" + std::string(5'000, 'A') + "\"}";
  for (const bool content : {false, true}) {
    std::vector<std::string> arguments{"--port", "0"};
    if (content) arguments.emplace_back("--log-content");
    ServeProcess server(arguments);
    ASSERT_TRUE(server.is_well()) << server.log();
    EXPECT_EQ(ask_raw(server.port(), post("/tokenize", body)).status(), 200);
    server.send(SIGTERM);
    EXPECT_EQ(server.wait(), 0);
    EXPECT_EQ(server.log().find("secret garden") != std::string::npos, content) << server.log();
    EXPECT_EQ(server.log().find(std::string(1'000, 'A')), std::string::npos);
  }
}

TEST_F(Serve, WhatATerminalWouldObeyIsEscapedInAnswersAndInTheLog) {
  NEEDS_SERVE();
  ServeProcess server({"--port", "0", "--log-content"});
  ASSERT_TRUE(server.is_well()) << server.log();
  const std::string text = "\x7f\u009b31m\u202e", escaped = "\\u007f\\u009b31m\\u202e";
  const std::string body = R"({"model":")" + text + R"(","prompt":1,"tokens":[]})";
  std::string answers;
  for (const std::string path : {"/v1/chat/completions", "/v1/images/generations", "/api/generate",
                                 "/sdapi/v1/txt2img", "/v1/models/%7f%c2%9b31m%e2%80%ae"})
    answers += ask_raw(server.port(), post(path, body)).text();
  EXPECT_EQ(answers.find(text), std::string::npos) << answers;
  server.send(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(server.log().find("\u009b"), std::string::npos) << server.log();
  EXPECT_NE(server.log().find(escaped), std::string::npos) << server.log();
}

TEST_F(Serve, SurvivesHostileBodies) {
  NEEDS_SERVE();
  ServeProcess server({"--port", "0"});
  ASSERT_TRUE(server.is_well()) << server.log();
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  const auto image = [](const std::string& url) {
    return R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":")" + url +
           R"("}},{"type":"text","text":"What?"}]}]})";
  };
  const std::vector<std::string> bodies{
      deep,
      "{\"messages\":" + deep + "}",
      "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\xfe\"}]}",
      image("data:image/png;base64,!!!!"),
      image("data:image/png;base64,iVBORw0KGgo="),
      image("data:image/png;base64," + std::string(100'000, 'A')),
      image("data:;base64"),
      image("file:///etc/passwd"),
      image("http://127.0.0.1:1/x.png"),
      "{\"prompt\":\"\\ud800\",\"model\":[1]}",
      "{\"prompt\":1,\"n\":-1,\"size\":\"0x0\"}",
  };
  for (const std::string path : {"/v1/chat/completions", "/v1/images/generations", "/api/chat",
                                 "/api/generate", "/sdapi/v1/txt2img", "/tokenize", "/detokenize"}) {
    for (const std::string& body : bodies) {
      const int status = ask_raw(server.port(), post(path, body)).status();
      EXPECT_TRUE(status >= 400 && status < 500) << path << " " << status << " " << body.substr(0, 60);
    }
  }
  EXPECT_TRUE(server.is_well());
}

}  // namespace
}  // namespace janus::test
