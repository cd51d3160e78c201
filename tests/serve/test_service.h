// The handlers of the server on the built-in model with its engine, without a network.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "cli/io/json_output.h"
#include "cli/serve/error_reply.h"
#include "cli/serve/host/served_engine.h"
#include "cli/serve/metrics.h"
#include "cli/serve/route_table.h"
#include "cli/serve/serve_limits.h"
#include "cli/serve/worker_pool.h"
#include "core/base/base64.h"
#include "generator/builtin_model.h"
#include "tests/serve/recording_exchange.h"
#include "vision/image_file.h"

namespace janus::cli {

// A test of handlers begins with it: the built-in model's tokenizer needs SentencePiece.
#define JANUS_NEEDS_BUILTIN_MODEL() \
  if (JANUS_WITH_SENTENCEPIECE == 0) GTEST_SKIP() << "the built-in model's tokenizer needs SentencePiece"

// One model that is there at once.
class TestHost : public ModelHost {
 public:
  static constexpr const char* kName = "janus-tiny";

  explicit TestHost(Metrics& metrics, int64_t queue = 64) {
    ModelCard card;
    card.name = kName;
    card.created = 1700000000;
    card.type = "native";
    card.device = "cpu";
    card.fingerprint = "0123456789abcdef";
    card.loaded = true;
    ChosenModel chosen;
    chosen.name = kName;
    chosen.model = open_builtin_model(open_device("cpu", {.threads = 1}));
    engine_ =
        std::make_shared<ServedEngine>(std::move(card), std::move(chosen),
                                       ServedEngineSettings{.engine = {.rows = 4}, .queue = queue}, metrics);
  }
  ~TestHost() override { engine_->stop(); }

  std::vector<ModelCard> cards() const override { return {engine_->card()}; }
  void ask(const std::string& name, std::function<void(std::shared_ptr<ServedModel>)> ready,
           std::function<void(const ApiError&)> failed) override {
    if (name.empty() || name == kName) return ready(engine_);
    failed(ApiError(404, "model: expected janus-tiny, found \"" + name + "\"", "model_not_found", "model"));
  }
  ServedEngine& engine() { return *engine_; }

 private:
  std::shared_ptr<ServedEngine> engine_;
};

class TestService {
 public:
  explicit TestService(ServeLimits limits = {}, int64_t queue = 64)
      : host_(metrics_, queue), limits_(limits), service_{host_, workers_, limits_, metrics_} {
    add_openai(routes_, service_);
  }

  // What the front of the server does with a request.
  std::shared_ptr<RecordingExchange> start(const std::string& method, const std::string& path,
                                           std::string body = {}) {
    const auto exchange = std::make_shared<RecordingExchange>(HttpRequest{.method = method,
                                                                          .path = path,
                                                                          .query = {},
                                                                          .headers = {},
                                                                          .body = std::move(body),
                                                                          .client = "127.0.0.1"});
    try {
      routes_.find(method, path).handler(exchange);
    } catch (...) {
      exchange->reply(error_reply(path, api_error_of(std::current_exception())));
    }
    return exchange;
  }
  HttpReply post(const std::string& path, const Json& body) {
    return start("POST", path, body.dump())->wait();
  }
  HttpReply get(const std::string& path) { return start("GET", path)->wait(); }
  // The JSON of a reply that has to be good.
  Json ask(const std::string& path, const Json& body) {
    const HttpReply reply = post(path, body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }
  // The events of a reply that has to be good.
  std::vector<std::string> stream(const std::string& path, Json body) {
    body["stream"] = true;
    const HttpReply reply = post(path, body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.type, "text/event-stream");
    return event_data(reply.body);
  }

  const Model& model() { return host_.engine().model(); }
  // What the engine answers alone: nothing else may run meanwhile.
  Answer answer(AnswerRequest request) { return Engine(model()).answer(std::move(request)); }
  GeneratedImage generate(ImageRequest request) { return Engine(model()).generate(std::move(request)); }

  // Whether all requests have left the engine within a while.
  bool comes_to_rest() {
    for (int i = 0; i < 500 && host_.engine().under_way() > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return host_.engine().under_way() == 0;
  }

 private:
  Metrics metrics_;
  TestHost host_;
  ServeLimits limits_;
  WorkerPool workers_{2};
  Service service_;
  RouteTable routes_;
};

// A disc of one colour on white.
inline Image disc(uint8_t red, uint8_t green, uint8_t blue, int side = 64) {
  Image image{.width = side, .height = side, .pixels = {}};
  for (int i = 0; i < side * side; ++i) {
    const int x = i % side - side / 2, y = i / side - side / 2;
    const bool inside = x * x + y * y < side * side / 9;
    for (const uint8_t value : {red, green, blue}) image.pixels.push_back(inside ? value : 255);
  }
  return image;
}

inline std::string base64_png(const Image& image) { return to_base64(encode_image(image, ImageFormat::png)); }
inline std::string data_url(const Image& image) { return "data:image/png;base64," + base64_png(image); }

inline Json user(Json content) { return {{"role", "user"}, {"content", std::move(content)}}; }
inline Json text_part(const std::string& text) { return {{"type", "text"}, {"text", text}}; }
inline Json image_part(const Image& image) {
  return {{"type", "image_url"}, {"image_url", {{"url", data_url(image)}}}};
}

// An error reply in OpenAI's shape.
inline void expect_openai_error(const HttpReply& reply, int status, const std::string& param,
                                const std::string& code = {}) {
  EXPECT_EQ(reply.status, status) << reply.body;
  const Json json = Json::parse(reply.body, nullptr, false);
  ASSERT_TRUE(json.is_object() && json.contains("error")) << reply.body;
  const Json& error = json["error"];
  EXPECT_FALSE(error["message"].get<std::string>().empty());
  EXPECT_TRUE(error["type"].is_string());
  EXPECT_EQ(error["param"], param.empty() ? Json() : Json(param)) << reply.body;
  EXPECT_EQ(error["code"], code.empty() ? Json() : Json(code)) << reply.body;
}

}  // namespace janus::cli
