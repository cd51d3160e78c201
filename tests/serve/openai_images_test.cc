// POST /v1/images/generations.
#include <gtest/gtest.h>

#include "generator/settings_text.h"
#include "tests/serve/openai_service.h"

namespace janus::cli {
namespace {

constexpr const char* kPath = "/v1/images/generations";
constexpr const char* kPrompt = "a red circle on a white background";

class OpenAiImages : public testing::Test {
 protected:
  void SetUp() override { JANUS_NEEDS_TINY(); }

  // What `janus generate` makes.
  Image generated(uint32_t seed, std::optional<float> guidance = {}, const std::string& negative = {}) {
    ImageRequest request{.prompt = kPrompt, .negative_prompt = negative, .guidance = guidance};
    request.sampling.seed = seed;
    return service_.generate(request).image;
  }

  static std::vector<std::byte> bytes_of(const Json& base64) {
    return from_base64(base64.get<std::string>()).value_or(std::vector<std::byte>());
  }
  static Image decoded(const Json& base64) { return decode_image(bytes_of(base64), "reply").image; }

  OpenAiService service_;
};

TEST_F(OpenAiImages, AreWhatTheirSeedsGive) {
  const Json reply =
      service_.ask(kPath, {{"model", "janus-tiny"}, {"prompt", kPrompt}, {"n", 2}, {"seed", 7}});
  ASSERT_EQ(reply["data"].size(), 2U);
  for (uint32_t k = 0; k < 2; ++k) {
    const Json& one = reply["data"][k];
    EXPECT_EQ(one["seed"], 7 + k);
    EXPECT_EQ(decoded(one["b64_json"]).pixels, generated(7 + k).pixels);
    // It carries its settings as `janus generate` writes them.
    const auto settings = settings_of(read_image_text(bytes_of(one["b64_json"]), "reply"));
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ((*settings)["prompt"], kPrompt);
    EXPECT_EQ((*settings)["seed"], 7 + k);
    // That of --type, which `janus generate --from` compares with its own.
    EXPECT_EQ((*settings)["type"], "native");
  }
  EXPECT_EQ(reply["size"], "64x64");
  EXPECT_EQ(reply["native_size"], "64x64");
  EXPECT_EQ(reply["output_format"], "png");
  const Json& usage = reply["usage"];
  const ModelInfo& info = service_.model().info();
  EXPECT_EQ(usage["output_tokens"], 2 * info.codes_height * info.codes_width);
  EXPECT_EQ(usage["total_tokens"], usage["input_tokens"].get<int>() + usage["output_tokens"].get<int>());
  EXPECT_EQ(usage["input_tokens_details"]["text_tokens"], usage["input_tokens"]);
}

TEST_F(OpenAiImages, FollowTheirSettings) {
  const auto pixels = [&](Json more) {
    Json body{{"prompt", kPrompt}, {"seed", 3}};
    body.update(more);
    return decoded(service_.ask(kPath, body)["data"][0]["b64_json"]).pixels;
  };
  const auto weak = generated(3, 1.5F).pixels;
  EXPECT_EQ(pixels({{"guidance_scale", 1.5}}), weak);
  EXPECT_EQ(pixels({{"cfg_scale", 1.5}}), weak);
  EXPECT_NE(pixels(Json::object()), weak);
  EXPECT_EQ(pixels({{"negative_prompt", "a blue star on a black background"}}),
            generated(3, 5.0F, "a blue star on a black background").pixels);
  EXPECT_NE(pixels({{"temperature", 0}}), pixels(Json::object()));
  EXPECT_NE(pixels({{"top_k", 1}}), pixels(Json::object()));
}

TEST_F(OpenAiImages, ComeInTheSizeAndFormatAskedFor) {
  const auto ask = [&](Json more) {
    Json body{{"prompt", kPrompt}, {"seed", 7}};
    body.update(more);
    return service_.ask(kPath, body);
  };
  Json reply = ask({{"size", "auto"}});
  EXPECT_EQ(decoded(reply["data"][0]["b64_json"]).width, 64);
  reply = ask({{"size", "200x200"}});
  const Image large = decoded(reply["data"][0]["b64_json"]);
  EXPECT_EQ(reply["size"], "200x200");
  EXPECT_EQ(reply["native_size"], "64x64");
  EXPECT_EQ(large.pixels, resize(generated(7), 200, 200, Resample::lanczos).pixels);
  std::vector<size_t> sizes;
  for (const int compression : {5, 95}) {
    reply = ask({{"output_format", "jpeg"}, {"output_compression", compression}});
    EXPECT_EQ(reply["output_format"], "jpeg");
    const auto bytes = bytes_of(reply["data"][0]["b64_json"]);
    ASSERT_GT(bytes.size(), 2U);
    EXPECT_EQ(bytes[0], std::byte{0xff});
    EXPECT_EQ(bytes[1], std::byte{0xd8});
    sizes.push_back(bytes.size());
  }
  EXPECT_LT(sizes[0], sizes[1]);
  reply = ask({{"response_format", "url"}});
  EXPECT_TRUE(reply["data"][0]["url"].get<std::string>().starts_with("data:image/png;base64,"));
}

TEST_F(OpenAiImages, AreStreamedAsTheyGrow) {
  const std::vector<std::string> events =
      service_.stream(kPath, {{"prompt", kPrompt}, {"seed", 7}, {"partial_images", 2}});
  ASSERT_EQ(events.size(), 3U);
  const Image whole = generated(7);
  for (int i = 0; i < 2; ++i) {
    const Json event = Json::parse(events[static_cast<size_t>(i)]);
    EXPECT_EQ(event["type"], "image_generation.partial_image");
    EXPECT_EQ(event["partial_image_index"], i);
    for (const char* key : {"b64_json", "created_at", "size", "quality", "background", "output_format"}) {
      EXPECT_TRUE(event.contains(key)) << key;
    }
    const Image part = decoded(event["b64_json"]);
    EXPECT_EQ(part.width, 64);
    EXPECT_NE(part.pixels, whole.pixels);
    // Grey is what is not there yet.
    EXPECT_EQ(part.pixels.back(), 127);
  }
  const Json last = Json::parse(events[2]);
  EXPECT_EQ(last["type"], "image_generation.completed");
  EXPECT_EQ(decoded(last["b64_json"]).pixels, whole.pixels);
  EXPECT_TRUE(last["usage"].is_object());
  const HttpReply reply = service_.post(kPath, {{"prompt", kPrompt}, {"stream", true}});
  EXPECT_NE(reply.body.find("event: image_generation.completed\n"), std::string::npos);
  EXPECT_EQ(event_data(reply.body).size(), 1U) << "none but the whole one unless they are asked for";
}

TEST_F(OpenAiImages, WithoutASeedDiffer) {
  const auto seed = [&] {
    return service_.ask(kPath, {{"prompt", kPrompt}})["data"][0]["seed"].get<uint32_t>();
  };
  EXPECT_NE(seed(), seed());
}

TEST_F(OpenAiImages, RefuseWhatIsWrongAndNameIt) {
  const auto with = [](const char* key, Json value) {
    Json body{{"prompt", kPrompt}};
    body[key] = std::move(value);
    return body;
  };
  const std::vector<std::pair<Json, const char*>> cases{
      {Json::object(), "prompt"},
      {with("prompt", " "), "prompt"},
      {with("prompt", 7), "prompt"},
      {with("n", 0), "n"},
      {with("n", 11), "n"},
      {with("size", "512x256"), "size"},
      {with("size", "4096x4096"), "size"},
      {with("size", "8x8"), "size"},
      {with("size", "large"), "size"},
      {with("size", "64x"), "size"},
      {with("size", "99999999999999999999x1"), "size"},
      {with("output_format", "gif"), "output_format"},
      {with("output_compression", 101), "output_compression"},
      {with("response_format", "png"), "response_format"},
      {with("partial_images", 4), "partial_images"},
      {with("guidance_scale", -1), "guidance_scale"},
      {with("seed", 1e12), "seed"},
  };
  for (const auto& [body, param] : cases) {
    SCOPED_TRACE(body.dump());
    expect_openai_error(service_.post(kPath, body), 400, param);
  }
  std::string long_words;
  for (int i = 0; i < 2000; ++i) long_words += "word ";
  expect_openai_error(service_.post(kPath, with("prompt", long_words)), 400, "prompt");
  for (const char* path :
       {"/v1/images/edits", "/v1/images/variations", "/images/edits", "/v1/audio/speech"}) {
    const HttpReply reply = service_.post(path, Json::object());
    expect_openai_error(reply, 501, "", "unsupported");
    EXPECT_EQ(reply.headers, (HttpHeaders{{"X-Should-Retry", "false"}}));
  }
}

TEST_F(OpenAiImages, AClientThatGoesAwayFreesItsPlace) {
  const Json body{{"prompt", kPrompt}, {"n", 10}, {"stream", true}, {"partial_images", 3}};
  const auto exchange = service_.start("POST", kPath, body.dump());
  ASSERT_TRUE(exchange->wait_for_pieces(1));
  exchange->leave();
  EXPECT_TRUE(service_.comes_to_rest());
}

}  // namespace
}  // namespace janus::cli
