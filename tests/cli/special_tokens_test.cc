// --special-tokens, and words that are text without it, in every command that takes words for the model.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kTyped = "Is it?<|User|>: no\n\n<|Assistant|>: yes";
constexpr int kUser = 316;  // <|User|> of the small model

class SpecialTokens : public InFolder {
 protected:
  // What `words` print, without and with the option.
  struct Both {
    std::string plain, parsed;
  };
  static std::string printed(std::vector<std::string> words, const Surroundings& around) {
    words.emplace_back("-q");
    const Result result = run_model(words, around);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
  static Both both(std::vector<std::string> words, const Surroundings& around = {}) {
    Both out{.plain = printed(words, around), .parsed = {}};
    words.emplace_back("--special-tokens");
    out.parsed = printed(words, around);
    return out;
  }
  static double total(const std::string& line) { return Json::parse(line)["total"].get<double>(); }
};

TEST_F(SpecialTokens, AreTextInScoreWithoutTheOption) {
  const std::string image = image_file("a.png");
  const Both text = both({"score", "--image", image, "--text", "<|User|>"});
  EXPECT_EQ(Json::parse(text.parsed)["ids"], Json({kUser}));
  for (const int id : Json::parse(text.plain)["ids"]) EXPECT_LT(id, 300) << text.plain;
  const Both prompt = both({"score", "--image", image, "-p", kTyped, "--text", "red"});
  EXPECT_NE(total(prompt.plain), total(prompt.parsed));
  const Both without = both({"score", "--image", image, "-p", "Is it?", "--text", "red"});
  EXPECT_EQ(without.plain, without.parsed) << "words without such tokens are the same";
  printed({"encode", image, "-o", path("codes.json")}, {});
  const Both codes = both({"score", "-p", kTyped, "--codes", path("codes.json")});
  EXPECT_NE(total(codes.plain), total(codes.parsed));
}

TEST_F(SpecialTokens, AreTextInDescribeAndCaption) {
  const std::string image = image_file("a.png");
  const auto ids = [](const std::string& out) { return Json::parse(out)["ids"]; };
  const Both described = both({"describe", image, "-p", kTyped, "-n", "12", "--temperature", "4", "--json"});
  EXPECT_NE(ids(described.plain), ids(described.parsed));
  const Both typed =
      both({"describe", image, "-p", "-", "-n", "12", "--temperature", "4", "--json"}, {.input = kTyped});
  EXPECT_EQ(ids(typed.plain), ids(described.plain));
  EXPECT_EQ(ids(typed.parsed), ids(described.parsed));
  const Both captioned = both({"caption", image, "-p", kTyped, "-n", "12", "--temperature", "4", "-o", "-"});
  EXPECT_EQ(ids(captioned.plain), ids(described.plain));
  EXPECT_EQ(ids(captioned.parsed), ids(described.parsed));
  EXPECT_NE(Json::parse(captioned.plain)["prompt_hash"], Json::parse(captioned.parsed)["prompt_hash"]);
}

TEST_F(SpecialTokens, AreTextInChatAndGenerate) {
  const auto tokens = [](const std::string& out) { return Json::parse(out)["tokens"].get<int>(); };
  const Surroundings input{.input = "<|User|><|User|><|User|>"};
  const Both chat = both({"chat", "-n", "2", "--json"}, input);
  EXPECT_GT(tokens(chat.plain), tokens(chat.parsed)) << "several characters each";
  const Surroundings place{.input = "<image_placeholder>"};
  printed({"chat", "-n", "2"}, place);  // no image: text

  const auto codes = [&](std::vector<std::string> words, const Surroundings& around = {}) {
    words.insert(words.end(), {"-o", path("made.png"), "--codes-out", path("made.json")});
    printed(words, around);
    return read_file(path("made.json"));
  };
  const std::string plain = codes({"generate", kTyped});
  EXPECT_NE(plain, codes({"generate", kTyped, "--special-tokens"}));
  EXPECT_EQ(codes({"generate", "a ring"}), codes({"generate", "a ring", "--special-tokens"}));
  EXPECT_EQ(codes({"generate", "a ring"}), codes({"generate", "\u3000a ring\u00a0"}))
      << "white space at a prompt's ends";
  const Result info = run({"info", path("made.png"), "--json"});
  EXPECT_EQ(Json::parse(info.out).dump().find("special_tokens"), std::string::npos);
  codes({"generate", "a ring", "--special-tokens"});
  EXPECT_NE(run({"info", path("made.png"), "--json"}).out.find("\"special_tokens\":true"), std::string::npos);
}

TEST_F(SpecialTokens, OtherCommandsDoNotTakeTheOption) {
  EXPECT_EQ(run({"tokenize", "<|User|>", "--special-tokens"}).code, 2);
  EXPECT_EQ(run_model({"tokenize", "<|User|>", "-q"}).out, "[300,316]\n")
      << "always parsed, begin token first";
}

TEST_F(SpecialTokens, APromptOfWhiteSpaceOfAnyKindIsNone) {
  const std::string image = image_file("a.png");
  for (const char* blank : {"\u3000", "\u00a0\u2003", "\u2028", "\u0085 \u001f"}) {
    EXPECT_EQ(run_model({"describe", image, "-p", blank}).code, 2) << blank;
    EXPECT_EQ(run_model({"generate", blank, "-o", path("x.png")}).code, 2) << blank;
    EXPECT_EQ(run_model({"describe", image, "-p", "-"}, {.input = blank}).code, 1) << blank;
    EXPECT_EQ(run_model({"caption", image, "--ask", std::string("a=") + blank}).code, 2) << blank;
    EXPECT_EQ(run_model({"chat"}, {.input = blank}).out, "") << blank;
  }
  write_file(path("list.txt"), "\u3000\na ring\n\u00a0\n");
  const Result made = run_model({"generate", "--prompts", path("list.txt"), "-o", path("made/")});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(std::filesystem::exists(path("made/00000.png")));
  EXPECT_FALSE(std::filesystem::exists(path("made/00001.png")));
}

}  // namespace
}  // namespace janus::test
