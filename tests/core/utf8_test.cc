#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace janus {
namespace {

const std::string kBad = "\xEF\xBF\xBD";  // U+FFFD

TEST(Utf8, ReplacesMaximalIllFormedSubparts) {
  // The examples of the Unicode standard, section 3.9, tables 3-8 to 3-11, and the edges of the ranges.
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", kBad + kBad + kBad + kBad + kBad + kBad + kBad + kBad + "A"},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", kBad + kBad + kBad + kBad + kBad + kBad + kBad + kBad + "A"},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", kBad + kBad + kBad + kBad + kBad + "A" + kBad + kBad + "B"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", kBad + kBad + kBad + kBad + "A"},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"\xF4\x90\x80\x80", kBad + kBad + kBad + kBad},
      {"\xF5\x80", kBad + kBad},
      {"\xC2", kBad},
      {"a\xE2\x82", "a" + kBad},
      {"\xE2\x82\x28", kBad + "("},
      {"\xED\x9F\xBF\xEE\x80\x80", "\xED\x9F\xBF\xEE\x80\x80"},
      {std::string("\0x", 2), std::string("\0x", 2)},
      {"", ""},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(to_utf8(text), expected) << testing::PrintToString(text);
    EXPECT_EQ(is_utf8(text), text == expected);
    EXPECT_TRUE(is_utf8(to_utf8(text)));
  }
}

TEST(Utf8, EveryCodePointMakesARoundTrip) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Char front = utf8_front(text);
    ASSERT_TRUE(front.well_formed && front.code_point == c && front.length == text.size()) << uint32_t{c};
    const Utf8Char back = utf8_back("\xE6\xBC\xA2" + text);
    ASSERT_TRUE(back.well_formed && back.code_point == c && back.length == text.size()) << uint32_t{c};
    // Every proper beginning is one maximal subpart that more bytes could complete.
    for (size_t n = 1; n < text.size(); ++n) {
      const Utf8Char cut = utf8_front(std::string_view(text).substr(0, n));
      ASSERT_TRUE(!cut.well_formed && cut.truncated && cut.length == n) << uint32_t{c} << " cut to " << n;
    }
  }
}

TEST(Utf8Stream, HoldsBackUntilTheCharacterIsWhole) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("a\xF0\x9F"), "a");
  EXPECT_EQ(stream.push("\x98"), "");
  EXPECT_EQ(stream.push("\x80"
                        "b"),
            "\xF0\x9F\x98\x80"
            "b");
  EXPECT_EQ(stream.push("\xE2\x82"), "");
  EXPECT_EQ(stream.push("x"), kBad + "x");
  EXPECT_EQ(stream.push("\xC3"), "");
  EXPECT_EQ(stream.finish(), kBad);
  EXPECT_EQ(stream.finish(), "");
  EXPECT_EQ(stream.push("\xA9"), kBad) << "finish empties the stream";
}

TEST(Utf8Stream, AnyCutsGiveTheSameText) {
  std::mt19937 random(1);
  const std::vector<std::string> parts = {
      "a",    "\xC3\xA9",     "\xE6\xBC\xA2", "\xF0\x9F\x98\x80", "\xE6\xBC", "\xF0\x9F", "\x80",
      "\xFF", "\xED\xA0\x80", "\xC0",         "\xF4\x90"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += parts[random() % parts.size()];
    Utf8Stream stream;
    std::string result;
    for (size_t at = 0; at < text.size();) {
      const size_t length = 1 + random() % 3;
      const std::string piece = stream.push(std::string_view(text).substr(at, length));
      ASSERT_TRUE(is_utf8(piece));
      result += piece;
      at += length;
    }
    ASSERT_EQ(result + stream.finish(), to_utf8(text));
  }
}

}  // namespace
}  // namespace janus
