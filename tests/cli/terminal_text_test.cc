// No text of others is obeyed by the terminal that it is shown on, whichever command shows it.
#include "core/base/control_chars.h"
#include "core/base/utf8.h"
#include "tests/cli/pull_fixture.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

// A title, a colour in C1, DEL, and what turns the direction of text.
const std::string kHostile = "a\x1b]0;PWNED\a\u009b31m\x7f\u202eb\u2066";
const std::string kShown = "a\\x1b]0;PWNED\\x07\\x9b31m\\x7f\\u202eb\\u2066";

class TerminalText : public Pull {
 protected:
  void SetUp() override {
    if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
    Pull::SetUp();
    picture_ = image_file(kHostile + ".png");
  }

  // What is drawn over bars is the program's own.
  static void expect_tame(std::string shown, const std::string& what) {
    const std::string erased = "\x1b[K";
    for (size_t at = shown.find(erased); at != shown.npos; at = shown.find(erased))
      shown.erase(at, erased.size());
    for (std::string_view rest = shown; !rest.empty();) {
      const Utf8Char next = utf8_front(rest);
      const char32_t c = next.code_point;
      const bool own = c == '\r' || c == '\n' || c == '\t';
      ASSERT_TRUE(next.well_formed && (own || (!is_control(c) && !turns_or_ends_lines(c))))
          << what << ": " << shown;
      rest.remove_prefix(next.length);
    }
  }
  static std::string show(std::vector<std::string> words,
                          std::map<std::string, std::string> environment = {}) {
    const std::string what = words.front();
    Terminal terminal(words, std::move(environment));
    terminal.finish();
    expect_tame(terminal.shown(), what);
    EXPECT_NE(terminal.shown().find("PWNED"), std::string::npos) << what << ": " << terminal.shown();
    return terminal.shown();
  }

  std::string picture_;
};

TEST_F(TerminalText, OfPicturesAnswersAndOutputs) {
  const std::string other = image_file("b\njanus: spoofed.png");
  const std::string told = show({"describe", picture_, other, "-m", kModel, "-n", "2"});
  EXPECT_NE(told.find(kShown), std::string::npos) << told;
  EXPECT_EQ(told.find("\njanus: spoofed"), std::string::npos) << told;
  show({"describe", picture_, other, "-m", kModel, "-n", "2", "--table"});
  show({"describe", other, "-m", kModel, "--choices", kHostile + "," + kHostile + "c"});
  show({"describe", picture_, other, "-m", kModel, "-n", "2", "--json"});
  show({"caption", picture_, path(kHostile + ".gif"), "-m", kModel, "-n", "2"});
  show({"caption", folder_, "-m", kModel, "-n", "2", "-o", path(kHostile + ".jsonl"), "--where",
        "width>" + kHostile});
  show({"generate", kHostile, "-m", kModel, "-o", path(kHostile + "-%d.png"), "-b", "2"});
  show({"info", path(kHostile + "-0.png")});
  show({"encode", picture_, "-m", kModel, "-o", path(kHostile + ".gif")});
  show({"decode", path(kHostile), "-o", path("x.png"), "-m", kModel});
  show({"embed", path(kHostile + ".gif"), other, "-m", kModel, "-o", path("x.npy")});
}

TEST_F(TerminalText, OfModels) {
  const std::string model = path(kHostile);
  std::filesystem::copy(kModel, model);
  show({"info", model});
  show({"quantize", model, "-o", path(kHostile + ".gguf"), "--type", "q8_0"});
  show({"info", path(kHostile + ".gguf")});
  write_file(model + "/config.json",
             R"({"model_type": ")" + std::string("\\u001b]0;PWNED\\u0007\\u009b1m") + "\"}");
  show({"info", model});
  write_file(model + "/config.json", "{\"" + kHostile + "\": nope}");
  show({"info", model});
  show({"rm", kHostile, "-m", model});
}

TEST_F(TerminalText, OfAHub) {
  const std::string escaped = "\\u001b]0;PWNED\\u0007\\u009b31m\\u202e";
  model_.card = nlohmann::json::parse("{\"license\": \"other\", \"license_name\": \"" + escaped + "\"}");
  serve();
  show({"pull", kId}, around().environment);
  serve([](const HttpQuery&) {
    return HttpReply{.status = 403, .headers = {{"X-Error-Message", kHostile}}};
  });
  show({"pull", kId}, around().environment);
  serve([=](const HttpQuery&) { return HttpReply{.body = "{\"sha\": \"" + escaped + "\"}"}; });
  show({"pull", kId}, around().environment);
}

TEST_F(TerminalText, OfAConversation) {
  write_file(path("c.json"), R"([{"role": "user", "text": "\u001b]0;PWNED\u0007", "images": [")" +
                                 std::string("\\u001b]0;PWNED\\u0007.png") +
                                 R"("]}, {"role": "assistant", "text": "\u009b31m", "ids": []}])");
  Terminal terminal({"chat", "-m", kModel}, {{"HOME", folder_}});
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  const size_t begin = terminal.shown().size();
  terminal.type("/load " + path("c.json") + "\r");
  ASSERT_TRUE(terminal.wait_for("PWNED")) << terminal.shown();
  // The name of the picture is not put into the line as it is.
  terminal.type("/image ~/a\t\t\x03");
  ASSERT_TRUE(terminal.wait_for("^C")) << terminal.shown();
  terminal.type("/quit\r");
  terminal.finish();
  const std::string told = terminal.shown().substr(begin);
  EXPECT_EQ(told.find("\x1b]0;"), std::string::npos) << told;
  for (const char* turning : {"\u009b", "\u202e", "\u2066"})
    EXPECT_EQ(told.find(turning), std::string::npos) << told;
}

}  // namespace
}  // namespace janus::test
