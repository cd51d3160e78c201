#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "tests/tokenizer/bpe_fixture.h"
#include "tokenizer/text/sentencepiece_spec.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {
namespace {

using Ids = std::vector<int32_t>;
using Files = std::map<std::string, std::string>;

std::string model_file(const std::string& name) {
  std::ifstream file(JANUS_TEST_DATA "/tokenizer/" + name, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::unique_ptr<TextTokenizer> open(Files files, const std::string& model = "plain.model") {
  files["tokenizer.model"] = model_file(model);
  return MemoryFolder(std::move(files)).open();
}

std::string config_error(const std::string& config) {
  return error_of({{"tokenizer.model", model_file("plain.model")}, {"tokenizer_config.json", config}});
}

class SentencePiece : public testing::Test {
 protected:
  void SetUp() override {
    if (!JANUS_WITH_SENTENCEPIECE) GTEST_SKIP() << "built without SentencePiece";
  }
};

TEST(SentencePieceMissing, ABuildWithoutItSaysSo) {
  if (JANUS_WITH_SENTENCEPIECE) GTEST_SKIP() << "built with SentencePiece";
  const std::string message = error_of({{"tokenizer.model", model_file("plain.model")}});
  EXPECT_NE(message.find("JANUS_SENTENCEPIECE"), std::string::npos) << message;
  EXPECT_NE(message.find("tokenizer.model"), std::string::npos) << message;
}

TEST_F(SentencePiece, FindsTheTokensWithARole) {
  const auto tokenizer = open({});
  EXPECT_EQ(tokenizer->begin_id(), 1);
  EXPECT_EQ(tokenizer->end_id(), 2);
  EXPECT_EQ(tokenizer->pad_id(), 3);
  EXPECT_TRUE(tokenizer->is_special(2));
  EXPECT_FALSE(tokenizer->is_special(*tokenizer->id_of("<|User|>")))
      << "user-defined, and no file calls it special";
  EXPECT_EQ(tokenizer->size(), 1800);
  EXPECT_EQ(tokenizer->token_of(1), "<｜begin▁of▁sentence｜>");
  EXPECT_EQ(tokenizer->id_of("no such piece"), std::nullopt);
  EXPECT_THROW(tokenizer->token_of(1800), Error);
  EXPECT_THROW(tokenizer->token_of(-1), Error);
  const auto with_roles =
      open({{"tokenizer_config.json", R"({"image_token": "<image_placeholder>", "unk_token": "<unk>"})"}});
  EXPECT_TRUE(with_roles->is_special(*with_roles->id_of("<image_placeholder>")));
  EXPECT_EQ(with_roles->encode("<unk>", false), tokenizer->encode("<unk>", false))
      << "the unknown token is no text";
  const auto named = open({{"tokenizer_config.json", R"({"eos_token": "<|User|>", "pad_token": "<none>"})"}});
  EXPECT_EQ(named->end_id(), named->id_of("<|User|>"));
  EXPECT_EQ(named->pad_id(), 3) << "a name that is no token does not count";
}

TEST_F(SentencePiece, TheBeginTokenComesFirstUnlessTheFilesSayNo) {
  EXPECT_EQ(open({})->encode("", true), Ids{1});
  EXPECT_EQ(open({})->encode("", false), Ids{});
  EXPECT_EQ(open({{"tokenizer_config.json", R"({"add_bos_token": false})"}})->encode("", true), Ids{});
}

TEST_F(SentencePiece, ControlPiecesWrittenOutBecomeTheirIds) {
  for (const char* model : {"plain.model", "unigram.model"}) {
    const auto tokenizer = open({}, model);
    const Ids ids = tokenizer->encode("the cat<｜end▁of▁sentence｜><｜▁pad▁｜>the", false);
    Ids expected = tokenizer->encode("the cat", false);
    expected.insert(expected.end(), {2, 3});
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), ids.begin()))
        << model << testing::PrintToString(ids);
    EXPECT_EQ(tokenizer->decode(ids), "the catthe") << "no space is put before what follows";
    EXPECT_EQ(tokenizer->encode("<｜begin▁of▁sentence｜>", false), Ids{1});
  }
}

