// POST /v1/responses, GET /v1/models and POST /v1/embeddings.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/serve/openai_service.h"

namespace janus::cli {
namespace {

constexpr const char* kPath = "/v1/responses";
const Json kImageTool =
    Json::array({{{"type", "image_generation"}, {"partial_images", 2}, {"size", "128x128"}}});

class OpenAiResponses : public testing::Test {
 protected:
  void SetUp() override { JANUS_NEEDS_TINY(); }

  // The same answer as a chat's.
  std::string chatted(const Json& messages) {
    return service_.ask("/v1/chat/completions", {{"messages", messages}})["choices"][0]["message"]["content"]
        .get<std::string>();
  }

  OpenAiService service_;
  const Image red_ = disc(220, 20, 20);
};

TEST_F(OpenAiResponses, AnswerAsChatsDo) {
  const Json reply = service_.ask(kPath, {{"input", "What is it?"}, {"instructions", "Be brief."}});
  EXPECT_EQ(reply["object"], "response");
  EXPECT_EQ(reply["status"], "completed");
  const Json& item = reply["output"].at(0);
  EXPECT_EQ(item["type"], "message");
  EXPECT_EQ(item["role"], "assistant");
  EXPECT_EQ(item["content"][0]["type"], "output_text");
  EXPECT_EQ(item["content"][0]["text"],
            chatted({{{"role", "system"}, {"content", "Be brief."}}, user("What is it?")}));
  EXPECT_GT(reply["usage"]["input_tokens"].get<int>(), 0);
  const Json shown =
      service_.ask(kPath, {{"input",
                            {user({{{"type", "input_text"}, {"text", "What is it?"}},
                                   {{"type", "input_image"}, {"image_url", data_url(red_)}}})}}});
  EXPECT_EQ(shown["output"][0]["content"][0]["text"],
            chatted(Json::array({user({text_part("What is it?"), image_part(red_)})})));
  const Json cut =
      service_.ask(kPath, {{"input", {user(Json::array({image_part(red_)}))}}, {"max_output_tokens", 2}});
  EXPECT_EQ(cut["status"], "incomplete");
  EXPECT_EQ(cut["incomplete_details"]["reason"], "max_output_tokens");
}

TEST_F(OpenAiResponses, TellHowAnAnswerGrows) {
  const Json input{user(Json::array({image_part(red_)}))};
  const std::vector<std::string> events = service_.stream(kPath, {{"input", input}});
  std::vector<std::string> types;
  std::string text;
  for (size_t i = 0; i < events.size(); ++i) {
    const Json event = Json::parse(events[i]);
    EXPECT_EQ(event["sequence_number"], i);
    if (event["type"] == "response.output_text.delta") {
      text += event["delta"].get<std::string>();
      if (types.back() == event["type"]) continue;
    }
    types.push_back(event["type"].get<std::string>());
  }
  EXPECT_EQ(types,
            (std::vector<std::string>{
                "response.created", "response.in_progress", "response.output_item.added",
                "response.content_part.added", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed"}));
  EXPECT_EQ(text, chatted(input));
  EXPECT_EQ(Json::parse(events.back())["response"]["output"][0]["content"][0]["text"], text);
}

TEST_F(OpenAiResponses, DrawWithTheImageTool) {
  const std::string prompt = "a blue star on a black background";
  ImageRequest request{.prompt = prompt};
  request.sampling.seed = 5;
  const Image expected = resize(service_.generate(request).image, 128, 128, Resample::lanczos);
  const Json body{{"input", prompt}, {"tools", kImageTool}, {"seed", 5}};
  const Json item = service_.ask(kPath, body)["output"].at(0);
  EXPECT_EQ(item["type"], "image_generation_call");
  EXPECT_EQ(item["status"], "completed");
  const auto pixels = [](const Json& base64) {
    return decode_image(*from_base64(base64.get<std::string>()), "reply").image.pixels;
  };
  EXPECT_EQ(pixels(item["result"]), expected.pixels);

  std::vector<std::string> types;
  for (const std::string& data : service_.stream(kPath, body)) {
    const Json event = Json::parse(data);
    types.push_back(event["type"].get<std::string>());
    if (types.back() == "response.image_generation_call.partial_image") {
      EXPECT_EQ(event["item_id"].get<std::string>().substr(0, 3), "ig_");
      EXPECT_NE(pixels(event["partial_image_b64"]), expected.pixels);
    }
    if (types.back() == "response.output_item.done") {
      EXPECT_EQ(pixels(event["item"]["result"]), expected.pixels);
    }
  }
  const std::string call = "response.image_generation_call.";
  EXPECT_EQ(types,
            (std::vector<std::string>{"response.created", "response.in_progress",
                                      "response.output_item.added", call + "in_progress", call + "generating",
                                      call + "partial_image", call + "partial_image", call + "completed",
                                      "response.output_item.done", "response.completed"}));
}

TEST_F(OpenAiResponses, ChooseBetweenDrawingAndAnswering) {
  const auto type = [&](Json body) {
    body["max_output_tokens"] = 2;
    return service_.ask(kPath, body)["output"][0]["type"].get<std::string>();
  };
  const Json question{user(Json::array({image_part(red_)}))};
  EXPECT_EQ(type({{"input", question}, {"tools", kImageTool}}), "message") << "an image is asked about";
  EXPECT_EQ(type({{"input", "a star"}, {"tools", kImageTool}, {"tool_choice", "none"}}), "message");
  EXPECT_EQ(type({{"input", "a star"}, {"tools", {{{"type", "web_search"}}}}}), "message");
  for (const Json& choice : {Json("auto"), Json("required"), Json{{"type", "image_generation"}}}) {
    EXPECT_EQ(type({{"input", "a star"}, {"tools", kImageTool}, {"tool_choice", choice}}),
              "image_generation_call");
  }
  // An image that was drawn is shown with the next question.
  const Json drawn = service_.ask(kPath, {{"input", "a star"}, {"tools", kImageTool}})["output"][0];
  const Json reply = service_.ask(kPath, {{"input", {user("a star"), drawn, user("What is it?")}}});
  EXPECT_GT(reply["usage"]["input_tokens"].get<int>(), service_.model().info().image_tokens);
}

TEST_F(OpenAiResponses, RefuseWhatIsWrongAndNameIt) {
  const auto with = [](const char* key, Json value) {
    Json body{{"input", "Hi"}};
    body[key] = std::move(value);
    return body;
  };
  const std::vector<std::pair<Json, const char*>> cases{
      {Json::object(), "input"},
      {with("input", 7), "input"},
      {with("input", Json::array()), "messages"},
      {with("input", {{{"type", "item_reference"}, {"id", "x"}}}), "input[0].type"},
      {with("input", {{{"type", "function_call_output"}}}), "input[0].type"},
      {with("previous_response_id", "resp_1"), "previous_response_id"},
      {with("conversation", "conv_1"), "conversation"},
      {with("background", true), "background"},
      {with("tool_choice", "required"), "tool_choice"},
      {with("max_output_tokens", 0), "max_output_tokens"},
      {with("text", {{"format", {{"type", "json_schema"}}}}), "text.format.type"},
      {{{"input", "Hi"}, {"tools", {{{"type", "image_generation"}, {"size", "1x2"}}}}}, "tools[0].size"},
  };
  for (const auto& [body, param] : cases) {
    SCOPED_TRACE(body.dump());
    expect_openai_error(service_.post(kPath, body), 400, param);
  }
  EXPECT_EQ(service_.get("/v1/responses/resp_1").status, 501);
}

TEST_F(OpenAiResponses, ModelsAreListed) {
  const Json list = Json::parse(service_.get("/v1/models").body);
  EXPECT_EQ(list["object"], "list");
  const Json& model = list["data"].at(0);
  EXPECT_EQ(model["id"], "janus-tiny");
  EXPECT_EQ(model["object"], "model");
  EXPECT_EQ(model["output_modalities"], (Json{"text", "image"}));
  EXPECT_EQ(Json::parse(service_.get("/v1/models/janus-tiny").body), model);
  EXPECT_EQ(Json::parse(service_.get("/models").body), list);
  expect_openai_error(service_.get("/v1/models/gpt-4"), 404, "model", "model_not_found");
}

TEST_F(OpenAiResponses, ImagesHaveEmbeddings) {
  const Image blue = disc(20, 20, 220);
  const Json reply = service_.ask("/v1/embeddings", {{"input", {data_url(red_), base64_png(blue)}}});
  ASSERT_EQ(reply["data"].size(), 2U);
  const Array features = service_.model().need_image_embedder().embed(red_, EmbedStage::vision);
  const auto vector = reply["data"][0]["embedding"].get<std::vector<float>>();
  const size_t width = vector.size(), rows = features.values.size() / width;
  ASSERT_EQ(static_cast<int64_t>(width), features.shape[1]);
  for (size_t i = 0; i < width; ++i) {
    double sum = 0;
    for (size_t row = 0; row < rows; ++row) sum += features.values[row * width + i];
    EXPECT_NEAR(vector[i], sum / static_cast<double>(rows), 1e-5);
  }
  EXPECT_NE(reply["data"][1]["embedding"], reply["data"][0]["embedding"]);
  const Json packed = service_.ask("/v1/embeddings", {{"input", {{{"image_url", {{"url", data_url(red_)}}}}}},
                                                      {"encoding_format", "base64"}});
  const auto bytes = *from_base64(packed["data"][0]["embedding"].get<std::string>());
  ASSERT_EQ(bytes.size(), width * sizeof(float));
  EXPECT_EQ(std::memcmp(bytes.data(), vector.data(), bytes.size()), 0);
  for (const Json& input : {Json("a text"), Json{"test"}, Json{1, 2, 3}, Json::array(), Json(nullptr)}) {
    const HttpReply refused = service_.post("/v1/embeddings", {{"input", input}});
    EXPECT_EQ(refused.status, 400) << input;
    EXPECT_NE(refused.body.find("images alone"), std::string::npos) << refused.body;
  }
}

}  // namespace
}  // namespace janus::cli
