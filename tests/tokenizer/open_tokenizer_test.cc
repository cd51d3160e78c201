// What the files of a folder make of a tokenizer, and what is said of broken ones.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "tests/tokenizer/bpe_fixture.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {
namespace {

using Ids = std::vector<int32_t>;
using Files = std::map<std::string, std::string>;

// The error for small_bpe() after `change`.
std::string error_after(const std::function<void(nlohmann::json&)>& change) {
  nlohmann::json json = small_bpe();
  change(json);
  return error_of({{"tokenizer.json", json.dump()}});
}

#define EXPECT_SAYS(message, part) EXPECT_NE((message).find(part), std::string::npos) << (message)

TEST(OpenTokenizer, NamesBothFilesWhenNeitherIsThere) {
  const std::string message = error_of({{"config.json", "{}"}});
  EXPECT_SAYS(message, "tokenizer.json");
  EXPECT_SAYS(message, "tokenizer.model");
  EXPECT_SAYS(message, "folder");
}

TEST(OpenTokenizer, RefusesBrokenFilesByFileAndPlace) {
  const std::vector<std::pair<std::string, std::string>> files = {{"", "empty"},
                                                                  {"{", "expected JSON"},
                                                                  {"[]", "expected a tokenizer"},
                                                                  {"{}", "model"},
                                                                  {"null", "expected a tokenizer"},
                                                                  {"{\"model\": 3}", "model"},
                                                                  {"{\"model\": {}}", "vocab"},
                                                                  {"{\"model\": {\"vocab\": []}}", "vocab"},
                                                                  {"{\"model\": {\"vocab\": {}}}", "merges"},
                                                                  {"\xFF\xFE{}", "expected JSON"}};
  for (const auto& [content, part] : files) {
    const std::string message = error_of({{"tokenizer.json", content}});
    EXPECT_SAYS(message, part);
    EXPECT_SAYS(message, "tokenizer.json");
  }
}

TEST(OpenTokenizer, RefusesByNameWhatIsNotSupported) {
  const auto type = [](const char* section, const char* name) {
    return error_after([&](auto& json) { json[section] = {{"type", name}}; });
  };
  EXPECT_SAYS(type("normalizer", "BertNormalizer"), "BertNormalizer");
  EXPECT_SAYS(type("pre_tokenizer", "BertPreTokenizer"), "BertPreTokenizer");
  EXPECT_SAYS(type("post_processor", "RobertaProcessing"), "RobertaProcessing");
  EXPECT_SAYS(type("decoder", "WordPiece"), "WordPiece");
  EXPECT_SAYS(type("normalizer", "Sequence"), "normalizers: expected a list");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["type"] = "Unigram"; }), "Unigram");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["dropout"] = 0.1; }), "dropout");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["end_of_word_suffix"] = "</w>"; }),
              "end_of_word_suffix");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["continuing_subword_prefix"] = "##"; }), "##");
  const auto split = [](const nlohmann::json& pattern, const char* behavior) {
    return error_after([&](auto& json) {
      json["pre_tokenizer"] = {{"type", "Split"}, {"pattern", pattern}, {"behavior", behavior}};
    });
  };
  EXPECT_SAYS(split({{"Regex", "(a"}}, "Isolated"), "(a");
  EXPECT_SAYS(split({{"Regex", "(a)\\1"}}, "Isolated"), "\\1");
  EXPECT_SAYS(split({{"Glob", "*"}}, "Isolated"), "Glob");
  EXPECT_SAYS(split(nlohmann::json::object(), "Isolated"), "String or Regex");
  EXPECT_SAYS(split({{"String", "a"}}, "Swapped"), "Swapped");
  EXPECT_SAYS(error_after([](auto& json) {
                json["decoder"] = {{"type", "Strip"}, {"content", " "}, {"stop", 1}};
              }),
              "stop");
}

TEST(OpenTokenizer, MetaspaceIsReadWhereTheVocabularyHasItsSymbol) {
  const auto metaspace = [](nlohmann::json keys) {
    keys["type"] = "Metaspace";
    return keys;
  };
  // As transformers 5 writes DeepSeek's tokenizer once it has opened it as Llama's.
  const std::string lost = error_after([&](auto& json) {
    json["pre_tokenizer"] =
        metaspace({{"replacement", "\u2581"}, {"prepend_scheme", "first"}, {"split", false}});
  });
  for (const char* part :
       {"tokenizer.json", "ByteLevel", "Metaspace", "transformers 5", "take the tokenizer.json"})
    EXPECT_SAYS(lost, part);
  EXPECT_SAYS(error_after([&](auto& json) {
                json["pre_tokenizer"] = metaspace({{"replacement", "\u2581"}});
                json["model"]["vocab"].erase("\u0120");
              }),
              "symbol of the vocabulary");
  const auto read = [&](const nlohmann::json& keys) {
    return error_after([&](auto& json) {
      json["model"]["vocab"]["\u2581"] = 49;
      json["pre_tokenizer"] = metaspace(keys);
    });
  };
  EXPECT_EQ(read({{"replacement", "\u2581"}}), "no error");
  EXPECT_EQ(read({{"replacement", "\u2581"}, {"add_prefix_space", false}}), "no error") << "of old";
  EXPECT_SAYS(read({{"replacement", "\u2581"}, {"add_prefix_space", false}, {"prepend_scheme", "first"}}),
              "add_prefix_space");
  EXPECT_SAYS(read({{"replacement", "\u2581"}, {"prepend_scheme", "second"}}), "second");
  EXPECT_SAYS(read({{"replacement", "__"}}), "one character");
  EXPECT_SAYS(read({{"replacement", ""}}), "one character");
  EXPECT_SAYS(read(nlohmann::json::object()), "replacement");
}