TEST_F(SentencePiece, TakesTokensThatTheFilesBesideName) {
  const auto tokenizer = open({{"tokenizer_config.json", R"({"added_tokens_decoder": {
      "1800": {"content": "<extra>", "special": true}, "1801": {"content": "<word>", "special": false, "rstrip": true}},
      "additional_special_tokens": ["<|User|>", "<unheard>"]})"}});
  EXPECT_EQ(tokenizer->size(), 1802);
  const int32_t user = *tokenizer->id_of("<|User|>");
  EXPECT_TRUE(tokenizer->is_special(user));
  const Ids ids = tokenizer->encode("<extra><word>  <|User|>", false);
  EXPECT_EQ(ids, (Ids{1800, 1801, user}));
  EXPECT_EQ(tokenizer->decode(ids), "<word>");
  EXPECT_EQ(tokenizer->token_of(1801), "<word>");
  EXPECT_NE(config_error(R"({"added_tokens_decoder": {"20": {"content": "<extra>"}}})").find("<extra>"),
            std::string::npos);
  EXPECT_NE(config_error(R"({"added_tokens_decoder": {"9": {"content": "<|User|>"}}})").find("<|User|>"),
            std::string::npos);
}

TEST_F(SentencePiece, TextMayEndInsideOfACharacter) {
  const auto tokenizer = open({});
  const std::string text = "\xF0\x9F\x98\x80";
  const Ids ids = tokenizer->encode(text, false);
  ASSERT_GE(ids.size(), 4U) << "the emoji is no piece of the model";
  for (size_t n = 0; n <= ids.size(); ++n) {
    EXPECT_EQ(tokenizer->decode(std::span(ids).first(n)), text.substr(0, n + text.size() - ids.size()));
  }
}

TEST_F(SentencePiece, BrokenUtf8IsReadAsReplacementCharacters) {
  const auto tokenizer = open({});
  for (const char* text : {"\xFF", "a\xE6\xBC", "\xED\xA0\x80", "h\xC0\xAFhe", "\xF0\x9F\x98"}) {
    EXPECT_EQ(tokenizer->encode(text, false), tokenizer->encode(to_utf8(text), false));
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, false)), to_utf8(text));
  }
}

TEST_F(SentencePiece, RefusesWhatIsNoModel) {
  const std::string whole = model_file("plain.model");
  for (const std::string& content :
       {std::string(), std::string("not a model"), whole.substr(0, whole.size() / 2), std::string(1000, '\0'),
        std::string(1000, '\xFF')}) {
    const std::string message = error_of({{"tokenizer.model", content}});
    EXPECT_NE(message.find("tokenizer.model: expected a SentencePiece model"), std::string::npos) << message;
  }
}

TEST(SentencePieceSpec, ReadsTheModelsSettings) {
  const SentencePieceSpec plain = read_sentencepiece_spec(model_file("plain.model"));
  EXPECT_FALSE(plain.add_dummy_prefix);
  EXPECT_FALSE(plain.remove_extra_whitespaces);
  EXPECT_EQ(plain.user_defined.size(), 6U);
  const std::string unigram = model_file("unigram.model");
  EXPECT_TRUE(read_sentencepiece_spec(unigram).add_dummy_prefix);
  EXPECT_TRUE(read_sentencepiece_spec(unigram).remove_extra_whitespaces);
  EXPECT_EQ(read_sentencepiece_spec(unigram).user_defined.size(), 2U);
  EXPECT_FALSE(read_sentencepiece_spec(without_dummy_prefix(unigram)).add_dummy_prefix);
  EXPECT_TRUE(read_sentencepiece_spec(without_dummy_prefix(unigram)).remove_extra_whitespaces);
  for (size_t n = 0; n < unigram.size(); n += 997)
    read_sentencepiece_spec(std::string_view(unigram).substr(0, n));
}

}  // namespace
}  // namespace janus
