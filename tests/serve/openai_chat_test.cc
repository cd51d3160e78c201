// POST /v1/chat/completions.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/serve/openai_service.h"

namespace janus::cli {
namespace {

constexpr const char* kPath = "/v1/chat/completions";

class OpenAiChat : public testing::Test {
 protected:
  void SetUp() override { JANUS_NEEDS_TINY(); }

  // What `janus describe` answers.
  Answer described(const std::vector<Image>& images, const std::string& question,
                   SamplingOptions sampling = AnswerRequest{}.sampling, int max_tokens = 512) {
    AnswerRequest request{.turns = {{.question = question, .images = static_cast<int>(images.size())}},
                          .max_tokens = max_tokens,
                          .sampling = sampling};
    for (const Image& image : images) {
      request.images.push_back(prompt_image(image, service_.model().preprocess_config()));
    }
    return service_.answer(request);
  }

  std::string content(const Json& body) {
    return service_.ask(kPath, body)["choices"][0]["message"]["content"].get<std::string>();
  }

  OpenAiService service_;
  const Image red_ = disc(220, 20, 20), blue_ = disc(20, 20, 220);
};

TEST_F(OpenAiChat, AnswersAsDescribeDoes) {
  const Answer expected = described({red_}, "What colour is the object?");
  const Json reply = service_.ask(
      kPath, {{"model", "janus-tiny"},
              {"messages", {user({text_part("What colour is the object?"), image_part(red_)})}}});
  EXPECT_EQ(reply["object"], "chat.completion");
  EXPECT_TRUE(reply["id"].get<std::string>().starts_with("chatcmpl-"));
  EXPECT_EQ(reply["model"], "janus-tiny");
  EXPECT_GT(reply["created"].get<int64_t>(), 1700000000);
  const Json& choice = reply["choices"].at(0);
  EXPECT_EQ(choice["message"]["role"], "assistant");
  EXPECT_EQ(choice["message"]["content"], expected.text);
  EXPECT_FALSE(expected.text.empty());
  EXPECT_EQ(choice["finish_reason"], "stop");
  const Json& usage = reply["usage"];
  EXPECT_EQ(usage["completion_tokens"], expected.ids.size());
  EXPECT_EQ(usage["total_tokens"],
            usage["prompt_tokens"].get<int64_t>() + usage["completion_tokens"].get<int64_t>());
  EXPECT_GT(usage["prompt_tokens"].get<int64_t>(), service_.model().info().image_tokens);
}

TEST_F(OpenAiChat, TakesImagesInEveryForm) {
  const std::string question = "What colour is the object?", expected = described({blue_}, question).text;
  EXPECT_NE(expected, described({red_}, question).text) << "the images are told apart";
  for (const Json& image : {Json{{"url", data_url(blue_)}, {"detail", "high"}}, Json(data_url(blue_)),
                            Json(base64_png(blue_)), Json{{"url", base64_png(blue_)}}}) {
    const Json part{{"type", "image_url"}, {"image_url", image}};
    EXPECT_EQ(content({{"messages", {user({text_part(question), part})}}}), expected);
    EXPECT_EQ(content({{"messages", {user({part, text_part(question)})}}}), expected);
  }
  const Json input{{"type", "input_image"}, {"image_url", data_url(blue_)}};
  EXPECT_EQ(content({{"messages", {user({input, {{"type", "input_text"}, {"text", question}}})}}}), expected);
  EXPECT_EQ(content({{"messages", {user({image_part(red_)})}}}),
            described({red_}, DescribeOptions{}.prompt).text);
}

TEST_F(OpenAiChat, HoldsConversations) {
  AnswerRequest request{.turns = {{.question = "What colour is it?", .images = 1, .answer = "red"},
                                  {.question = "And this one?", .images = 1}}};
  for (const Image& image : {red_, blue_}) {
    request.images.push_back(prompt_image(image, service_.model().preprocess_config()));
  }
  const Json messages{user({image_part(red_), text_part("What colour is it?")}),
                      {{"role", "assistant"}, {"content", "red"}},
                      user({image_part(blue_), text_part("And this one?")})};
  EXPECT_EQ(content({{"messages", messages}}), service_.answer(request).text);
  EXPECT_EQ(service_.post("/chat/completions", {{"messages", messages}}).status, 200) << "without /v1";
}

TEST_F(OpenAiChat, ASystemMessageChangesThePrompt) {
  const auto tokens = [&](const char* role, const std::string& text) {
    const Json messages{{{"role", role}, {"content", text}}, user("Hi")};
    return service_.ask(kPath, {{"messages", messages}, {"max_tokens", 1}})["usage"]["prompt_tokens"]
        .get<int64_t>();
  };
  EXPECT_EQ(tokens("system", "Be brief."), tokens("developer", "Be brief."));
  EXPECT_LT(tokens("system", "Be brief."), tokens("system", "Be very, very brief, whatever is asked."));
}

TEST_F(OpenAiChat, StreamsTheSameText) {
  const Json body{{"messages", {user({image_part(red_), text_part("Describe this image.")})}},
                  {"stream_options", {{"include_usage", true}}}};
  const std::vector<std::string> events = service_.stream(kPath, body);
  ASSERT_GT(events.size(), 4U);
  EXPECT_EQ(events.back(), "[DONE]");
  std::string text;
  const Json first = Json::parse(events.front());
  EXPECT_EQ(first["object"], "chat.completion.chunk");
  EXPECT_EQ(first["choices"][0]["delta"]["role"], "assistant");
  for (size_t i = 1; i + 3 < events.size(); ++i) {
    const Json chunk = Json::parse(events[i]);
    EXPECT_EQ(chunk["id"], first["id"]);
    EXPECT_EQ(chunk["choices"][0]["finish_reason"], nullptr);
    EXPECT_EQ(chunk["usage"], nullptr);
    text += chunk["choices"][0]["delta"]["content"].get<std::string>();
  }
  const Json last = Json::parse(events[events.size() - 3]), usage = Json::parse(events[events.size() - 2]);
  EXPECT_EQ(last["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(last["choices"][0]["delta"].empty());
  EXPECT_TRUE(usage["choices"].empty());
  const Answer expected = described({red_}, "Describe this image.");
  EXPECT_EQ(text, expected.text);
  EXPECT_EQ(usage["usage"]["completion_tokens"], expected.ids.size());
  // Nothing of it without being asked.
  for (const std::string& event : service_.stream(kPath, {{"messages", {user("Hi")}}, {"max_tokens", 2}})) {
    EXPECT_EQ(event.find("usage"), std::string::npos);
  }
}

TEST_F(OpenAiChat, EachChoiceIsWhatItsSeedGives) {
  const SamplingOptions sampling{.temperature = 1.5F, .seed = 7};
  const Json body{{"messages", {user({image_part(red_), text_part("What is it?")})}},
                  {"temperature", 1.5},
                  {"seed", 7},
                  {"n", 3},
                  {"max_tokens", 12}};
  const Json reply = service_.ask(kPath, body);
  ASSERT_EQ(reply["choices"].size(), 3U);
  std::vector<std::string> streamed(3);
  for (const std::string& event : service_.stream(kPath, body)) {
    if (event == "[DONE]") continue;
    const Json choice = Json::parse(event)["choices"][0];
    streamed[choice["index"].get<size_t>()] += choice["delta"].value("content", std::string());
  }
  for (size_t k = 0; k < 3; ++k) {
    SamplingOptions own = sampling;
    own.seed += static_cast<uint32_t>(k);
    const Answer expected = described({red_}, "What is it?", own, 12);
    EXPECT_EQ(reply["choices"][k]["message"]["content"], expected.text);
    EXPECT_EQ(reply["choices"][k]["finish_reason"],
              expected.finish_reason == FinishReason::stop ? "stop" : "length");
    EXPECT_EQ(streamed[k], expected.text);
  }
  EXPECT_EQ(reply["seed"], 7);
}

TEST_F(OpenAiChat, EndsAtStopStringsAndAtTheMostTokens) {
  const Json messages{user({image_part(red_), text_part("Describe this image.")})};
  const std::string whole = described({red_}, "Describe this image.").text;
  ASSERT_GT(whole.size(), 8U);
  const std::string stop = whole.substr(whole.size() / 2, 3), expected = whole.substr(0, whole.find(stop));
  for (const Json& stops : {Json(stop), Json{"no such words", stop}}) {
    const Json reply = service_.ask(kPath, {{"messages", messages}, {"stop", stops}});
    EXPECT_EQ(reply["choices"][0]["message"]["content"], expected);
    EXPECT_EQ(reply["choices"][0]["finish_reason"], "stop");
  }
  std::string streamed;
  for (const std::string& event : service_.stream(kPath, {{"messages", messages}, {"stop", stop}})) {
    if (event != "[DONE]")
      streamed += Json::parse(event)["choices"][0]["delta"].value("content", std::string());
  }
  EXPECT_EQ(streamed, expected);
  for (const char* key : {"max_tokens", "max_completion_tokens"}) {
    const Json reply = service_.ask(kPath, {{"messages", messages}, {key, 2}});
    EXPECT_EQ(reply["choices"][0]["finish_reason"], "length");
    EXPECT_EQ(reply["usage"]["completion_tokens"], 2);
  }
}

TEST_F(OpenAiChat, TellsLogProbabilities) {
  const Json body{{"messages", {user({image_part(red_), text_part("What is it?")})}},
                  {"logprobs", true},
                  {"top_logprobs", 2}};
  const Json reply = service_.ask(kPath, body);
  const Json& choice = reply["choices"][0];
  std::string text;
  for (const Json& token : choice["logprobs"]["content"]) {
    text += token["token"].get<std::string>();
    EXPECT_LE(token["logprob"].get<double>(), 0);
    ASSERT_EQ(token["top_logprobs"].size(), 2U);
    EXPECT_EQ(token["top_logprobs"][0]["token"], token["token"]) << "the likeliest was taken";
    EXPECT_EQ(token["bytes"].size(), token["token"].get<std::string>().size());
  }
  EXPECT_EQ(text, choice["message"]["content"]);
  Json streamed = Json::array();
  for (const std::string& event : service_.stream(kPath, body)) {
    if (event == "[DONE]") continue;
    const Json part = Json::parse(event)["choices"][0]["logprobs"];
    if (part.is_object()) streamed.insert(streamed.end(), part["content"].begin(), part["content"].end());
  }
  EXPECT_EQ(streamed, choice["logprobs"]["content"]);
  EXPECT_EQ(service_.ask(kPath, {{"messages", {user("Hi")}}, {"max_tokens", 1}})["choices"][0]["logprobs"],
            nullptr);
}

TEST_F(OpenAiChat, PassesOverWhatItDoesNotKnow) {
  Json body{{"messages", {user("Hi")}}, {"max_tokens", 2}};
  const std::string plain = content(body);
  body.update({{"frequency_penalty", 0.5},
               {"user", "me"},
               {"tools", Json::array()},
               {"unheard_of", {1, 2}},
               {"stop", nullptr},
               {"temperature", nullptr}});
  EXPECT_EQ(content(body), plain);
}

TEST_F(OpenAiChat, RefusesWhatIsWrongAndNamesIt) {
  const auto messages = [](Json list) { return Json{{"messages", std::move(list)}}; };
  const auto with = [](const char* key, Json value) {
    Json body{{"messages", {user("Hi")}}};
    body[key] = std::move(value);
    return body;
  };
  const auto image = [&](Json url) {
    return messages({user({{{"type", "image_url"}, {"image_url", std::move(url)}}})});
  };
  struct Case {
    Json body;
    const char* param;
    const char* code = "";
  };
  const std::string cut = data_url(red_).substr(0, 90);
  const std::vector<Case> cases{
      {Json::object(), "messages"},
      {messages("Hi"), "messages"},
      {messages(Json::array()), "messages"},
      {messages({"Hi"}), "messages[0]"},
      {messages({{{"content", "Hi"}}}), "messages[0].role"},
      {messages({{{"role", "tool"}, {"content", "Hi"}}}), "messages[0].role"},
      {messages({user(7)}), "messages[0].content"},
      {messages({user({{{"type", "input_audio"}}})}), "messages[0].content[0].type"},
      {messages({user(" ")}), "messages[0]"},
      {messages({user("Hi"), {{"role", "assistant"}, {"content", "Ho"}}}), "messages[1]"},
      {messages({{{"role", "assistant"}, {"content", "Ho"}}, user("Hi")}), "messages[0]"},
      {messages({{{"role", "system"}, {"content", "Ho"}}}), "messages"},
      {image("data:image/png;base64,@@@"), "messages[0].content[0].image_url", "invalid_image"},
      {image("data:image/png,abc"), "messages[0].content[0].image_url", "invalid_image"},
      {image(cut), "messages[0].content[0].image_url", "invalid_image"},
      {image(to_base64(std::as_bytes(std::span("no picture at all", 17)))),
       "messages[0].content[0].image_url", "invalid_image"},
      {image({{"url", "https://example.org/a.png"}}), "messages[0].content[0].image_url.url",
       "invalid_image"},
      {image("file:///etc/passwd"), "messages[0].content[0].image_url", "invalid_image"},
      {image(nullptr), "messages[0].content[0].image_url"},
      {with("temperature", -1), "temperature"},
      {with("temperature", "hot"), "temperature"},
      {with("top_p", 0), "top_p"},
      {with("top_k", -2), "top_k"},
      {with("max_tokens", 0), "max_tokens"},
      {with("max_tokens", 1.5), "max_tokens"},
      {with("seed", 4294967296), "seed"},
      {with("n", 0), "n"},
      {with("n", 11), "n"},
      {with("stop", {"a", 7}), "stop[1]"},
      {with("stop", std::string(1025, 'a')), "stop"},
      {with("stream", "yes"), "stream"},
      {with("top_logprobs", 3), "top_logprobs"},
      {with("response_format", {{"type", "json_object"}}), "response_format.type"},
      {with("tool_choice", "required"), "tool_choice"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.body.dump().substr(0, 200));
    expect_openai_error(service_.post(kPath, each.body), 400, each.param, each.code);
  }
  expect_openai_error(service_.post(kPath, with("model", "gpt-4")), 404, "model", "model_not_found");
  std::string long_words;
  for (int i = 0; i < 2000; ++i) long_words += "word ";
  expect_openai_error(service_.post(kPath, messages({user(long_words)})), 400, "messages",
                      "context_length_exceeded");
  // Not worth reading to its end.
  expect_openai_error(service_.post(kPath, messages({user(std::string(20 << 20, 'a'))})), 400, "messages",
                      "context_length_exceeded");
  // A message stays in one line.
  const HttpReply role = service_.post(kPath, messages({{{"role", "a\nb"}, {"content", "Hi"}}}));
  expect_openai_error(role, 400, "messages[0].role");
  EXPECT_EQ(Json::parse(role.body)["error"]["message"].get<std::string>().find('\n'), std::string::npos);
  for (const char* body : {"", "{", "[]", "7", "{\"messages\": [}", "{\"messages\": \"\xff\"}"}) {
    expect_openai_error(service_.start("POST", kPath, body)->wait(), 400, "");
  }
  expect_openai_error(
      service_.start("POST", kPath, std::string(10000, '[') + std::string(10000, ']'))->wait(), 400, "");
}

TEST_F(OpenAiChat, HoldsToTheLimits) {
  ServeLimits limits;
  limits.images = 1;
  limits.image_pixels = 64 * 64;
  limits.max_tokens = 3;
  OpenAiService strict(limits);
  const auto ask = [&](Json parts) {
    return strict.post(kPath, {{"messages", {user(std::move(parts))}}, {"max_tokens", 100}});
  };
  const HttpReply good = ask({image_part(red_)});
  EXPECT_EQ(good.status, 200) << good.body;
  EXPECT_LE(Json::parse(good.body)["usage"]["completion_tokens"].get<int>(), 3);
  expect_openai_error(ask({image_part(red_), image_part(blue_)}), 400, "messages[0].content[1].image_url.url",
                      "invalid_image");
  expect_openai_error(ask({image_part(disc(1, 2, 3, 65))}), 400, "messages[0].content[0].image_url.url",
                      "invalid_image");
}

TEST_F(OpenAiChat, AClientThatGoesAwayFreesItsPlace) {
  // Hot enough never to end by itself.
  const Json body{{"messages", {user("Tell me everything.")}},
                  {"temperature", 1e4},
                  {"max_tokens", 700},
                  {"seed", 1},
                  {"n", 2},
                  {"stream", true}};
  const auto exchange = service_.start("POST", kPath, body.dump());
  ASSERT_TRUE(exchange->wait_for_pieces(4));
  exchange->leave();
  EXPECT_TRUE(service_.comes_to_rest());
  // One that is gone before it is answered at all.
  const auto gone = service_.start("POST", kPath, body.dump());
  gone->leave();
  EXPECT_TRUE(service_.comes_to_rest());
}

TEST_F(OpenAiChat, AFullQueueRefusesWithItsStatus) {
  service_.host.model->refuse_behind = 3;
  const Json body{
      {"messages", {user("Tell me everything.")}}, {"temperature", 1e4}, {"max_tokens", 400}, {"n", 5}};
  const HttpReply reply = service_.post(kPath, body);
  expect_openai_error(reply, 429, "");
  EXPECT_EQ(reply.headers, (HttpHeaders{{"Retry-After", "2"}}));
  EXPECT_TRUE(service_.comes_to_rest()) << "the choices that had a place";
}

}  // namespace
}  // namespace janus::cli
