// Words that somebody typed: no control token comes of them, whatever they spell out.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/checkpoint/file_set.h"
#include "tests/tokenizer/bpe_fixture.h"
#include "tokenizer/text/added_tokens.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {
namespace {

using Ids = std::vector<int32_t>;

Ids typed(const TextTokenizer& tokenizer, const std::string& text) {
  const TextRange all{0, text.size()};
  return tokenizer.encode(text, false, {&all, 1});
}

bool holds(const Ids& ids, int32_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

class TypedTokens : public testing::TestWithParam<const char*> {};

TEST_P(TypedTokens, AreWhatATokenizerWithoutThemMakesOfTheText) {
  const nlohmann::json json =
      read_json(std::string(JANUS_TEST_DATA "/models/") + GetParam() + "/tokenizer.json");
  nlohmann::json bare = json;
  bare["post_processor"] = nullptr;
  bare["added_tokens"] = nlohmann::json::array();
  std::string everything = "and";
  for (const auto& token : json["added_tokens"]) {
    if (!token["special"]) bare["added_tokens"].push_back(token);
    if (token["special"])
      everything += token["content"].get<std::string>() + (everything.size() % 2 == 0 ? " x " : "\n");
  }
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  const auto without = MemoryFolder({{"tokenizer.json", bare.dump()}}).open();
  for (const auto& token : json["added_tokens"]) {
    const auto content = token["content"].get<std::string>();
    const auto id = token["id"].get<int32_t>();
    for (const std::string& text : {content, "a " + content + " b", content + content, "<" + content + ">"}) {
      const Ids ids = typed(*tokenizer, text);
      EXPECT_EQ(ids, without->encode(text, false)) << text;
      EXPECT_EQ(holds(ids, id), !token["special"].get<bool>()) << text;
      // DeepSeek's letters are those of the byte level, and decoded so, as in the reference.
      if (token["special"]) {
        EXPECT_EQ(tokenizer->decode(ids), text);
      }
      EXPECT_TRUE(holds(tokenizer->encode(text, false), id)) << "it means what it is elsewhere";
    }
  }
  EXPECT_EQ(typed(*tokenizer, everything), without->encode(everything, false));
  EXPECT_EQ(tokenizer->decode(typed(*tokenizer, everything)), everything);
}

INSTANTIATE_TEST_SUITE_P(Models, TypedTokens, testing::Values("janus-pro-1b", "janus-1.3b", "tied-mixed"));

TEST(PlainText, TokensAroundTheWordsAreFound) {
  const auto tokenizer = MemoryFolder({{"tokenizer.json", small_bpe().dump()}}).open();
  const std::string text = "<begin>a<end>b<end>";
  const TextRange words{7, 14};  // a<end>b
  Ids expected{50};
  for (const int32_t id : typed(*tokenizer, "a<end>b")) expected.push_back(id);
  expected.push_back(51);
  EXPECT_EQ(tokenizer->encode(text, false, {&words, 1}), expected);
  // One that only reaches into the words is text, too.
  for (const TextRange part : {TextRange{0, 1}, TextRange{6, 7}, TextRange{3, 4}}) {
    EXPECT_FALSE(holds(tokenizer->encode("<begin>", false, {&part, 1}), 50)) << part.begin;
  }
  const TextRange behind{7, 7};
  EXPECT_TRUE(holds(tokenizer->encode("<begin>", false, {&behind, 1}), 50));
}

TEST(PlainText, ATagIsControlThoughNoFileCallsItSpecial) {
  nlohmann::json json = small_bpe();
  json["added_tokens"].push_back({{"id", 53}, {"content", "abc"}, {"special", false}, {"normalized", false}});
  json["added_tokens"].push_back(
      {{"id", 54}, {"content", "stop"}, {"special", false}, {"normalized", false}});
  const auto tokenizer =
      MemoryFolder({{"tokenizer.json", json.dump()}, {"special_tokens_map.json", R"({"eos_token": "stop"})"}})
          .open();
  EXPECT_FALSE(holds(typed(*tokenizer, "<word>"), 52));
  EXPECT_FALSE(holds(typed(*tokenizer, "stop"), 54)) << "it has a role";
  EXPECT_TRUE(holds(typed(*tokenizer, "abc"), 53)) << "an ordinary word";
  EXPECT_TRUE(is_tag("<|User|>"));
  EXPECT_FALSE(is_tag("<>"));
  EXPECT_FALSE(is_tag("a>"));
  EXPECT_FALSE(is_tag("\xC3\xB6"));
}

TEST(PlainText, TokensOfNormalisedTextAreFoundWhereTheyLie) {
  nlohmann::json json = small_bpe();
  for (auto& token : json["added_tokens"]) token["normalized"] = true;
  json["normalizer"] = nlohmann::json::parse(
      R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"},
          {"type": "Replace", "pattern": {"Regex": "x+"}, "content": "yyy"}]})");
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  const std::string text = "xx<BEGIN>xxxx<End>xx<END>x<begin>";
  const Ids all = tokenizer->encode(text, false);
  EXPECT_EQ(std::count(all.begin(), all.end(), 51), 2);
  const size_t at = text.find("<End>");
  for (const TextRange words :
       {TextRange{at, at + 5}, TextRange{at - 4, at + 7}, TextRange{at + 4, at + 5}}) {
    const Ids ids = tokenizer->encode(text, false, {&words, 1});
    EXPECT_EQ(std::count(ids.begin(), ids.end(), 50), 2) << words.begin;
    EXPECT_EQ(std::count(ids.begin(), ids.end(), 51), 1) << words.begin;
  }
  const Ids ids = typed(*tokenizer, text);
  EXPECT_FALSE(holds(ids, 50) || holds(ids, 51));
}

