// Split patterns and behaviours against the Python package `tokenizers`; made by
// tests/reference/tokenizer_golden.py.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "tokenizer/text/pre_tokenizer.h"

namespace janus {
namespace {

nlohmann::json split_cases() {
  std::ifstream file(JANUS_TEST_DATA "/tokenizer/splits.json", std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return parse_json(std::move(content).str(), "splits.json");
}

TEST(Split, PiecesEqualTokenizers) {
  const nlohmann::json golden = split_cases();
  ASSERT_GE(golden.at("cases").size(), 150U);
  for (const nlohmann::json& test : golden.at("cases")) {
    const nlohmann::json section = {
        {"type", "Split"}, {"pattern", test[0]}, {"behavior", test[1]}, {"invert", test[2]}};
    const PreTokenizer split(section, "split");
    for (size_t i = 0; i < golden.at("texts").size(); ++i) {
      const auto text = golden.at("texts")[i].get<std::string>();
      const Pieces pieces = split(text);
      std::vector<std::string> found;
      for (const TextRange& range : pieces.ranges) found.emplace_back(pieces.piece(range));
      EXPECT_EQ(found, test[3][i].get<std::vector<std::string>>())
          << section.dump() << " on " << excerpt(text, 200);
    }
  }
}

// This pattern, which DeepSeek's tokenizers have, is not left to the engine.
TEST(Split, TrailingSpaceIsFoundAsTheEngineDoes) {
  const PreTokenizer split({{"type", "Split"}, {"pattern", {{"Regex", "\\s+$"}}}, {"behavior", "Removed"}},
                           "split");
  const PreTokenizer engine(
      {{"type", "Split"}, {"pattern", {{"Regex", "(?:\\s+$)"}}}, {"behavior", "Removed"}}, "split");
  const std::vector<std::string> parts = {
      " ",      "\n",     "\r",     "\t",     "\v",     "a",      "\u00a0",           "\u0085",
      "\u2028", "\u3000", "\u200b", "\u6f22", "\u1680", "\u00e9", "\xF0\x9F\x98\x80", std::string(1, '\0'),
      "  \n\n "};
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t n = random() % 10; n > 0; --n) text += parts[random() % parts.size()];
    const auto found = split(text).ranges;
    const auto expected = engine(text).ranges;
    ASSERT_EQ(found.size(), expected.size()) << excerpt(text);
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_TRUE(found[i].begin == expected[i].begin && found[i].end == expected[i].end) << excerpt(text);
    }
  }
  EXPECT_EQ(split(std::string(1'000'000, ' ') + "1").ranges.size(), 1U)
      << "as long as the run, not its square";
}

// The same piece many times in one text, with others between: each is cut as it is alone.
TEST(Split, PiecesThatComeAgainAreCutAlike) {
  const PreTokenizer lines({{"type", "Split"}, {"pattern", {{"String", "|"}}}, {"behavior", "Removed"}},
                           "split");
  const nlohmann::json words = {
      {"type", "Split"}, {"pattern", {{"Regex", "[a-z]+"}}}, {"behavior", "Isolated"}};
  const PreTokenizer alone(words, "split");
  const PreTokenizer both(
      {{"type", "Sequence"},
       {"pretokenizers",
        {{{"type", "Split"}, {"pattern", {{"String", "|"}}}, {"behavior", "Removed"}}, words}}},
      "split");
  std::mt19937 random(2);
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    for (size_t n = 1 + random() % 4; n > 0; --n) text += "ab1 \u00e9"[random() % 4];
    if (i % 100 == 0) text += std::string(60, "a1"[i / 100 % 2]);
    text += '|';
  }
  std::vector<std::string> expected;
  const Pieces pieces = lines(text);
  for (const TextRange& line : pieces.ranges) {
    const Pieces parts = alone(std::string(pieces.piece(line)));
    for (const TextRange& part : parts.ranges) expected.emplace_back(parts.piece(part));
  }
  const Pieces parts = both(text);
  ASSERT_EQ(parts.ranges.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(parts.piece(parts.ranges[i]), expected[i]) << i;
}

}  // namespace
}  // namespace janus
