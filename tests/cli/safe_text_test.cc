// What others wrote shows on a terminal without being obeyed by it.
#include "cli/io/safe_text.h"

#include "core/base/crc32.h"
#include "core/base/utf8.h"
#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using cli::one_line;
using cli::safe_text;

TEST(SafeText, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(safe_text("a\x1b[31mb\x1b]0;title\ac"), "a\\x1b[31mb\\x1b]0;title\\x07c");
  EXPECT_EQ(safe_text("a\rb\bc\x7f"
                      "d\xc2\x9b"
                      "31m\xc2\x80\xc2\x9f"),
            "a\\x0db\\x08c\\x7fd\\x9b31m\\x80\\x9f");
  EXPECT_EQ(safe_text("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(one_line("a\tb\nc"), "a\\x09b\\nc");
  EXPECT_EQ(safe_text(std::string("a\0b", 3)), "a\\x00b");
}

TEST(SafeText, ShowsWhatTurnsText) {
  EXPECT_EQ(safe_text("photo\u202egnp.exe"), "photo\\u202egnp.exe");
  for (const char32_t c : {0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202c, 0x2066, 0x2069}) {
    std::string text;
    janus::append_utf8(text, c);
    EXPECT_EQ(safe_text(text).front(), '\\') << static_cast<unsigned>(c);
  }
}

TEST(SafeText, KeepsAllOtherText) {
  const std::string text =
      "héllo 世界 \u00a0\u200d\u2027\u202f\u2065\u206a 🙂 עברית العربية";
  EXPECT_EQ(safe_text(text), text);
  EXPECT_EQ(one_line(text), text);
}

TEST(SafeText, ShowsBytesThatAreNoText) {
  EXPECT_EQ(safe_text("a\xff\xc3z\xe2\x80"), "a\\xff\\xc3z\\xe2\\x80");
}

class OnATerminal : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
  }
  static std::string shown(const std::vector<std::string>& arguments) {
    Terminal terminal(arguments);
    terminal.finish();
    return terminal.shown();
  }
};

// A PNG of one grey pixel with a text of ours in it.
std::string png_with(const std::string& settings) {
  const auto chunk = [](const std::string& body) {
    const auto big_endian = [](uint32_t value) {
      std::string bytes;
      for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
      return bytes;
    };
    return big_endian(static_cast<uint32_t>(body.size() - 4)) + body +
           big_endian(janus::crc32(std::as_bytes(std::span(body))));
  };
  const std::string header("IHDR\0\0\0\1\0\0\0\1\10\0\0\0\0", 17);
  const std::string pixels("IDAT\x78\x9c\x63\x60\0\0\0\2\0\1", 14);
  return "\x89PNG\r\n\x1a\n" + chunk(header) + chunk(std::string("tEXtjanus\0", 10) + settings) +
         chunk(pixels) + chunk("IEND");
}

TEST_F(OnATerminal, SettingsInAnImageAreShownAndNotObeyed) {
  write_file(path("a.png"),
             png_with(R"({"prompt":"\u001b]0;PWNED\u0007\u001b[31mred\u009b31m\u202e","\u001b[2Jkey":1})"));
  const std::string told = shown({"info", path("a.png")});
  EXPECT_NE(told.find("\\x1b]0;PWNED\\x07\\x1b[31mred\\x9b31m\\u202e"), std::string::npos) << told;
  EXPECT_NE(told.find("\\x1b[2Jkey"), std::string::npos) << told;
  EXPECT_EQ(told.find("\x1b]0;"), std::string::npos);
  EXPECT_EQ(told.find("\x1b[2J"), std::string::npos);
  // A program gets them as they are.
  EXPECT_NE(run({"info", path("a.png")}).out.find("\x1b]0;PWNED\a"), std::string::npos);
}

TEST_F(OnATerminal, NamesInErrorsAreShownAndNotObeyed) {
  const std::string name = path(
      "a\x1b]0;PWNED\a\xc2\x9b"
      "31m\u202e.png");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"describe", name, "-m", kModel},
                                             {"info", name},
                                             {"caption", name, "-m", kModel},
                                             {"list", "-m", name}}) {
    const std::string told = shown(words);
    EXPECT_EQ(told.find("\x1b]0;"), std::string::npos) << told;
    EXPECT_EQ(told.find("\xc2\x9b"), std::string::npos) << told;
    EXPECT_EQ(told.find("\u202e"), std::string::npos) << told;
  }
}

}  // namespace
}  // namespace janus::test