TEST(OpenTokenizer, RefusesAVocabularyThatContradictsItself) {
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["vocab"]["twice"] = 7; }), "each id once");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["vocab"]["x"] = -1; }), "x");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["vocab"]["x"] = 2147483647; }), "2147483646");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["vocab"]["x"] = "7"; }), "x");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["vocab"]["x"] = 1.5; }), "x");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["merges"].push_back("h \u00e9"); }), "merges[3]");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["merges"].push_back("a b"); }), "found \"ab\"");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["merges"].push_back("h e l"); }), "merges[3]");
  EXPECT_SAYS(error_after([](auto& json) {
                json["model"]["merges"].push_back({"h", "e", "l"});
              }),
              "merges[3]");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["merges"].push_back(7); }), "merges[3]");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["merges"] = 7; }), "merges");
  EXPECT_SAYS(error_after([](auto& json) { json["model"]["unk_token"] = "<unk>"; }), "<unk>");
  EXPECT_SAYS(error_after([](auto& json) { json["added_tokens"][0]["id"] = 51; }), "<end>");
  EXPECT_SAYS(error_after([](auto& json) { json["added_tokens"][0]["id"] = 3; }), "<begin>");
  EXPECT_SAYS(error_after([](auto& json) { json["added_tokens"][0]["content"] = "he"; }), "added_tokens[0]");
  EXPECT_SAYS(error_after([](auto& json) { json["added_tokens"][0].erase("id"); }), "id");
  EXPECT_SAYS(error_after([](auto& json) { json["added_tokens"][0].erase("content"); }), "content");
  EXPECT_SAYS(error_after([](auto& json) { json["added_tokens"][0]["lstrip"] = "yes"; }), "lstrip");
  EXPECT_SAYS(error_after([](auto& json) {
                json["post_processor"] = nlohmann::json::parse(
                    R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}], "pair": [],
                        "special_tokens": {"<s>": {"ids": [999]}}})");
              }),
              "999");
}

