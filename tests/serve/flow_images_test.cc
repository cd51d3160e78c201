// The server's images of a model that draws by flow, as JanusFlow does.
#include <gtest/gtest.h>

#include "cli/serve/service.h"
#include "core/base/base64.h"
#include "generator/settings_text.h"
#include "tests/serve/tiny_service.h"
#include "vision/image_file.h"

namespace janus::cli {
namespace {

constexpr const char* kImages = "/v1/images/generations";
constexpr const char* kTxt2Img = "/sdapi/v1/txt2img";

class FlowImages : public testing::Test {
 protected:
  void SetUp() override {
    add_openai(service_.router, service_.service);
    add_automatic1111(service_.router, service_.service);
  }

  static std::unique_ptr<Model> open() {
    return open_model(Checkpoint::open(JANUS_TEST_DATA "/flow/models/plain"),
                      open_device("cpu", {.threads = 1}));
  }
  static std::vector<std::byte> bytes_of(const Json& base64) {
    return from_base64(base64.get<std::string>()).value_or(std::vector<std::byte>());
  }
  static Image decoded(const Json& base64) { return decode_image(bytes_of(base64), "reply").image; }
  Image drawn(int steps, std::optional<float> guidance = {}) const {
    return Engine(*model_)
        .generate({.prompt = "a bird", .guidance = guidance, .steps = steps, .sampling = {.seed = 7}})
        .image;
  }
  static Json request(const Json& more) {
    Json body{{"prompt", "a bird"}, {"seed", 7}};
    body.update(more);
    return body;
  }
  Json ask(const char* path, const Json& more, int status = 200) {
    return service_.json(status, "POST", path, to_line(request(more)));
  }

  std::unique_ptr<Model> model_ = open();
  TinyService service_{open()};
};

TEST_F(FlowImages, OpenAiHonoursSteps) {
  const Json reply = ask(kImages, {{"steps", 3}});
  const Json& image = reply["data"][0]["b64_json"];
  EXPECT_EQ(decoded(image).pixels, drawn(3).pixels);
  const auto settings = settings_of(read_image_text(bytes_of(image), "reply"));
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ((*settings)["steps"], 3);
  EXPECT_EQ((*settings)["cfg_scale"], 2) << "the family's default";
  EXPECT_FALSE(settings->contains("temperature"));
  EXPECT_GT(reply["usage"]["output_tokens"], 0);
  EXPECT_EQ(decoded(ask(kImages, {{"steps", 2}, {"guidance_scale", 1}})["data"][0]["b64_json"]).pixels,
            drawn(2, 1.0F).pixels);
}

TEST_F(FlowImages, OpenAiRefusesWhatAFlowHasNot) {
  ask(kImages, {{"steps", 0}}, 400);
  ask(kImages, {{"steps", 1001}}, 400);
  ask(kImages, {{"temperature", 0.5}}, 400);
}

TEST_F(FlowImages, PartialImagesShowWhatItIsBecoming) {
  const HttpReply reply = service_.ask(
      "POST", kImages, to_line(request({{"steps", 6}, {"stream", true}, {"partial_images", 2}})));
  ASSERT_EQ(reply.status, 200) << reply.body;
  std::vector<Json> events;
  for (const std::string& data : event_data(reply.body)) events.push_back(Json::parse(data));
  ASSERT_EQ(events.size(), 3U);
  for (size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(events[k]["type"], "image_generation.partial_image");
    EXPECT_EQ(events[k]["lines"], 2 * (k + 1)) << "steps";
    EXPECT_EQ(events[k]["all_lines"], 6);
    EXPECT_EQ(decoded(events[k]["b64_json"]).width, model_->info().image_size);
  }
  EXPECT_EQ(decoded(events[2]["b64_json"]).pixels, drawn(6).pixels);
}

TEST_F(FlowImages, Automatic1111HonoursSteps) {
  const int side = model_->info().image_size;
  const Json reply = ask(kTxt2Img, {{"steps", 4}, {"cfg_scale", 3}, {"width", side}, {"height", side}});
  EXPECT_EQ(decoded(reply["images"][0]).pixels, drawn(4, 3.0F).pixels);
  const Json info = Json::parse(reply["info"].get<std::string>());
  EXPECT_EQ(info["steps"], 4);
  EXPECT_NE(info["infotexts"][0].get<std::string>().find("Steps: 4"), std::string::npos);
  ask(kTxt2Img, {{"steps", 0}}, 400);
}

}  // namespace
}  // namespace janus::cli
