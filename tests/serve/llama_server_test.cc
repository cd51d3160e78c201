// What llama-server's clients ask, on janus-tiny.
#include <gtest/gtest.h>

#include "tests/serve/tiny_service.h"

namespace janus::cli {
namespace {

class LlamaServerTest : public testing::Test {
 protected:
  void SetUp() override {
    JANUS_NEEDS_TINY();
    tiny_ = std::make_unique<TinyService>();
    add_llama_server(tiny_->router, tiny_->service);
  }
  Json tokenize(const Json& body) { return tiny_->json(200, "POST", "/tokenize", to_line(body))["tokens"]; }
  Json detokenize(const Json& ids) {
    return tiny_->json(200, "POST", "/detokenize", to_line({{"tokens", ids}}))["content"];
  }
  std::unique_ptr<TinyService> tiny_;
};

TEST_F(LlamaServerTest, TokenizesAsTheCommandDoes) {
  EXPECT_EQ(tokenize({{"content", "a red circle"}}), Json::array({930, 337, 311}));
  EXPECT_EQ(tokenize({{"content", "a red circle"}, {"add_special", true}}), Json::array({1, 930, 337, 311}));
  EXPECT_EQ(tokenize({{"content", ""}}), Json::array());
  EXPECT_EQ(detokenize({930, 337, 311}), "a red circle");
}

TEST_F(LlamaServerTest, SpecialTokensAreIdsUnlessTheyAreText) {
  const TextTokenizer& tokenizer = tiny_->host.model->model().tokenizer();
  const std::string end = tokenizer.token_of(tokenizer.end_id().value());
  const Json ids = tokenize({{"content", end}});
  EXPECT_EQ(ids, Json::array({*tokenizer.end_id()}));
  EXPECT_EQ(detokenize(ids), end);
  EXPECT_GT(tokenize({{"content", end}, {"parse_special", false}}).size(), 1);
}

TEST_F(LlamaServerTest, PiecesAreTextOrBytes) {
  const Json pieces = tokenize({{"content", "a red é"}, {"with_pieces", true}});
  std::string text;
  for (const Json& token : pieces) {
    if (token["piece"].is_string()) {
      text += token["piece"].get<std::string>();
    } else {
      for (const Json& byte : token["piece"]) text += static_cast<char>(byte.get<int>());
    }
  }
  EXPECT_NE(text.find("é"), std::string::npos) << pieces;
}

TEST_F(LlamaServerTest, RefusesWhatIsNoTextAndNoId) {
  for (const char* body : {"", "[]", "{}", R"({"content": 1})", R"({"content": "a", "model": "another"})"}) {
    EXPECT_GE(tiny_->ask("POST", "/tokenize", body).status, 400) << body;
  }
  for (const char* body :
       {"{}", R"({"tokens": 1})", R"({"tokens": [-1]})", R"({"tokens": [99999999999999999999]})",
        R"({"tokens": [1024]})", R"({"tokens": [1.5]})", R"({"tokens": ["a"]})"}) {
    EXPECT_EQ(tiny_->ask("POST", "/detokenize", body).status, 400) << body;
  }
}

TEST_F(LlamaServerTest, PropsTellWhatTheServerIs) {
  const Json props = tiny_->json(200, "GET", "/props");
  EXPECT_EQ(props["default_generation_settings"]["n_ctx"], 1024);
  EXPECT_EQ(props["default_generation_settings"]["params"]["temperature"], 0);
  EXPECT_EQ(props["total_slots"], 8);
  EXPECT_EQ(props["modalities"]["vision"], true);
  EXPECT_EQ(props["image_generation"]["codes"], Json::array({8, 8}));
  EXPECT_EQ(tiny_->ask("GET", "/props?model=another").status, 404);
}

}  // namespace
}  // namespace janus::cli
