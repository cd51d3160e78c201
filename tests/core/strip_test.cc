#include "core/base/strip.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/base/utf8.h"

namespace janus {
namespace {

std::string as_utf8(char32_t code_point) {
  std::string text;
  append_utf8(text, code_point);
  return text;
}

// [i for i in range(0x110000) if chr(i).isspace()], of Python 3.11.
const std::set<char32_t> kPythons = {0x9,    0xA,    0xB,    0xC,    0xD,    0x1C,   0x1D,   0x1E,
                                     0x1F,   0x20,   0x85,   0xA0,   0x1680, 0x2000, 0x2001, 0x2002,
                                     0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
                                     0x2028, 0x2029, 0x202F, 0x205F, 0x3000};

TEST(Strip, TakesWhatPythonTakesOfAllCharacters) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const bool space = kPythons.contains(c);
    const std::string character = as_utf8(c), around = character + "a" + character;
    ASSERT_EQ(is_space(c), space) << std::hex << uint32_t{c};
    ASSERT_EQ(strip(around), space ? "a" : around) << std::hex << uint32_t{c};
    ASSERT_EQ(strip_left(around), space ? "a" + character : around) << std::hex << uint32_t{c};
    ASSERT_EQ(strip_right(around), space ? character + "a" : around) << std::hex << uint32_t{c};
    ASSERT_EQ(is_blank(character), space) << std::hex << uint32_t{c};
  }
}

TEST(Strip, TakesRunsAndLeavesWhatIsWithin) {
  const std::string space = " \t\r\n" + as_utf8(0x3000) + as_utf8(0xA0) + as_utf8(0x2003) + as_utf8(0x1F);
  EXPECT_EQ(strip(space + "a" + space + "b" + space), "a" + space + "b");
  EXPECT_EQ(strip(space), "");
  EXPECT_EQ(strip(""), "");
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(space));
  EXPECT_FALSE(is_blank(space + "a"));
}

TEST(Strip, BytesThatAreNotUtf8AreNoWhiteSpace) {
  for (const std::string text :
       {"\xA0", "\x85", "\xE3\x80", "\x80\x80", "\xE3\x80\x80\x80", "\xC0\xA0", "a\xA0", "\xFF"}) {
    const std::string kept = text.starts_with("\xE3\x80\x80") ? "\x80" : text;
    EXPECT_EQ(strip(" " + text + " "), kept);
  }
}

}  // namespace
}  // namespace janus
