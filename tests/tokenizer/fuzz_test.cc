// Broken and hostile files and texts: an Error of one line, or a tokenizer that works; never anything else.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tests/tokenizer/bpe_fixture.h"

namespace janus {
namespace {

// small_bpe() with every kind of section.
nlohmann::json rich_bpe() {
  nlohmann::json json = small_bpe();
  json["normalizer"] = nlohmann::json::parse(R"({"type": "Sequence", "normalizers": [
      {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "StripAccents"}, {"type": "Strip", "strip_left": true, "strip_right": true},
      {"type": "Prepend", "prepend": "a"}, {"type": "Replace", "pattern": {"Regex": "b+"}, "content": "c"}]})");
  json["pre_tokenizer"] = nlohmann::json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\s?[A-Za-z\u00b5-\u00ff]+|\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
      {"type": "Split", "pattern": {"String": "x"}, "behavior": "MergedWithNext", "invert": true},
      {"type": "Digits", "individual_digits": true}, {"type": "Whitespace"},
      {"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}]})");
  json["post_processor"] = nlohmann::json::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [], "special_tokens": {"B": {"id": "B", "ids": [50], "tokens": ["<begin>"]}}})");
  json["decoder"] = nlohmann::json::parse(R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "q"}, "content": "r"}, {"type": "ByteFallback"}, {"type": "ByteLevel"},
      {"type": "Fuse"}, {"type": "Strip", "content": "a", "start": 1, "stop": 0}]})");
  json["added_tokens"][2].update(
      {{"lstrip", true}, {"rstrip", true}, {"single_word", true}, {"normalized", true}});
  json["model"].update(
      {{"byte_fallback", true}, {"fuse_unk", true}, {"unk_token", "z"}, {"ignore_merges", true}});
  return json;
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }

  // A few bytes of `text` changed, removed or doubled.
  std::string bytes(std::string text) {
    static const std::string kLikely = "{}[]\",:\\()*+?0123456789-^$|psx\xFF\xED\x80 ";
    for (size_t n = 1 + below(4); n > 0 && !text.empty(); --n) {
      const size_t at = below(text.size());
      switch (below(5)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text[at] = kLikely[below(kLikely.size())];
          break;
        case 2:
          text.erase(at, 1 + below(20));
          break;
        case 3:
          text.insert(at, text.substr(below(text.size()), below(20)));
          break;
        default:
          text.insert(at, 1, kLikely[below(kLikely.size())]);
      }
    }
    if (below(20) == 0) text.resize(below(text.size() + 1));
    return text;
  }

  // One value somewhere in `json` replaced, removed or moved.
  void value(nlohmann::json& json) {
    nlohmann::json* at = &json;
    while (at->is_structured() && !at->empty() && below(6) != 0) {
      auto item = at->begin();
      std::advance(item, below(at->size()));
      if (below(12) == 0) {
        at->erase(item);
        return;
      }
      at = &*item;
    }
    static const std::vector<nlohmann::json> kValues = {nullptr,
                                                        true,
                                                        -1,
                                                        0,
                                                        7,
                                                        2147483647,
                                                        1e300,
                                                        "",
                                                        "a",
                                                        "(",
                                                        "[^\\s]+(?!\\S)",
                                                        "(a+)+$",
                                                        "Sequence",
                                                        "\u0120",
                                                        "<end>",
                                                        nlohmann::json::array(),
                                                        nlohmann::json::object(),
                                                        nlohmann::json::array({1, "b"})};
    if (at->is_string() && below(2) == 0) {
      *at = to_utf8(bytes(at->get<std::string>()));
    } else {
      *at = kValues[below(kValues.size())];
    }
  }

  std::string text() {
    static const std::vector<std::string> kParts = {"hello",
                                                    " ",
                                                    "<begin>",
                                                    "<word>",
                                                    "\xE6\xBC\xA2",
                                                    "\xF0\x9F\x98\x80",
                                                    "\xC3\xA9",
                                                    "\xFF",
                                                    "\n",
                                                    "12",
                                                    "x",
                                                    std::string(1, '\0'),
                                                    "\xED\xA0\x80",
                                                    "bbb",
                                                    "aaaaaaaaaaaaaaaaaaaa"};
    std::string result;
    for (size_t n = below(12); n > 0; --n)
      result += below(8) == 0 ? std::string(1, static_cast<char>(below(256))) : kParts[below(kParts.size())];
    return result;
  }

 private:
  std::mt19937 random_;
};

// Uses whatever came out of the files. Returns whether they made a tokenizer.
bool use(const std::map<std::string, std::string>& files, Mutator& mutator) {
  try {
    const MemoryFolder folder(files);
    const auto tokenizer = folder.open();
    for (int i = 0; i < 4; ++i) {
      const std::string text = mutator.text();
      const auto ids = tokenizer->encode(text, i % 2 == 0);
      for (const int32_t id : ids) {
        EXPECT_GE(id, 0);
        EXPECT_LT(id, tokenizer->size());
        tokenizer->token_of(id);
      }
      const std::string words = to_utf8(text), around = to_utf8(mutator.text());
      const TextRange range{around.size(), around.size() + words.size()};
      for (const int32_t id : tokenizer->encode(around + words + around, false, {&range, 1}))
        EXPECT_LT(id, tokenizer->size());
      tokenizer->decode(ids);
      tokenizer->decode(
          std::vector<int32_t>{-1, INT32_MAX, INT32_MIN, static_cast<int32_t>(mutator.below(100))});
    }
    return true;
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return false;
  }
}

TEST(TokenizerFuzz, MutatedBytesOfTokenizerJson) {
  Mutator mutator(1);
  const std::string whole = rich_bpe().dump();
  ASSERT_TRUE(use({{"tokenizer.json", whole}}, mutator));
  int opened = 0;
  for (int round = 0; round < 3000; ++round)
    opened += use({{"tokenizer.json", mutator.bytes(whole)}}, mutator);
  EXPECT_GT(opened, 30);
  EXPECT_LT(opened, 2900);
}

TEST(TokenizerFuzz, MutatedValuesOfTokenizerJson) {
  Mutator mutator(2);
  int opened = 0;
  for (int round = 0; round < 3000; ++round) {
    nlohmann::json json = rich_bpe();
    for (size_t n = 1 + mutator.below(3); n > 0; --n) mutator.value(json);
    opened += use({{"tokenizer.json", json.dump()}}, mutator);
  }
  EXPECT_GT(opened, 300);
  EXPECT_LT(opened, 2900);
}

TEST(TokenizerFuzz, MutatedFilesBeside) {
  Mutator mutator(3);
  const nlohmann::json config =
      nlohmann::json::parse(R"({"bos_token": {"content": "<begin>", "lstrip": false}, "eos_token": "<end>",
      "pad_token": null, "add_bos_token": true, "tokenizer_class": "LlamaTokenizerFast", "additional_special_tokens": ["<word>"],
      "added_tokens_decoder": {"50": {"content": "<begin>", "special": true}, "60": {"content": "<new>", "rstrip": true}}})");
  const std::string tokenizer = small_bpe().dump();
  for (int round = 0; round < 1500; ++round) {
    nlohmann::json changed = config;
    mutator.value(changed);
    const std::string text = round % 2 == 0 ? changed.dump() : mutator.bytes(config.dump());
    use({{"tokenizer.json", tokenizer},
         {round % 3 == 0 ? "special_tokens_map.json" : "tokenizer_config.json", text}},
        mutator);
  }
}

}  // namespace
}  // namespace janus