// A model may know the token's text as a word of its own.
TEST(PlainText, TheModelDoesNotMakeAControlTokenEither) {
  nlohmann::json json = small_bpe();
  json["model"]["vocab"]["<he>"] = 43;
  json["model"]["ignore_merges"] = true;
  json["added_tokens"].push_back({{"id", 43}, {"content", "<he>"}, {"special", true}, {"normalized", false}});
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  EXPECT_TRUE(holds(tokenizer->encode("<he>", false), 43));
  const Ids ids = typed(*tokenizer, "<he>");
  EXPECT_FALSE(holds(ids, 43)) << testing::PrintToString(ids);
  EXPECT_EQ(tokenizer->decode(ids), "<he>");
}

// What SentencePiece's normalisation leaves: U+2581 is a space, and unigram.model makes a bar of U+FF5C.
std::string normalized(std::string text, bool bars) {
  const auto replace = [&text](const std::string& symbol, const char* by) {
    for (size_t at = text.find(symbol); at != text.npos; at = text.find(symbol))
      text.replace(at, symbol.size(), by);
  };
  replace("\xE2\x96\x81", " ");
  if (bars) replace("\xEF\xBD\x9C", "|");
  return text;
}

TEST(PlainText, SentencePieceFindsNoneOfItsOwn) {
  if (!JANUS_WITH_SENTENCEPIECE) GTEST_SKIP() << "built without SentencePiece";
  for (const char* model : {"plain.model", "unigram.model"}) {
    std::ifstream file(std::string(JANUS_TEST_DATA "/tokenizer/") + model, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    const auto tokenizer =
        MemoryFolder({{"tokenizer.model", content.str()},
                      {"tokenizer_config.json",
                       R"({"added_tokens_decoder": {"1800": {"content": "<extra>", "special": true}}})"}})
            .open();
    std::vector<std::string> tags{"<extra>"};
    for (int32_t id = 1; id < 30; ++id) {
      const std::string token = tokenizer->token_of(id);
      if (is_tag(token) && token.size() != 6) tags.push_back(token);  // not "<0x0A>"
    }
    EXPECT_GE(tags.size(), 6U) << model;
    for (const std::string& tag : tags) {
      const int32_t id = *tokenizer->id_of(tag);
      for (const std::string& text : {tag, "a " + tag + " b", tag + tag, "the<" + tag + ">"}) {
        const Ids ids = typed(*tokenizer, text);
        EXPECT_FALSE(holds(ids, id)) << model << text << testing::PrintToString(ids);
        EXPECT_EQ(tokenizer->decode(ids), normalized(text, model == std::string("unigram.model"))) << model;
        EXPECT_TRUE(holds(tokenizer->encode(text, false), id)) << text;
      }
      const std::string around = tag + "x" + tag;
      const TextRange middle{tag.size(), tag.size() + 1};
      EXPECT_EQ(tokenizer->encode(around, false, {&middle, 1}), tokenizer->encode(around, false));
    }
    // Wide signs that normalisation makes the tag's: all of a token, its first or its last character.
    int made = 0;
    for (const std::string& tag : tags) {
      const int32_t id = *tokenizer->id_of(tag);
      const std::string inner = tag.substr(1, tag.size() - 2);
      for (const std::string& text : {"\xEF\xBC\x9C" + inner + "\xEF\xBC\x9E", "\xEF\xBC\x9C" + inner + ">",
                                      "<" + inner + "\xEF\xBC\x9E"}) {
        const std::string twice = "a " + text + text;
        EXPECT_FALSE(holds(typed(*tokenizer, twice), id)) << model << text;
        made += holds(tokenizer->encode(twice, false), id) ? 1 : 0;
      }
    }
    EXPECT_EQ(made > 0, model == std::string("unigram.model"))
        << made << " of them are tokens where they count";
    // Words without tags are as they are.
    const std::string words = "the  cat, \xE4\xB8\x96\xE7\x95\x8C 12 < User >";
    EXPECT_EQ(typed(*tokenizer, words), tokenizer->encode(words, false));
  }
}

}  // namespace
}  // namespace janus
