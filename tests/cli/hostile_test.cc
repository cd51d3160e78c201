// Files that are made to break their readers end in a line, in little time and memory.
#include "tests/cli/program.h"

namespace janus::test {
namespace {

class Hostile : public InFolder {
 protected:
  static constexpr int64_t kMostBytes = int64_t{200} << 20;  // of memory, whatever the file

  std::string file(const std::string& name, const std::string& text) const {
    write_file(path(name), text);
    return path(name);
  }
  static std::string repeat(const std::string& part, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += part;
    return text;
  }
  static std::string nested(int depth) {
    return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
  }

  // Fails with `code` and one line that has all of `parts`.
  static void expect_refused(const Result& result, int code, const std::vector<std::string>& parts) {
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_LT(result.peak_bytes, kMostBytes);
    expect_one_error(result.err);
    for (const std::string& part : parts) EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
  }
};

TEST_F(Hostile, CodesOfDeepOrEndlessJson) {
  const std::string head = R"({"height":8,"width":8,"codes":)";
  for (const std::string& codes :
       {nested(200'000), std::string(1'000'000, '['), repeat("{\"a\":", 100'000), repeat("[0,", 300'000)}) {
    const std::string name = file("codes.json", head + codes + "}");
    expect_refused(run_model({"decode", name, "-o", path("x.png"), "-q"}), 1, {"codes.json"});
    expect_refused(run_model({"score", "-p", "a", "--codes", name, "-q"}), 1, {"codes.json"});
  }
}

TEST_F(Hostile, ListsOfDeepJson) {
  for (const std::string& value : {nested(90), nested(200'000), std::string(1'000'000, '[')}) {
    const std::string list = file("list.jsonl", R"({"image":"a.png","x":)" + value + "}\n");
    const Result result = run_model({"caption", list, "-o", path("out.jsonl"), "-q"});
    EXPECT_EQ(result.code, 3) << result.err;
    EXPECT_LT(result.peak_bytes, kMostBytes);
    const std::string prompts = file("prompts.jsonl", R"({"prompt":"a","x":)" + value + "}\n");
    expect_refused(run_model({"generate", "--prompts", prompts, "-o", path("%d.png"), "-q"}), 1,
                   {"prompts.jsonl"});
  }
}

TEST_F(Hostile, JournalsOfDeepJson) {
  const std::string image = file("a.png", "no image");
  for (const std::string& value : {nested(90), nested(200'000)}) {
    const std::string journal =
        file("out.jsonl", R"({"key":"b.png","model":"m","prompt_hash":"0","raw_text":)" + value + "}\n");
    const Result result = run_model({"caption", image, "-o", journal, "-q"});
    EXPECT_LT(result.code, 128) << result.err;
    EXPECT_NE(result.code, 0);
  }
}

// A whole line without its end, which only looks like one of ours, is not torn: nothing is cut off.
TEST_F(Hostile, AJournalsEndOfDeepJsonStays) {
  const std::string image = file("a.png", "no image");
  const std::string text = R"({"path":"b.png","key":)" + nested(200) + "}";
  const std::string journal = file("out.jsonl", text);
  EXPECT_NE(run_model({"caption", image, "-o", journal, "-q"}).code, 0);
  EXPECT_EQ(read_file(journal), text);
}

TEST_F(Hostile, ConversationsOfDeepJson) {
  const std::string talk = file("talk.json", R"([{"role":"user","text":)" + nested(200'000) + "}]");
  const Result result = run_model({"chat", "-q"}, {.input = "/load " + talk + "\n/quit\n"});
  EXPECT_LT(result.code, 128) << result.err;
  EXPECT_NE(result.err.find("talk.json"), std::string::npos) << result.err;
}

TEST_F(Hostile, SettingsOfDeepKeys) {
  if (run({"info"}, {.environment = {{"JANUS_CONFIG_FILE", file("probe.toml", "seed = 1\n")}}}).code != 0)
    GTEST_SKIP() << "the build reads no TOML";
  const std::string dotted = "a" + repeat(".a", 200'000);
  for (const std::string& text : {dotted + " = 1\n", "[" + dotted + "]\n", "x = " + nested(200'000) + "\n",
                                  repeat("x = {a.b = ", 5'000)}) {
    const std::string name = file("config.toml", text);
    expect_refused(run({"info"}, {.environment = {{"JANUS_CONFIG_FILE", name}}}), 1, {"config.toml"});
  }
}

}  // namespace
}  // namespace janus::test
