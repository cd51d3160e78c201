// janus caption: what a line of a JSONL list says beside the path goes along into the record.
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

class CaptionFields : public CaptionFiles {
 protected:
  std::string out() const { return path("out.jsonl"); }
  Result caption_list(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {path("list.jsonl"), "-o", out()});
    return caption(more);
  }
  Json input_of(const std::string& name) const {
    return by_key("out.jsonl").at(path(name)).value("input", Json());
  }
};

TEST_F(CaptionFields, StandInTheRecordUnderInput) {
  image_files("p", 2);
  write_file(
      path("list.jsonl"),
      R"({"id": 7, "image": "p/000.png", "text": "mine", "key": "k", "error": "e", "n": {"a": [1, null]}})"
      "\n"
      R"({"image": "p/001.png"})"
      "\n"
      R"({"image": "p/gone.png", "id": 12345678901234567})"
      "\n");
  ASSERT_EQ(caption_list().code, 3);
  EXPECT_EQ(to_string(input_of("p/000.png")),
            R"({"id":7,"text":"mine","key":"k","error":"e","n":{"a":[1,null]}})");
  EXPECT_TRUE(input_of("p/001.png").is_null());
  EXPECT_EQ(to_string(input_of("p/gone.png")), R"({"id":12345678901234567})");
  // They are not taken for the record's own when it goes on.
  const std::string before = read_file(out());
  ASSERT_EQ(caption_list().code, 3);
  EXPECT_EQ(read_file(out()), before);
  EXPECT_EQ(caption({path("p"), "-o", out()}).code, 0);
  EXPECT_EQ(read_file(out()), before) << "without a list they stay";
}

TEST_F(CaptionFields, FollowTheListWithoutAnotherAnswer) {
  image_files("p", 2);
  write_file(path("list.jsonl"),
             "{\"image\": \"p/000.png\", \"id\": 1}\n{\"image\": \"p/001.png\", \"id\": 2}\n");
  ASSERT_EQ(caption_list({"--sidecar", ".json"}).code, 0);
  Json before = by_key("out.jsonl").at(path("p/000.png"));
  write_file(path("list.jsonl"),
             "{\"image\": \"p/000.png\", \"split\": \"a\"}\n{\"image\": \"p/001.png\", \"id\": 2}\n");
  ASSERT_EQ(caption_list({"--sidecar", ".json"}).code, 0);
  ASSERT_EQ(records("out.jsonl").size(), 2U);
  before["input"] = Json{{"split", "a"}};
  EXPECT_EQ(by_key("out.jsonl").at(path("p/000.png")), before);
  EXPECT_EQ(Json::parse(read_file(path("p/000.json"))), before);
}

TEST_F(CaptionFields, AreColumnsOfTheTable) {
  image_files("p", 3);
  write_file(path("list.jsonl"), R"({"image": "p/000.png", "id": 1, "text": "a, b"})"
                                 "\n"
                                 R"({"image": "p/001.png", "split": ["x"]})"
                                 "\n"
                                 R"({"image": "p/002.png"})"
                                 "\n");
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(caption_list({"--csv", path("t.csv")}).code, 0);
    const std::vector<std::string> lines = lines_of(read_file(path("t.csv")));
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0], "key,path,text,input.id,input.text,input.split,width,height,bytes,sha256,error\r");
    EXPECT_NE(lines[1].find(",1,\"a, b\",,"), std::string::npos) << lines[1];
    EXPECT_NE(lines[2].find(",,,\"[\"\"x\"\"]\","), std::string::npos) << lines[2];
  }
}

TEST_F(CaptionFields, HostileLinesAreTold) {
  image_files("p", 1);
  const auto line = [](size_t depth) {
    return R"({"image": "p/000.png", "x": )" + std::string(depth, '[') + std::string(depth, ']') + "}\n";
  };
  write_file(path("list.jsonl"),
             line(100000) + line(64) + "{\"x\": 1}\n{\"image\": \"p/000.png\", \"id\": 3}\n");
  const Result result = caption_list();
  EXPECT_EQ(result.code, 3);
  for (const char* told :
       {"entry 1: expected an object with a path as \"image\", found no valid JSON (entry: "
        "expected JSON nested at most 100 deep",
        "entry 2: expected an object with a path as \"image\", found values nested more than "
        "64 deep",
        "entry 3: "}) {
    EXPECT_NE(result.err.find(told), std::string::npos) << result.err;
  }
  EXPECT_EQ(to_string(input_of("p/000.png")), R"({"id":3})");
}

}  // namespace
}  // namespace janus::test
