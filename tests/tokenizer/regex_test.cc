// The regular expressions of tokenizer.json: what they match is in split_test.cc; here is what hostile ones
// may not do.
#include "tokenizer/text/regex.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tokenizer/text/json_pattern.h"

namespace janus {
namespace {

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
                                R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::string repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

std::vector<std::string> matches(const Regex& regex, const std::string& text) {
  std::vector<std::string> found;
  for (const TextRange& range : regex.find_all(text))
    found.push_back(text.substr(range.begin, range.end - range.begin));
  return found;
}

// The line that compiling `pattern` fails with.
std::string fault_of(const std::string& pattern) {
  try {
    const Regex regex(pattern);
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "no fault";
}

void expect_fault(const std::string& pattern, const std::string& reason) {
  EXPECT_NE(fault_of(pattern).find(reason), std::string::npos)
      << pattern.substr(0, 60) << ": " << fault_of(pattern);
}

TEST(Regex, RefusesByNameWhatNoLimitHolds) {
  const std::vector<std::pair<std::string, std::string>> patterns = {
      {"(a)\\1", "\\1 at byte 4"},
      {"(?<n>a)\\k<n>", "\\k at byte 8"},
      {"(?<n>a\\g<n>?)", "\\g at byte 7"},
      {"\\g<0>", "\\g at byte 1"},
      {"(?=a\\Kb)", "\\K at byte 5"},
      {"\\X", "\\X at byte 1"},
      {"a\\y", "\\y at byte 2"},
      {"\\Y", "\\Y at byte 1"},
      {"\\cA", "\\c at byte 1"},
      {"[\\C-a]", "\\C at byte 2"},
      {"(?~ab)", "the group (?~ at byte 1"},
      {"(?~|a|b)", "the group (?~ at byte 1"},
      {"(?{print})", "the group (?{ at byte 1"},
      {"(*FAIL)", "the group (* at byte 1"},
      {"a(*MAX{3})b", "the group (* at byte 2"},
      {"(*COUNT[x])a", "the group (* at byte 1"},
      {"(a)?(?(1)b|c)", "the group (?( at byte 5"},
      {"(?x)a b", "the group (?x at byte 1"},
      {"(?C)a", "the group (?C at byte 1"},
      {"(?#a)", "the group (?# at byte 1"},
      {"(?", "the group (? at byte 1"},
      {"[a[:nothing", "[: without a name and :] inside of [ ] at byte 2"},
      {"a{10001}", "repetitions of more than 10000 in all at byte 1"},
      {"a{99999999999999999999}", "repetitions"},
      {"(?:(?:(?=a){200}){200}){200}", "repetitions of more than 10000 in all at byte 17"},
      {"(?:[)]{200}|b){200}", "repetitions"},
      {"(?:x{,200})*{200}", "repetitions"},
      {"(?:\\x{,200}){200}", "repetitions"},
      {repeat("(", 101) + repeat(")", 101), "nested more than 100 deep at byte 101"},
      {repeat("[a", 101) + repeat("]", 101), "nested more than 100 deep"},
      {std::string(65537, 'a'), "at most 65536 bytes, found 65537"},
      {"\xff", "UTF-8"},
  };
  for (const auto& [pattern, reason] : patterns) expect_fault(pattern, reason);
}

TEST(Regex, NamesTheFaultOfWhatIsNoPattern) {
  for (const char* pattern : {"(a", "a)", "[a", "*a", "\\p{Nosuch}", "[z-a]", "\\u12", "\\", "[]",
                              "[[:none:]]", "(?<!a|b*?(?=c)", "\\p{", "\\x{41", "a(?s)b"}) {
    const std::string fault = fault_of(pattern);
    EXPECT_TRUE(fault.starts_with("expected a")) << pattern << ": " << fault;
  }
}

TEST(Regex, TakesWhatLooksLikeIt) {
  const std::vector<std::pair<std::string, std::string>> patterns = {
      {"\\x{3042}{2}", "\u3042\u3042"},
      {"\\p{Hiragana}{2}", "\u3042\u3042"},
      {"[{99999}]{7}", "{99999}"},
      {"\\{99999\\}", "{99999}"},
      {"\\\\g", "\\g"},
      {"[\\k<n>\\g]+", "<kng>"},
      {"[](*)]+", "](*)"},
      {"[^](*)]+", "abc"},
      {"[[:alpha:](?~]+", "a(?~"},
      {"[a-z&&[^aeiou]]+", "xyz"},
      {"(?im-i:a)", "a"},
      {"(?<name>a+)b", "aab"},
      {repeat("(", 100) + "a" + repeat(")", 100), "a"},
      {"(?:a{100}){100}", repeat("a", 10'000)},
  };
  for (const auto& [pattern, text] : patterns) {
    ASSERT_EQ(fault_of(pattern), "no fault") << pattern;
    EXPECT_EQ(matches(Regex(pattern), text), std::vector{text}) << pattern;
  }
}

TEST(Regex, APatternWithoutEndIsAnErrorNotAHang) {
  const Regex hostile("(x+x+)+[yz]");
  EXPECT_EQ(hostile.find_all("xxxxy").size(), 1U);
  for (const char* pattern : {"(x+x+)+[yz]", "(x|xx|xxx)+y", "(?=(?:xx?)*[yz])x"}) {
    const Regex regex(pattern);
    EXPECT_THROW(regex.find_all(repeat("x", 5000)), Error) << pattern;
    EXPECT_EQ(regex.find_all("").size(), 0U) << "after a search that was stopped";
  }
}

// Each match alone is below the limit of a search: all together must be, too.
TEST(Regex, TheStepsOfAllMatchesAreLimited) {
  const Regex hostile("x(?:(?:a|aa|aaa)*b)?");
  EXPECT_THROW(hostile.find_all(repeat("x" + repeat("a", 16), 20'000)), Error);
}

TEST(Regex, LongRunsAreStillSplit) {
  const Regex at_end("\\s+$");
  EXPECT_TRUE(at_end.find_all(std::string(5000, ' ') + "x").empty());
  EXPECT_EQ(at_end.find_all("x" + std::string(100'000, ' ')).size(), 1U);
  for (const std::string part : {" ", "a", "!", "1", "\n", "\u6f22"}) {
    const std::string text = repeat(part, 300'000);
    std::string joined;
    for (const std::string& piece : matches(Regex(kGpt2), text)) joined += piece;
    EXPECT_TRUE(joined == text) << "the pattern covers every text: " << part;
  }
  const std::string memory = repeat("a", 5'000'000);
  EXPECT_THROW(Regex("(?:a|b)+c").find_all(memory), Error) << "more places to go back to than the limit";
}

TEST(Regex, RandomPatternsEndAndMatchWholeCharactersInOrder) {
  const std::vector<std::string> parts = {
      "a",           "b",      "s",    "(",      "(?:",    "(?=",     "(?!",
      "(?<=",        "(?<!",   "(?>",  "(?i)",   "(?i:",   ")",       ")",
      ")",           "|",      "*",    "+",      "?",      "*?",      "++",
      "{2}",         "{2,}",   "{,3}", "{1,50}", "{3,7}?", "[a-c]",   "[^a]",
      "[[:alpha:]]", "\\p{L}", "\\s",  "\\b",    "\\B",    "^",       "$",
      "\\A",         "\\G",    ".",    "\u00df", "[",      "]",       "&&",
      "-",           "\\",     "\\w",  "(?<n>",  "\\R",    "\\x{61}", "\\xE6\\xBC\\xA2",
      "\\xBC"};
  const std::string text = repeat("aab s\u00dfa ba\n\u6f22 1 aaaaaaaaaaaaaaaaaaaaaaaaa", 10);
  std::mt19937 random(1);
  int compiled = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string pattern;
    for (size_t n = 1 + random() % 14; n > 0; --n) pattern += parts[random() % parts.size()];
    try {
      const Regex regex(pattern);
      ++compiled;
      size_t end = 0;
      for (const TextRange& range : regex.find_all(text)) {
        ASSERT_TRUE(end <= range.begin && range.begin <= range.end && range.end <= text.size()) << pattern;
        ASSERT_TRUE(is_utf8(text.substr(range.begin, range.end - range.begin))) << pattern;
        end = range.end;
      }
    } catch (const Error& error) {
      ASSERT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
  EXPECT_GT(compiled, 1000);
}

TEST(Regex, IsUsedByManyThreads) {
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i)
    texts.push_back(repeat("It's  " + std::to_string(i) + " \u6f22\u5b57!\n\n don't", i + 1));
  const Regex shared(kLlama3);
  std::vector<std::vector<std::string>> expected;
  for (const std::string& text : texts) expected.push_back(matches(shared, text));
  std::vector<int> wrong(8, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 5; ++round) {
        const Regex own(kLlama3);
        for (size_t i = 0; i < texts.size(); ++i) {
          const Regex& regex = (i + t) % 2 == 0 ? shared : own;
          if (matches(regex, texts[i]) != expected[i]) ++wrong[t];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(wrong.size(), 0));
}

TEST(Regex, TakesThePatternsOfReleasedTokenizers) {
  using Strings = std::vector<std::string>;
  const std::string text = "I'LL don't  12345 caf\u00e9\n\n \u6f22\u5b57!?";
  EXPECT_EQ(matches(Regex(kGpt2), text), (Strings{"I", "'", "LL", " don", "'t", " ", " 12345", " caf\u00e9",
                                                  "\n\n", " \u6f22\u5b57", "!?"}));
  EXPECT_EQ(matches(Regex(kLlama3), text), (Strings{"I", "'LL", " don", "'t", " ", " ", "123", "45",
                                                    " caf\u00e9", "\n\n", " \u6f22\u5b57", "!?"}));
  std::ifstream file(JANUS_TEST_DATA "/deepseek-pre-tokenizer.json", std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(file), {});
  const nlohmann::json deepseek = parse_json(content, "deepseek-pre-tokenizer.json");
  std::vector<Strings> found;
  for (const nlohmann::json& step : deepseek.at("pretokenizers")) {
    if (step.at("type") == "Split")
      found.push_back(matches(read_pattern(JsonObject(step, "split"), "pattern"), text));
  }
  EXPECT_EQ(found, (std::vector<Strings>{{"\n", "\n"},
                                         {"I", "LL", " don", "t", " caf\u00e9"},
                                         {"I'LL", " don't", " caf", "!?"},
                                         {"\n"},
                                         {"\u6f22\u5b57"}}));
}

}  // namespace
}  // namespace janus
