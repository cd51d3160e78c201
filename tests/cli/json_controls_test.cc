// Whatever the program writes as JSON shows nothing that a terminal obeys, and reads as what it was.
#include "core/base/control_chars.h"
#include "core/base/digest.h"
#include "core/base/utf8.h"
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

// DEL, C1, and what turns the direction of text.
const std::string kText = "a\x7f\u009b31m\u202eb\u2066";

class JsonControls : public CaptionFiles {
 protected:
  void SetUp() override {
    CaptionFiles::SetUp();
    picture_ = image_file(kText + ".png");
  }

  // All lines of `text` are JSON without such characters. -> the text that all of them hold.
  static void expect_clean(const std::string& text, const std::string& what, bool has_text = true) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const Utf8Char next = utf8_front(rest);
      rest.remove_prefix(next.length);
      const char32_t c = next.code_point;
      EXPECT_FALSE(c != '\n' && (is_control(c) || turns_or_ends_lines(c))) << what << ": " << text;
    }
    EXPECT_EQ(text.find("\\u009b31m\\u202e") != text.npos, has_text) << what << ": " << text;
  }
  static void expect_clean(const Result& result, const std::string& what) {
    EXPECT_EQ(result.code, 0) << what << ": " << result.err;
    expect_clean(result.out, what);
    EXPECT_FALSE(parse(result.out).empty());
  }

  std::string picture_;
};

TEST_F(JsonControls, OfRecordsOnStandardOutput) {
  expect_clean(run_model({"describe", picture_, "-p", kText, "-n", "2", "--json", "-q"}), "describe");
  expect_clean(run_model({"generate", kText, "-o", path("x.png"), "--json", "-q"}), "generate");
  expect_clean(run_model({"caption", picture_, "-n", "2", "-q"}), "caption");
  expect_clean(run_model({"embed", picture_, "-o", path("x.npy"), "--json", "-q"}), "embed");
  write_file(path("questions.jsonl"),
             Json{{"image", picture_}, {"prompt", kText}, {"choices", {"a", kText}}}.dump() + "\n");
  expect_clean(run_model({"score", "--jsonl", path("questions.jsonl"), "-q"}), "score");
  EXPECT_EQ(Json::parse(run_model({"describe", picture_, "-n", "2", "--json", "-q"}).out)["image"], picture_);
}

TEST_F(JsonControls, OfFiles) {
  ASSERT_EQ(run_model({"caption", picture_, "-n", "2", "-q", "-p", kText, "-o", path("c.jsonl"), "--sidecar",
                       ".json"})
                .code,
            0);
  expect_clean(read_file(path("c.jsonl")), "journal");
  expect_clean(read_file(path(kText + ".json")), "sidecar");
  EXPECT_EQ(records("c.jsonl").at(0)["key"], picture_);
  std::filesystem::create_directory(path("images"));
  write_file(path("prompts.txt"), kText + "\n");
  ASSERT_EQ(run_model({"generate", "--prompts", path("prompts.txt"), "-o", path("images"), "-q"}).code, 0);
  expect_clean(read_file(path("images/janus-records.jsonl")), "records");
  image_file("b.png");
  ASSERT_EQ(run_model({"embed", picture_, path("b.png"), "-o", path("v.npy"), "-q"}).code, 0);
  expect_clean(read_file(path("v.jsonl")), "index of vectors");
}

TEST_F(JsonControls, OfErrorsNoticesAndProgress) {
  const Result result =
      run_model({"describe", path(kText + ".gif"), path(kText + ".jpg"), "--json-progress", "--json"});
  EXPECT_EQ(result.code, 1);
  expect_clean(result.err, "errors");
  expect_clean(result.out, "records");
  for (const Json& line : parse(result.err)) EXPECT_TRUE(line.is_object());
}

TEST_F(JsonControls, OfConversations) {
  const Result result =
      run_model({"chat", "-n", "2", "-q"}, {.input = kText + "\n/save " + path("chat.json") + "\n"});
  ASSERT_EQ(result.code, 0) << result.err;
  expect_clean(read_file(path("chat.json")), "conversation");
  EXPECT_NO_THROW(Json::parse(read_file(path("chat.json"))));
}

// What was hashed and written by versions that escaped less stays good.
TEST_F(JsonControls, RecordsOfEarlierVersionsAreGoneOnWith) {
  const std::vector<std::string> words{"caption", picture_,        "-n",        "2",    "-q", "-p", kText,
                                       "-o",      path("c.jsonl"), "--sidecar", ".json"};
  ASSERT_EQ(run_model(words).code, 0);
  const Json record = records("c.jsonl").at(0);
  Json asked;
  asked["asks"].push_back(Json::array({"", kText}));
  asked["max_tokens"] = 2;
  EXPECT_EQ(record["prompt_hash"], sha256_of(asked.dump()).substr(0, 16));
  write_file(path("c.jsonl"), record.dump() + "\n");
  write_file(path(kText + ".json"), record.dump() + "\n");
  std::vector<std::string> renewed = words;
  renewed.insert(renewed.end(), {"--suffix", "!"});
  const Result again = run_model(renewed);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(records("c.jsonl").at(0)["ids"], record["ids"]);
  EXPECT_NE(read_file(path(kText + ".json")).find("raw_text"), std::string::npos);
}

}  // namespace
}  // namespace janus::test
