// Ollama's interface on janus-tiny; tests/serve/clients/ollama_test.py asks it with Ollama's own client.
#include <gtest/gtest.h>

#include "core/base/base64.h"
#include "core/base/read_file.h"
#include "tests/serve/tiny_service.h"

namespace janus::cli {
namespace {

constexpr const char* kStarText = "a large yellow star on a black background";

std::string star() {
  const std::string bytes = read_file(JANUS_SOURCE_DIR "/samples/pictures/star.png", "image", 1 << 20);
  return to_base64(std::as_bytes(std::span(bytes)));
}

class OllamaTest : public testing::Test {
 protected:
  void SetUp() override {
    JANUS_NEEDS_TINY();
    tiny_ = std::make_unique<TinyService>();
    add_ollama(tiny_->router, tiny_->service);
  }
  Json generate(Json more, int status = 200) {
    Json body{
        {"model", "janus-tiny"}, {"prompt", "Describe this image."}, {"images", {star()}}, {"stream", false}};
    body.update(more);
    return tiny_->json(status, "POST", "/api/generate", to_line(body));
  }
  std::unique_ptr<TinyService> tiny_;
};

TEST_F(OllamaTest, AnswersAsAWholeWithCountsAndTimes) {
  const Json reply = generate(Json::object());
  EXPECT_EQ(reply["response"], kStarText);
  EXPECT_EQ(reply["done"], true);
  EXPECT_EQ(reply["done_reason"], "stop");
  EXPECT_EQ(reply["eval_count"], 8);
  EXPECT_GT(reply["prompt_eval_count"], 64);
  EXPECT_GT(reply["prompt_eval_duration"], 0);
  EXPECT_GE(reply["total_duration"].get<int64_t>(),
            reply["prompt_eval_duration"].get<int64_t>() + reply["eval_duration"].get<int64_t>());
}

TEST_F(OllamaTest, StreamsUnlessToldNotTo) {
  const Json body{
      {"model", "janus-tiny:latest"},
      {"messages", {{{"role", "user"}, {"content", "Describe this image."}, {"images", {star()}}}}}};
  const auto exchange = tiny_->start("POST", "/api/chat", to_line(body));
  const HttpReply reply = exchange->wait();
  EXPECT_EQ(reply.type, "application/x-ndjson");
  std::string text;
  bool done = false;
  for (std::string_view rest = reply.body; !rest.empty();) {
    EXPECT_FALSE(done);
    const Json line = Json::parse(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(rest.find('\n') + 1);
    EXPECT_EQ(line["model"], "janus-tiny:latest");
    text += line["message"]["content"].get<std::string>();
    done = line["done"].get<bool>();
  }
  EXPECT_TRUE(done);
  EXPECT_EQ(text, kStarText);
}

TEST_F(OllamaTest, OptionsEndAnAnswer) {
  EXPECT_EQ(generate({{"options", {{"num_predict", 2}}}})["done_reason"], "length");
  const Json stopped = generate({{"options", {{"stop", {" star"}}, {"num_predict", -1}}}});
  EXPECT_EQ(stopped["response"], "a large yellow");
  EXPECT_EQ(stopped["done_reason"], "stop");
  EXPECT_GT(stopped["prompt_eval_duration"], 0);
  EXPECT_GT(stopped["eval_duration"], 0);
}

TEST_F(OllamaTest, ARawPromptIsTakenAsItStands) {
  const Json reply =
      generate({{"raw", true}, {"images", nullptr}, {"prompt", "a red"}, {"options", {{"num_predict", 3}}}});
  EXPECT_EQ(reply["prompt_eval_count"], tiny_->host.model->model().tokenizer().encode("a red", true).size());
  generate({{"raw", true}}, 400);
}

TEST_F(OllamaTest, NothingAskedLoadsTheModel) {
  EXPECT_EQ(tiny_->json(200, "POST", "/api/generate", R"({"model": "janus-tiny"})")["done_reason"], "load");
  EXPECT_EQ(
      tiny_->json(200, "POST", "/api/chat", R"({"model": "janus-tiny", "messages": []})")["done_reason"],
      "load");
}

TEST_F(OllamaTest, RefusesWhatNoModelCanDo) {
  for (const Json& more :
       {Json{{"tools", {{{"type", "function"}}}}}, Json{{"think", true}}, Json{{"think", "high"}},
        Json{{"format", "json"}}, Json{{"format", {{"type", "object"}}}}, Json{{"suffix", "b"}},
        Json{{"template", "x"}}, Json{{"context", {1, 2}}}, Json{{"options", {{"temperature", -1}}}},
        Json{{"images", {"%%"}}}, Json{{"images", {1}}}, Json{{"prompt", 1}}, Json{{"model", ""}}}) {
    const Json reply = generate(more, 400);
    EXPECT_TRUE(reply["error"].is_string()) << more;
  }
  for (const Json& more :
       {Json{{"tools", Json::array()}}, Json{{"think", false}}, Json{{"format", ""}},
        Json{{"context", nullptr}}, Json{{"keep_alive", "5m"}}, Json{{"options", {{"mirostat", 1}}}}}) {
    EXPECT_EQ(generate(more)["response"], kStarText) << more;
  }
}

TEST_F(OllamaTest, RefusesMessagesThatAreNoList) {
  for (const char* messages :
       {"{}", "\"x\"", "1", "[1]", "[{}]", R"([{"role": "user"}])", R"([{"role": "tool"}])"}) {
    const std::string body = std::string(R"({"model": "janus-tiny", "messages": )") + messages + "}";
    EXPECT_EQ(tiny_->ask("POST", "/api/chat", body).status, 400) << messages;
  }
}

TEST_F(OllamaTest, RefusesAModelThatIsNotThere) {
  generate({{"model", "nothing"}}, 404);
  tiny_->json(404, "POST", "/api/show", R"({"model": "nothing"})");
  for (const char* path : {"/api/pull", "/api/push", "/api/create", "/api/copy", "/api/embed"}) {
    EXPECT_TRUE(tiny_->json(501, "POST", path, "{}")["error"].is_string());
  }
}

TEST_F(OllamaTest, ListsAndShowsModels) {
  for (const char* path : {"/api/tags", "/api/ps"}) {
    const Json models = tiny_->json(200, "GET", path)["models"];
    ASSERT_EQ(models.size(), 1);
    EXPECT_EQ(models[0]["name"], "janus-tiny:latest");
    EXPECT_EQ(models[0]["digest"].get<std::string>().size(), 64);
    EXPECT_EQ(models[0]["details"]["parameter_size"], "8.7M");
    EXPECT_EQ(models[0]["details"]["families"], Json::array({"janus"}));
  }
  EXPECT_EQ(tiny_->json(200, "GET", "/api/tags")["models"][0]["modified_at"], "2023-11-14T22:13:20.000000Z");
  const std::string expiry = tiny_->json(200, "GET", "/api/ps")["models"][0]["expires_at"];
  EXPECT_GT(expiry, "2100") << "the model stays";
  EXPECT_LT(expiry, "3000") << "clients reckon with it";
  const Json shown = tiny_->json(200, "POST", "/api/show", R"({"name": "janus-tiny:latest"})");
  EXPECT_EQ(shown["capabilities"], Json::array({"completion", "vision"}));
  EXPECT_EQ(shown["model_info"]["janus.context_length"], 1024);
}

TEST_F(OllamaTest, GivesUpWhereTheClientGoes) {
  Json body{{"model", "janus-tiny"},
            {"prompt", "Describe this image."},
            {"images", {star()}},
            {"options", {{"temperature", 5}, {"seed", 1}, {"num_predict", 900}}}};
  const auto exchange = tiny_->start("POST", "/api/generate", to_line(body));
  exchange->wait_for_pieces(1);
  exchange->leave();
  for (int i = 0; i < 500 && tiny_->host.model->load().running > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(tiny_->host.model->load().running, 0);
}

}  // namespace
}  // namespace janus::cli
