// What the tests of OpenAI's interface share.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/serve/route_table.h"
#include "core/base/base64.h"
#include "tests/serve/tiny_service.h"
#include "vision/image_file.h"

namespace janus::cli {

// OpenAI's interface.
class OpenAiService : public TinyService {
 public:
  explicit OpenAiService(const ServeLimits& with = {}) {
    limits = with;
    add_openai(routes_, service);
  }

  // What the front of the server does with a request.
  std::shared_ptr<RecordingExchange> start(const std::string& method, const std::string& path,
                                           std::string body = {}) {
    const auto exchange = std::make_shared<RecordingExchange>(
        HttpRequest{.method = method, .path = path, .body = std::move(body)});
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

  const Model& model() { return host.model->model(); }
  // What an engine answers alone: no request may be under way meanwhile.
  Answer answer(AnswerRequest request) { return Engine(model()).answer(std::move(request)); }
  GeneratedImage generate(ImageRequest request) { return Engine(model()).generate(std::move(request)); }

  // Whether all requests have left the engine within a while.
  bool comes_to_rest() {
    const auto busy = [&] { return host.model->load().running + host.model->load().waiting > 0; };
    for (int i = 0; i < 500 && busy(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return !busy();
  }

 private:
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