TEST(OpenTokenizer, ReadsTheVocabularyAsItIs) {
  nlohmann::json json = small_bpe();
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  EXPECT_EQ(tokenizer->size(), 53) << "one more than the largest id, though 43 to 49 are no tokens";
  EXPECT_EQ(tokenizer->id_of("hell"), 42);
  EXPECT_EQ(tokenizer->id_of("<begin>"), 50);
  EXPECT_EQ(tokenizer->id_of("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer->token_of(42), "hell");
  EXPECT_EQ(tokenizer->token_of(51), "<end>");
  EXPECT_THROW(tokenizer->token_of(45), Error);
  EXPECT_THROW(tokenizer->token_of(-1), Error);
  EXPECT_THROW(tokenizer->token_of(53), Error);
  EXPECT_TRUE(tokenizer->is_special(50));
  EXPECT_FALSE(tokenizer->is_special(52));
  EXPECT_FALSE(tokenizer->is_special(99));
  EXPECT_EQ(tokenizer->encode("hello<end>", false), (Ids{42, 14, 51}));
  EXPECT_EQ(tokenizer->decode(Ids{42, 14, 51, 52, 45, -3, 999}), "hello<word>")
      << "no specials, no ids of nothing";
  EXPECT_EQ(tokenizer->encode("", true), Ids{});
  json["model"]["merges"] = nlohmann::json::parse(R"([["h", "e"], ["l", "l"], ["he", "ll"]])");
  EXPECT_EQ(MemoryFolder({{"tokenizer.json", json.dump()}}).open()->encode("hell", false), Ids{42});
}

TEST(OpenTokenizer, BrokenUtf8IsReadAsReplacementCharacters) {
  nlohmann::json json = small_bpe();
  // U+FFFD is EF BF BD; its three bytes as characters of the byte level.
  for (const char* token : {"\u00ef", "\u00bf", "\u00bd"})
    json["model"]["vocab"][token] = json["model"]["vocab"].size();
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  for (const char* text : {"\xFF", "a\xE6\xBC", "\xED\xA0\x80", "h\xC0\xAFhe", "\xF0\x9F\x98"}) {
    const Ids ids = tokenizer->encode(text, false);
    EXPECT_EQ(ids, tokenizer->encode(to_utf8(text), false));
    EXPECT_EQ(tokenizer->decode(ids), to_utf8(text));
  }
}

TEST(OpenTokenizer, TellsWhichTokensHaveARole) {
  const std::string json = small_bpe().dump();
  const auto plain = MemoryFolder({{"tokenizer.json", json}}).open();
  EXPECT_EQ(plain->begin_id(), std::nullopt);
  EXPECT_EQ(plain->pad_id(), std::nullopt);
  EXPECT_EQ(plain->encode("a", true), Ids{0});
  EXPECT_TRUE(plain->adds_begin()) << "but no file tells which";

  const auto named =
      MemoryFolder({{"tokenizer.json", json},
                    {"tokenizer_config.json", R"({"bos_token": {"content": "<begin>"}, "pad_token": null})"},
                    {"special_tokens_map.json", R"({"bos_token": "<word>", "eos_token": "<end>"})"}})
          .open();
  EXPECT_EQ(named->begin_id(), 50) << "tokenizer_config.json comes first";
  EXPECT_EQ(named->end_id(), 51);
  EXPECT_EQ(named->encode("a", true), (Ids{50, 0})) << "no file says no";

  nlohmann::json deepseek = small_bpe();
  deepseek["added_tokens"][0]["content"] = "<｜begin▁of▁sentence｜>";
  deepseek["added_tokens"][1]["content"] = "<｜end▁of▁sentence｜>";
  deepseek["added_tokens"][2]["content"] = "<｜▁pad▁｜>";
  const auto by_name = MemoryFolder({{"tokenizer.json", deepseek.dump()}}).open();
  EXPECT_EQ(by_name->begin_id(), 50);
  EXPECT_EQ(by_name->end_id(), 51);
  EXPECT_EQ(by_name->pad_id(), 52);
}

TEST(OpenTokenizer, TheBeginTokenComesFirstUnlessTheFilesSayNo) {
  nlohmann::json json = small_bpe();
  const auto first = [&](const std::string& config) {
    return MemoryFolder({{"tokenizer.json", json.dump()}, {"tokenizer_config.json", config}})
        .open()
        ->encode("a", true);
  };
  const std::string roles = R"({"bos_token": "<begin>")";
  for (const char* more :
       {"", R"(, "add_bos_token": true)", R"(, "add_bos_token": null)",
        R"(, "tokenizer_class": "LlamaTokenizerFast")", R"(, "tokenizer_class": "PreTrainedTokenizerFast")",
        R"(, "tokenizer_class": "TokenizersBackend", "backend": "tokenizers")"}) {
    EXPECT_EQ(first(roles + more + "}"), (Ids{50, 0})) << more;
  }
  for (const char* type : {"LlamaTokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"}) {
    EXPECT_EQ(first(roles + R"(, "add_bos_token": false, "tokenizer_class": ")" + type + "\"}"), Ids{0});
  }
  // A template that adds nothing is what transformers 5 writes where it was told so for one call; it is no
  // file's word on the begin token.
  json["post_processor"] = nlohmann::json::parse(
      R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
          "special_tokens": {}})");
  EXPECT_EQ(first(roles + "}"), (Ids{50, 0}));
  EXPECT_EQ(first(roles + R"(, "add_bos_token": false})"), Ids{0});
  json["post_processor"] = nlohmann::json::parse(
      R"({"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "E", "type_id": 0}}],
          "pair": [], "special_tokens": {"B": {"id": "B", "ids": [52], "tokens": ["<word>"]},
                                         "E": {"id": "E", "ids": [51], "tokens": ["<end>"]}}}]})");
  EXPECT_EQ(first("{}"), (Ids{52, 0})) << "of a template, what stands before the text";
  EXPECT_EQ(first(R"({"add_bos_token": false})"), Ids{0});
  EXPECT_EQ(first(R"({"bos_token": "<word>"})"), (Ids{52, 0}));
  EXPECT_EQ(first(R"({"bos_token": "<begin>", "add_bos_token": false})"), Ids{0});
  const std::string both =
      error_of({{"tokenizer.json", json.dump()}, {"tokenizer_config.json", R"({"bos_token": "<begin>"})"}});
  for (const char* part : {"tokenizer.json", "tokenizer_config.json: bos_token", "<begin>", "<word>"})
    EXPECT_SAYS(both, part);
  EXPECT_EQ(MemoryFolder({{"tokenizer.json", json.dump()}}).open()->encode("a", false), Ids{0});
  EXPECT_SAYS(error_of({{"tokenizer.json", small_bpe().dump()},
                        {"tokenizer_config.json", R"({"add_bos_token": true, "bos_token": "<none>"})"}}),
              "<none>");
}

