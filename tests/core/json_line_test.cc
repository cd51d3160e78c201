// JSON that is written shows nothing that a terminal obeys, and reads as what it was made of.
#include "core/base/json_line.h"

#include <gtest/gtest.h>

#include "core/base/control_chars.h"
#include "core/base/utf8.h"

namespace janus {
namespace {

// Every character of which one line holds no part by itself.
TEST(JsonLine, EscapesAllThatATerminalObeysAndAllThatTurnsText) {
  int escaped = 0;
  for (char32_t c = 1; c < 0x3000; ++c) {
    std::string text = "a";
    append_utf8(text, c);
    const std::string line = to_line(OrderedJson(text + "z"));
    EXPECT_EQ(OrderedJson::parse(line), text + "z") << static_cast<unsigned>(c);
    const bool meant = is_control(c) || turns_or_ends_lines(c);
    if (c != '"' && c != '\\') {
      EXPECT_EQ(line.find('\\') != line.npos, meant) << line;
    }
    escaped += meant ? 1 : 0;
  }
  EXPECT_EQ(escaped, 31 + 1 + 32 + 1 + 2 + 7 + 4);
}

TEST(JsonLine, WritesThemAsJsonDoes) {
  EXPECT_EQ(to_line({{"k\x7f", "\u009b1m \u202e\u202c \u00a0\u200d"}}),
            "{\"k\\u007f\":\"\\u009b1m \\u202e\\u202c \u00a0\u200d\"}");
  EXPECT_EQ(to_indented({{"a", "\u2066"}}), "{\n  \"a\": \"\\u2066\"\n}");
  EXPECT_EQ(to_line("\xff\u200e\xe2\x80"), "\"\ufffd\\u200e\ufffd\"");
  EXPECT_EQ(to_line({1, "plain", nullptr}), "[1,\"plain\",null]");
}

// Records of all versions have hashes of this text.
TEST(JsonLine, HashesStayThoseOfEarlierVersions) {
  EXPECT_EQ(to_hashed_line({{"prompt", "\u202e\x7f\n"}}), "{\"prompt\":\"\u202e\x7f\\n\"}");
}

}  // namespace
}  // namespace janus
