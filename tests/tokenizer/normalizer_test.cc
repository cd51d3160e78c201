#include "tokenizer/text/normalizer.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/text/added_tokens.h"

namespace janus {
namespace {

std::string normalized(const char* json, const std::string& text) {
  return Normalizer(nlohmann::json::parse(json), "normalizer")(text);
}

TEST(Normalizer, EachKindDoesWhatItsNameSays) {
  EXPECT_EQ(Normalizer(nullptr, "normalizer")("\u00e9 A"), "\u00e9 A");
  EXPECT_EQ(normalized(R"({"type": "NFD"})", "\u00e9\uac01"), "e\u0301\u1100\u1161\u11a8");
  EXPECT_EQ(normalized(R"({"type": "NFC"})", "e\u0301\u1100\u1161\u11a8"), "\u00e9\uac01");
  EXPECT_EQ(normalized(R"({"type": "NFKC"})", "\ufb01\uff21\u2460"), "fiA1");
  EXPECT_EQ(normalized(R"({"type": "NFKD"})", "\ufb01\u00e9"), "fie\u0301");
  EXPECT_EQ(normalized(R"({"type": "Lowercase"})", "\u0130\u03a3\u1e9e\u01c5"), "i\u0307\u03c3\u00df\u01c6");
  EXPECT_EQ(normalized(R"({"type": "StripAccents"})", "e\u0301a\u0e33\u20dd"), "ea\u0e33");
  EXPECT_EQ(normalized(R"({"type": "Strip"})", "\u3000 a b\u0085\n"), "a b");
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_left": false})", " a "), " a");
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_right": false})", " a "), "a ");
  EXPECT_EQ(normalized(R"({"type": "Strip"})", " \t "), "");
  EXPECT_EQ(normalized(R"({"type": "Prepend", "prepend": "_"})", "a"), "_a");
  EXPECT_EQ(normalized(R"({"type": "Prepend", "prepend": "_"})", ""), "");
  EXPECT_EQ(normalized(R"({"type": "Replace", "pattern": {"String": "."}, "content": "$0"})", "a.b."),
            "a$0b$0");
  EXPECT_EQ(normalized(R"({"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": ""})", " a  b "),
            "ab");
  const std::string zeros("a\0b", 3);
  EXPECT_EQ(normalized(R"({"type": "NFC"})", zeros), zeros) << "a zero byte is a character as others";
}

TEST(Normalizer, TextsDoNotGrowWithoutBounds) {
  const std::string thousand(1000, 'a');
  std::string steps;
  for (int i = 0; i < 4; ++i)
    steps += std::string(i == 0 ? "" : ",") +
             R"({"type": "Replace", "pattern": {"String": "a"}, "content": ")" + thousand + "\"}";
  const std::string json = R"({"type": "Sequence", "normalizers": [)" + steps + "]}";
  EXPECT_EQ(normalized(json.c_str(), "b"), "b");
  try {
    normalized(json.c_str(), "a");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at most 16777216 bytes"), std::string::npos) << error.what();
  }
  // A long text may be as long again and more.
  const std::string long_text(size_t{4} << 20, ' ');
  EXPECT_EQ(
      normalized(R"({"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})", long_text).size(),
      3 * long_text.size());
}

std::string split_text(const TokenFinder& finder, std::string_view text) {
  std::string result;
  for (const TokenOrText& part : finder.split(text)) {
    result += part.token != nullptr ? "{" : "[";
    result += part.text;
    result += part.token != nullptr ? "}" : "]";
  }
  return result;
}

TEST(TokenFinder, TakesTheLeftmostAndOfThoseTheLongest) {
  AddedToken token;
  TokenFinder finder;
  for (const char* text : {"ab", "abcd", "bc", "cde", ""}) finder.add(text, token);
  EXPECT_EQ(split_text(finder, "xabcdex"), "[x]{abcd}[ex]");
  EXPECT_EQ(split_text(finder, "xabcx"), "[x]{ab}[cx]");
  EXPECT_EQ(split_text(finder, "bcde"), "{bc}[de]");
  EXPECT_EQ(split_text(finder, "abab"), "{ab}{ab}");
  EXPECT_EQ(split_text(finder, ""), "");
  EXPECT_EQ(split_text(TokenFinder(), "abc"), "[abc]");
}

TEST(TokenFinder, AppliesTheFlags) {
  AddedToken left, right, word;
  left.lstrip = true;
  right.rstrip = true;
  word.single_word = true;
  TokenFinder finder;
  finder.add("<l>", left);
  finder.add("<r>", right);
  finder.add("word", word);
  EXPECT_EQ(split_text(finder, "a \u3000<l> b"), "[a]{ \u3000<l>}[ b]");
  EXPECT_EQ(split_text(finder, "a <r> \nb"), "[a ]{<r> \n}[b]");
  EXPECT_EQ(split_text(finder, "<r>  <l>"), "{<r>  }{<l>}");
  EXPECT_EQ(split_text(finder, "word sword words \u00e9word word"), "{word}[ sword words \u00e9word ]{word}");
  EXPECT_EQ(split_text(finder, "-word-"), "[-]{word}[-]");
}

}  // namespace
}  // namespace janus