// Without names, by the numbers of the model's configs; those that no one chose are no special tokens.
TEST(OpenTokenizer, FindsTokensWithARoleByTheConfigsNumbers) {
  const auto open = [](const char* file, const char* content) {
    return MemoryFolder({{"tokenizer.json", small_bpe().dump()}, {file, content}}).open();
  };
  EXPECT_EQ(open("generation_config.json", R"({"bos_token_id": 50})")->encode("a", true), (Ids{50, 0}));
  EXPECT_EQ(open("config.json", R"({"bos_token_id": 50})")->encode("a", true), (Ids{50, 0}));
  for (const char* section : {"text_config", "language_config"}) {
    const std::string config =
        std::string(R"({")") + section + R"(": {"bos_token_id": 50, "eos_token_id": [51]}})";
    EXPECT_EQ(open("config.json", config.c_str())->encode("a", true), (Ids{50, 0})) << section;
    EXPECT_EQ(open("config.json", config.c_str())->end_id(), 51) << section;
  }
  const auto defaults = open("config.json", R"({"language_config": {"bos_token_id": 1, "eos_token_id": 2}})");
  EXPECT_EQ(defaults->begin_id(), std::nullopt);
  EXPECT_EQ(defaults->end_id(), std::nullopt);
  const auto named = MemoryFolder({{"tokenizer.json", small_bpe().dump()},
                                   {"special_tokens_map.json", R"({"bos_token": "<begin>"})"},
                                   {"config.json", R"({"bos_token_id": 51})"}})
                         .open();
  EXPECT_EQ(named->begin_id(), 50) << "a name comes before a number";
}

TEST(OpenTokenizer, TakesTokensThatOnlyTheFilesBesideName) {
  const std::string config = R"({"added_tokens_decoder": {"60": {"content": "<image>", "special": true}}})";
  const auto tokenizer = MemoryFolder({{"tokenizer.json", small_bpe().dump()},
                                       {"tokenizer_config.json", config},
                                       {"added_tokens.json", R"({"<image>": 60, "<more>": 61})"}})
                             .open();
  EXPECT_EQ(tokenizer->encode("a<image><more>", false), (Ids{0, 60, 61}));
  EXPECT_EQ(tokenizer->size(), 62);
  EXPECT_EQ(tokenizer->decode(Ids{0, 60, 61}), "a<more>");
  const auto message = [&](const char* file, const char* content) {
    return error_of({{"tokenizer.json", small_bpe().dump()}, {file, content}});
  };
  EXPECT_SAYS(message("tokenizer_config.json", R"({"added_tokens_decoder": {"6x": {"content": "c"}}})"),
              "6x");
  EXPECT_SAYS(message("tokenizer_config.json", R"({"added_tokens_decoder": {"50": {"content": "<new>"}}})"),
              "<new>");
  EXPECT_SAYS(message("tokenizer_config.json", R"({"add_bos_token": "yes"})"), "add_bos_token");
  EXPECT_SAYS(message("tokenizer_config.json", R"({"bos_token": 3})"), "bos_token");
  EXPECT_SAYS(message("added_tokens.json", R"({"<more>": -1})"), "<more>");
  EXPECT_SAYS(message("special_tokens_map.json", "["), "special_tokens_map.json");
}

TEST(OpenTokenizer, LongPiecesAreMergedInReasonableTime) {
  nlohmann::json json = small_bpe();
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "hell";
  EXPECT_EQ(tokenizer->encode(text, false), Ids(200'000, 42));
}

// Words that come again in a long text get the ids they have alone.
TEST(OpenTokenizer, PiecesThatComeAgainHaveTheSameIds) {
  nlohmann::json json = small_bpe();
  json["pre_tokenizer"] = nlohmann::json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "[a-z]+|[^a-z]"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})");
  const auto tokenizer = MemoryFolder({{"tokenizer.json", json.dump()}}).open();
  std::mt19937 random(1);
  std::string text;
  std::vector<int32_t> expected;
  for (int i = 0; i < 40'000; ++i) {
    std::string word = i % 1000 == 0 ? std::string(60, 'l') : "";
    for (size_t n = 1 + random() % 6; n > 0; --n) word += "hel"[random() % 3];
    for (const std::string& piece : {word, std::string(1, " 1"[random() % 2])}) {
      const auto ids = tokenizer->encode(piece, false);
      expected.insert(expected.end(), ids.begin(), ids.end());
      text += piece;
    }
  }
  EXPECT_TRUE(tokenizer->encode(text, false) == expected);
}

}  // namespace
}  // namespace janus
