// Split patterns and behaviours against the Python package `tokenizers`; made by
// tests/reference/tokenizer_golden.py.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/text/oniguruma_pattern.h"
#include "tokenizer/text/pre_tokenizer.h"
#include "tokenizer/text/regex.h"

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

TEST(Regex, RefusesByNameWhatItDoesNotTranslate) {
  const std::vector<std::pair<const char*, const char*>> patterns = {{"(a)\\1", "\\1"},
                                                                     {"[a&&b]", "&&"},
                                                                     {"[[a]b]", "[ inside of [ ]"},
                                                                     {"(?m:.)", "the group (?m"},
                                                                     {"a(?s)b", "the group (?s"},
                                                                     {"*a", "quantifier"},
                                                                     {"(a", "end of the pattern"},
                                                                     {"a)", "unmatched )"},
                                                                     {"[a", "end of the pattern"},
                                                                     {"\\p{Alnum}", "\\p{Alnum}"},
                                                                     {"[\\W]", "\\W inside"},
                                                                     {"\\R", "\\R"},
                                                                     {"\\X", "\\X"},
                                                                     {"\\K", "\\K"},
                                                                     {"a{3,1}", "least number"},
                                                                     {"a{99999}", "above 65535"},
                                                                     {"[z-a]", "empty range"},
                                                                     {"\\p{Nosuch}", ""},
                                                                     {"(?<=a+)b", ""},
                                                                     {"(?i)\\p{Lu}", "letter case"},
                                                                     {"\\xff", "above 7F"},
                                                                     {"\\x{110000}", "no character"},
                                                                     {"\\u12", "digits"},
                                                                     {"(?", "the group (?"},
                                                                     {"\\", "end of the pattern"},
                                                                     {"\\p", "{NAME}"},
                                                                     {"[a-\\d]", "ends with a set"},
                                                                     {"(?#x)", "the group (?#"}};
  for (const auto& [pattern, reason] : patterns) {
    try {
      Regex regex(pattern);
      ADD_FAILURE() << pattern << " was accepted as " << oniguruma_to_pcre2(pattern);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << pattern << ": " << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
  EXPECT_THROW(Regex(std::string(500, '(') + std::string(500, ')')), Error);
}

TEST(Regex, APatternWithoutEndIsAnErrorNotAHang) {
  const Regex hostile("(x+x+)+[yz]");
  EXPECT_EQ(hostile.find_all("xxxxy").size(), 1U);
  EXPECT_THROW(hostile.find_all(std::string(5000, 'x')), Error);
}

TEST(Regex, LongRunsOfBlanksAreStillSplit) {
  const Regex at_end("\\s+$");
  EXPECT_TRUE(at_end.find_all(std::string(5000, ' ') + "x").empty());
  EXPECT_EQ(at_end.find_all("x" + std::string(100'000, ' ')).size(), 1U);
}

}  // namespace
}  // namespace janus
