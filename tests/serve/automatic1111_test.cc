// AUTOMATIC1111's interface on janus-tiny; tests/serve/clients/open_webui_test.py replays a client's
// requests.
#include <gtest/gtest.h>

#include <atomic>

#include "core/base/base64.h"
#include "generator/settings_text.h"
#include "tests/serve/tiny_service.h"

namespace janus::cli {
namespace {

constexpr const char* kPath = "/sdapi/v1/txt2img";

Image image_of(const Json& base64) {
  return decode_image(from_base64(base64.get<std::string>()).value(), "image").image;
}

class Automatic1111Test : public testing::Test {
 protected:
  void SetUp() override {
    JANUS_NEEDS_TINY();
    tiny_ = std::make_unique<TinyService>();
    add_automatic1111(tiny_->router, tiny_->service);
  }
  Json request(Json more = Json::object()) const {
    Json body{{"prompt", "a red circle"}, {"width", 64}, {"height", 64}, {"seed", 7}};
    body.update(more);
    return body;
  }
  Json images(Json more, int status = 200) {
    return tiny_->json(status, "POST", kPath, to_line(request(more)));
  }
  std::unique_ptr<TinyService> tiny_;
};

TEST_F(Automatic1111Test, MakesTheImagesThatTheModelMakes) {
  const Json reply =
      images({{"batch_size", 2}, {"n_iter", 2}, {"cfg_scale", 3}, {"negative_prompt", "a star"}});
  ASSERT_EQ(reply["images"].size(), 4);
  const Json info = Json::parse(reply["info"].get<std::string>());
  EXPECT_EQ(info["all_seeds"], Json::array({7, 8, 9, 10}));
  EXPECT_EQ(info["cfg_scale"], 3);
  EXPECT_EQ(reply["parameters"]["negative_prompt"], "a star");
  std::vector<Image> expected(4);
  tiny_->host.model->model().generate(
      {.prompt = "a red circle",
       .negative_prompt = "a star",
       .count = 4,
       .guidance = 3,
       .sampling = {.seed = 7}},
      [&](GeneratedImage& image) { expected[static_cast<size_t>(image.index)] = image.image; });
  for (size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(image_of(reply["images"][k]).pixels, expected[k].pixels) << k;
    const auto bytes = from_base64(reply["images"][k].get<std::string>()).value();
    const ImageText text = read_image_text(bytes, "image");
    EXPECT_EQ(text.at(kParametersKeyword), info["infotexts"][k].get<std::string>());
    EXPECT_EQ(settings_of(text)->at("seed"), 7 + k);
  }
}

TEST_F(Automatic1111Test, EnlargesToTheSizeThatIsAskedFor) {
  EXPECT_EQ(image_of(images({{"width", 200}, {"height", 200}})["images"][0]).width, 200);
  Json body = request();
  body.erase("width");
  body.erase("height");
  EXPECT_EQ(image_of(tiny_->json(200, "POST", kPath, to_line(body))["images"][0]).width, 512);
}

TEST_F(Automatic1111Test, ASeedOfMinusOneIsRandomAndTold) {
  const auto seed = [&] {
    return Json::parse(images({{"seed", -1}, {"send_images", false}})["info"].get<std::string>())["seed"];
  };
  EXPECT_NE(seed(), seed());
}

TEST_F(Automatic1111Test, RefusesWhatItCannotMake) {
  for (const Json& more :
       {Json{{"prompt", ""}}, Json{{"prompt", 1}}, Json{{"width", 128}},
        Json{{"width", 4096}, {"height", 4096}}, Json{{"seed", 1e20}}, Json{{"batch_size", 0}},
        Json{{"batch_size", 1000}}, Json{{"batch_size", 5}, {"n_iter", 5}}, Json{{"cfg_scale", -1}}}) {
    const Json reply = images(more, 400);
    EXPECT_TRUE(reply["error"].is_string() && reply["detail"].is_string()) << more;
  }
}

TEST_F(Automatic1111Test, SaysThatItChangesNoImages) {
  EXPECT_TRUE(tiny_->json(501, "POST", "/sdapi/v1/img2img", "{}")["detail"].is_string());
}

TEST_F(Automatic1111Test, TellsHowFarItIs) {
  EXPECT_EQ(tiny_->json(200, "GET", "/sdapi/v1/progress")["progress"], 0);
  const auto exchange = tiny_->start("POST", kPath, to_line(request({{"batch_size", 4}})));
  double most = 0;
  bool shown = false;
  std::atomic<bool> done = false;
  std::thread asking([&] {
    while (!done) {
      const char* path = shown ? "/sdapi/v1/progress?skip_current_image=true" : "/sdapi/v1/progress";
      const Json progress = tiny_->json(200, "GET", path);
      most = std::max(most, progress["progress"].get<double>());
      shown = shown || progress["current_image"].is_string();
    }
  });
  EXPECT_EQ(exchange->wait().status, 200);
  done = true;
  asking.join();
  EXPECT_GT(most, 0);
  EXPECT_TRUE(shown);
}

TEST_F(Automatic1111Test, InterruptRepliesWithWhatIsDone) {
  const auto exchange = tiny_->start("POST", kPath, to_line(request({{"batch_size", 10}})));
  while (tiny_->host.model->load().running == 0) std::this_thread::yield();
  tiny_->json(200, "POST", "/sdapi/v1/interrupt");
  const HttpReply reply = exchange->wait();
  EXPECT_EQ(reply.status, 200);
  EXPECT_LT(Json::parse(reply.body)["images"].size(), 10);
}

TEST_F(Automatic1111Test, RefusesWhatNoImageCanBeMadeOf) {
  const std::vector<Json> wrong{{{"prompt", std::string(1 << 20, 'a')}},
                                {{"negative_prompt", std::string(1 << 20, 'a')}},
                                {{"prompt", std::string("a\0b", 3)}},
                                {{"negative_prompt", std::string("a\0b", 3)}},
                                {{"cfg_scale", 1e38}},
                                {{"cfg_scale", 1001}}};
  for (const Json& fields : wrong) {
    const HttpReply reply = tiny_->ask("POST", kPath, to_line(request(fields)));
    EXPECT_EQ(reply.status, 400) << reply.body.substr(0, 200);
  }
  // Not counted in tokens, which takes long.
  EXPECT_NE(tiny_->ask("POST", kPath, to_line(request(wrong[0]))).body.find("bytes"), std::string::npos);
  EXPECT_EQ(tiny_->ask("POST", kPath, to_line(request({{"cfg_scale", 1000}}))).status, 200);
}

TEST_F(Automatic1111Test, OneRefusedImageEndsAll) {
  tiny_->host.model->refuse_behind = 2;
  const HttpReply reply = tiny_->ask("POST", kPath, to_line(request({{"batch_size", 4}})));
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.headers, (HttpHeaders{{"Retry-After", "2"}}));
}

TEST_F(Automatic1111Test, OptionsChooseTheModel) {
  EXPECT_EQ(tiny_->json(200, "GET", "/sdapi/v1/options")["sd_model_checkpoint"], "janus-tiny");
  tiny_->json(200, "POST", "/sdapi/v1/options",
              R"({"sd_model_checkpoint": "janus-tiny", "CLIP_stop_at_last_layers": 2})");
  tiny_->json(404, "POST", "/sdapi/v1/options", R"({"sd_model_checkpoint": "another"})");
  EXPECT_EQ(tiny_->json(200, "GET", "/sdapi/v1/options")["sd_model_checkpoint"], "janus-tiny");
}

TEST_F(Automatic1111Test, ListsWhatClientsLookUp) {
  EXPECT_EQ(tiny_->json(200, "GET", "/sdapi/v1/sd-models")[0]["title"], "janus-tiny");
  EXPECT_EQ(tiny_->json(200, "GET", "/sdapi/v1/samplers")[0]["name"], "Janus");
  EXPECT_EQ(tiny_->json(200, "GET", "/sdapi/v1/upscalers")[0]["name"], "Lanczos");
  EXPECT_TRUE(tiny_->json(200, "GET", "/sdapi/v1/schedulers").is_array());
  EXPECT_TRUE(tiny_->json(200, "GET", "/sdapi/v1/cmd-flags").is_object());
}

}  // namespace
}  // namespace janus::cli
