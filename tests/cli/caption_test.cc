// janus caption: what it reads, and that each record says what janus describe says of the image alone.
#include <sys/stat.h>

#include <chrono>
#include <set>

#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

class Caption : public CaptionFiles {};

TEST_F(Caption, RecordHasTheKeysOfTheContractInOrder) {
  const std::string image = image_file("a.png", 40, 30);
  const Result result = caption({image});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json record = Json::parse(result.out);
  Names names;
  for (const auto& [key, value] : record.items()) names.push_back(key);
  EXPECT_EQ(names, (Names{"path",   "key",    "text",        "ids",    "finish_reason", "width",
                          "height", "bytes",  "mtime",       "sha256", "model",         "model_fingerprint",
                          "type",   "device", "version",     "prompt", "max_tokens",    "temperature",
                          "top_k",  "top_p",  "prompt_hash", "seed",   "timings"}));
  EXPECT_EQ(record["path"], image);
  EXPECT_EQ(record["key"], image);
  EXPECT_EQ(record["width"], 40);
  EXPECT_EQ(record["height"], 30);
  EXPECT_EQ(record["bytes"], std::filesystem::file_size(image));
  EXPECT_EQ(record["sha256"].get<std::string>().size(), 64U);
  EXPECT_EQ(record["model"], kModel);
  EXPECT_EQ(record["finish_reason"], "length");
}

TEST_F(Caption, SaysOfEachImageWhatDescribeSaysOfItAlone) {
  const std::string folder = image_files("p", 7);
  std::map<std::string, Json> alone;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Result result =
        run_model({"describe", entry.path(), "--json", "-q", "-n", "4", "-p", "What is it?"});
    alone[entry.path()] = Json::parse(result.out);
  }
  for (const char* batch : {"1", "2", "4", "16"}) {
    SCOPED_TRACE(batch);
    const Result result = caption({folder, "-p", "What is it?", "-b", batch, "--decoders", "2", "-t", "2"});
    ASSERT_EQ(result.code, 0) << result.err;
    const std::vector<Json> found = parse(result.out);
    ASSERT_EQ(found.size(), 7U);
    for (const Json& record : found) {
      EXPECT_EQ(record["ids"], alone.at(record["key"])["ids"]);
      EXPECT_EQ(record["text"], alone.at(record["key"])["text"]);
    }
  }
}

TEST_F(Caption, SeveralQuestionsAreAnsweredAsEachAlone) {
  const std::string folder = image_files("p", 3);
  const Result result =
      caption({folder, "--ask", "what=What is it?", "--ask", "colour=Which colour has it?"});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::vector<Json> found = parse(result.out);
  ASSERT_EQ(found.size(), 3U);
  for (const Json& record : found) {
    EXPECT_FALSE(record.contains("text"));
    const std::map<std::string, std::string> asks{{"what", "What is it?"},
                                                  {"colour", "Which colour has it?"}};
    for (const auto& [name, prompt] : asks) {
      const Result alone = run_model({"describe", record["path"], "--json", "-q", "-n", "4", "-p", prompt});
      EXPECT_EQ(record["answers"][name]["ids"], Json::parse(alone.out)["ids"]) << name;
      EXPECT_EQ(record["answers"][name]["finish_reason"], "length");
    }
  }
}

TEST_F(Caption, WalksFoldersPastHiddenAndForeignFiles) {
  image_files("p", 2);
  image_files("p/deep/er", 1);
  image_files("p/.hidden", 1);
  image_file("p/.hidden.png");
  write_file(path("p/notes.txt"), "no picture");
  std::filesystem::rename(image_file("p/x.png"), path("p/SHOUTED.PNG"));
  std::filesystem::create_directory_symlink(path("p"), path("p/deep/again"));
  std::filesystem::create_symlink(path("p/000.png"), path("p/link.png"));
  EXPECT_EQ(keys(caption({path("p")})),
            (Names{"p/000.png", "p/001.png", "p/SHOUTED.PNG", "p/deep/er/000.png", "p/link.png"}));
  EXPECT_EQ(keys(caption({path("p"), "--include", "00*"})),
            (Names{"p/000.png", "p/001.png", "p/deep/er/000.png"}));
  EXPECT_EQ(keys(caption({path("p"), "--include", "deep/*"})), (Names{"p/deep/er/000.png"}));
  EXPECT_EQ(keys(caption({path("p"), "--exclude", "deep", "--exclude", "*1.png", "--exclude", "link*"})),
            (Names{"p/000.png", "p/SHOUTED.PNG"}));
}

TEST_F(Caption, ReadsPatternsListsAndStandardInput) {
  image_files("p", 3);
  image_file("odd\nname.png");
  const std::string two = path("p/000.png") + "\r\n\n" + path("p/002.png");
  write_file(path("list.txt"), two);
  EXPECT_EQ(keys(caption({path("p/*1.png")})), (Names{"p/001.png"}));
  EXPECT_EQ(keys(caption({"@" + path("list.txt")})), (Names{"p/000.png", "p/002.png"}));
  EXPECT_EQ(keys(caption({"-"}, {.input = two})), (Names{"p/000.png", "p/002.png"}));
  const std::string zeros =
      path("odd\nname.png") + std::string(1, '\0') + path("p/001.png") + std::string(1, '\0');
  EXPECT_EQ(keys(caption({"-", "-0"}, {.input = zeros})), (Names{"odd\nname.png", "p/001.png"}));
  write_file(path("data.jsonl"),
             "{\"image\": \"p/000.png\"}\n{\"image\": \"" + path("p/001.png") + "\"}\nbroken\n");
  const Result result = caption({path("data.jsonl")});
  EXPECT_EQ(keys(result), (Names{"p/000.png", "p/001.png"}));
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.err.find("entry 3"), std::string::npos) << result.err;
  write_file(path("data.jsonl"), "{\"file\": \"p/002.png\"}\n");
  EXPECT_EQ(keys(caption({path("data.jsonl"), "--image-field", "file"})), (Names{"p/002.png"}));
}

TEST_F(Caption, AnImageNamedTwiceHasOneRecord) {
  image_files("p", 2);
  EXPECT_EQ(keys(caption({path("p"), path("p/000.png"), path("p/*.png")})),
            (Names{"p/000.png", "p/001.png"}));
}

TEST_F(Caption, ReadsTarShardsAsAStream) {
  const std::string folder = image_files("p", 4);
  write_file(path("p/000.txt"), "words of the sample");
  const std::string tar =
      "cd " + folder + " && tar cf ../s.tar * && gzip -k ../s.tar && head -c 3000 ../s.tar > ../cut.tar";
  ASSERT_EQ(std::system(tar.c_str()), 0);
  const Result result = caption({path("s.tar")});
  if (JANUS_WITH_ARCHIVE == 0) {
    EXPECT_EQ(result.code, 3);
    EXPECT_NE(result.err.find("libarchive"), std::string::npos) << result.err;
    return;
  }
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(keys(result), (Names{"s.tar/000.png", "s.tar/001.png", "s.tar/002.png", "s.tar/003.png"}));
  std::map<std::string, Json> plain;
  for (const Json& record : parse(caption({folder}).out)) plain[record["sha256"]] = record["ids"];
  for (const Json& record : parse(result.out)) {
    EXPECT_EQ(record["path"], path("s.tar"));
    EXPECT_EQ(record["ids"], plain.at(record["sha256"]));
  }
  EXPECT_EQ(keys(caption({path("s.tar.gz"), "--include", "*2.png"})), (Names{"s.tar.gz/002.png"}));
  const Result cut = caption({path("cut.tar"), path("p/000.png")});
  EXPECT_EQ(cut.code, 3) << cut.err;
  EXPECT_GE(keys(cut).size(), 2U);

  // Resuming does not read what it has: the shard's members keep their size and time.
  const std::string out = path("out.jsonl");
  ASSERT_EQ(caption({path("s.tar"), "-o", out, "--limit", "2"}).code, 0);
  EXPECT_EQ(records("out.jsonl").size(), 2U);
  ASSERT_EQ(caption({path("s.tar"), "-o", out}).code, 0);
  EXPECT_EQ(by_key("out.jsonl").size(), 4U);
}

TEST_F(Caption, ConditionsLimitShuffleAndShards) {
  const std::string folder = path("p");
  std::filesystem::create_directory(folder);
  image_file("p/small.png", 10, 10);
  image_file("p/tall.png", 20, 60);
  image_file("p/wide.png", 60, 20);
  write_file(path("p/broken.png"), "no picture");
  EXPECT_EQ(keys(caption({folder, "--where", "width>=20"})),
            (Names{"p/broken.png", "p/tall.png", "p/wide.png"}));
  EXPECT_EQ(keys(caption({path("p/?[ami]*.png"), "--where", "height > 15 and aspect<1"})),
            (Names{"p/tall.png"}));
  EXPECT_EQ(keys(caption({folder, "--where", "format==png and not (width>20 or width<20)"})),
            (Names{"p/broken.png", "p/tall.png"}));
  EXPECT_EQ(keys(caption({path("p/?[ami]*.png"), "--where", "format!=png"})), Names{});
  EXPECT_EQ(keys(caption({folder, "--exclude", "b*", "--limit", "2"})), (Names{"p/small.png", "p/tall.png"}));
  EXPECT_EQ(keys(caption({folder, "--exclude", "b*", "--where", "pixels>100", "--limit", "1"})),
            (Names{"p/tall.png"}));

  const std::string many = image_files("m", 12);
  const Names all = keys(caption({many}));
  Names parts;
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    const Names part = keys(caption({many, "--shard", shard}));
    EXPECT_LT(part.size(), 12U);
    parts.insert(parts.end(), part.begin(), part.end());
  }
  std::sort(parts.begin(), parts.end());
  EXPECT_EQ(parts, all);
  const Names sampled = keys(caption({many, "--shuffle", "--limit", "5"}));
  EXPECT_EQ(sampled.size(), 5U);
  EXPECT_NE(sampled, Names(all.begin(), all.begin() + 5));
  EXPECT_EQ(keys(caption({many, "--shuffle", "--limit", "5"})), sampled);
}

TEST_F(Caption, BadAndHugeImagesAreRecordsAmongGoodOnes) {
  const std::string folder = image_files("p", 3);
  write_file(path("p/broken.png"), "no picture");
  write_file(path("p/cut.png"), read_file(path("p/000.png")).substr(0, 60));
  write_file(path("p/empty.png"), "");
  write_file(path("p/huge.png"), "");
  std::filesystem::resize_file(path("p/huge.png"), uintmax_t{3} << 40);  // no blocks of its own
  // A BMP of 30000 x 30000 pixels by its header.
  std::string bomb("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x30\x75\0\0\x30\x75\0\0\x01\0\x18\0", 30);
  write_file(path("p/bomb.bmp"), bomb + std::string(60, '\0'));
  const std::string out = path("out.jsonl");
  const Result result = caption({folder, path("p/000.png"), "-o", out});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(lines_of(result.err).size(), 5U) << result.err;
  const auto found = by_key("out.jsonl");
  ASSERT_EQ(found.size(), 8U);
  for (const char* name : {"broken.png", "cut.png", "empty.png", "huge.png", "bomb.bmp"}) {
    const Json& record = found.at(path("p/") + name);
    EXPECT_TRUE(record.contains("error")) << name;
    EXPECT_FALSE(record.contains("text")) << name;
    EXPECT_NE(record["error"].get<std::string>().find(name), std::string::npos);
  }
  // Errors of an earlier run still count, and are tried again when asked for or when the file is another.
  const std::string before = read_file(out);
  EXPECT_EQ(caption({folder, "-o", out}).code, 3);
  EXPECT_EQ(read_file(out), before);
  EXPECT_EQ(caption({path("p/000.png"), "-o", out}).code, 0) << "the errors were not asked for";
  std::filesystem::copy_file(path("p/001.png"), path("p/broken.png"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(caption({folder, "-o", out}).code, 3);
  EXPECT_FALSE(by_key("out.jsonl").at(path("p/broken.png")).contains("error"));
  EXPECT_EQ(caption({folder, "-o", out, "--retry-errors"}).code, 3);
  EXPECT_EQ(by_key("out.jsonl").size(), 8U);
}

TEST_F(Caption, SidecarsStandBesideTheirImages) {
  const std::string folder = image_files("p", 3);
  write_file(path("p/001.txt"), "my own words\n");
  Result result = caption({folder, "--sidecar", ".txt"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(read_file(path("p/001.txt")), "my own words\n");
  const Result records = caption({folder});
  for (const Json& record : parse(records.out)) {
    const std::string text =
        std::filesystem::path(record["path"].get<std::string>()).replace_extension(".txt");
    if (text == path("p/001.txt")) continue;
    EXPECT_EQ(read_file(text), record["text"].get<std::string>() + "\n");
  }
  ASSERT_EQ(caption({folder, "--sidecar", ".txt", "--overwrite"}).code, 0);
  EXPECT_NE(read_file(path("p/001.txt")), "my own words\n");

  // With records beside them, a missing sidecar is made up from its record.
  const std::string out = path("out.jsonl");
  ASSERT_EQ(caption({folder, "--sidecar", ".json", "-o", out}).code, 0);
  const std::string before = read_file(out), sidecar = read_file(path("p/002.json"));
  EXPECT_EQ(Json::parse(sidecar), by_key("out.jsonl").at(path("p/002.png")));
  std::filesystem::remove(path("p/002.json"));
  ASSERT_EQ(caption({folder, "--sidecar", ".json", "-o", out}).code, 0);
  EXPECT_EQ(read_file(out), before);
  EXPECT_EQ(read_file(path("p/002.json")), sidecar);
  // The same content at another time is the same picture.
  std::filesystem::remove(path("p/002.json"));
  std::filesystem::last_write_time(path("p/002.png"),
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  ASSERT_EQ(caption({folder, "--sidecar", ".json", "-o", out}).code, 0);
  EXPECT_EQ(read_file(out), before);
  EXPECT_EQ(read_file(path("p/002.json")), sidecar);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_NE(entry.path().filename().string().rfind(".janus", 0), 0U) << entry.path();
  }
}

TEST_F(Caption, WritesATableOfAllRecords) {
  const std::string folder = image_files("p", 2);
  image_file("p/with, comma.png");
  write_file(path("p/broken.png"), "no picture");
  EXPECT_EQ(
      caption({folder, "-o", path("o.jsonl"), "--csv", path("t.csv"), "--ask", "a=What?", "--ask", "b=Why?"})
          .code,
      3);
  const std::string table = read_file(path("t.csv"));
  EXPECT_EQ(table.rfind("key,path,a,b,width,height,bytes,sha256,error\r\n", 0), 0U) << table;
  EXPECT_NE(table.find("\"" + path("p/with, comma.png") + "\","), std::string::npos) << table;
  EXPECT_NE(table.find("broken.png"), std::string::npos);
  EXPECT_EQ(caption({folder, "--csv", path("t.csv")}).code, 2);
}

TEST_F(Caption, WrongCommandLinesAreTold) {
  const std::string image = image_file("a.png");
  const std::vector<std::vector<std::string>> wrong{{"-o", path("x.txt"), image},
                                                    {image, "--ask", "no name"},
                                                    {image, "--ask", "a=x", "--ask", "a=y"},
                                                    {image, "--ask", "a=x", "-p", "y"},
                                                    {image, "--where", "colour>1"},
                                                    {image, "--where", "width>>1"},
                                                    {image, "--where", "(width>1"},
                                                    {image, "--where", "width>1 or"},
                                                    {image, "--shard", "0/2"},
                                                    {image, "--shard", "3/2"},
                                                    {image, "--sidecar", ".doc"},
                                                    {image, "-b", "0"},
                                                    {path("x.tar"), "--sidecar", ".txt"},
                                                    {}};
  for (const auto& words : wrong) {
    const Result result = caption(words);
    EXPECT_EQ(result.code, 2) << ::testing::PrintToString(words);
    expect_one_error(result.err);
  }
  for (const auto& words :
       std::vector<std::vector<std::string>>{{path("missing")},
                                             {path("*.webp")},
                                             {"@" + path("missing.txt")},
                                             {image, "-o", path("no/folder.jsonl")},
                                             {image, "--prompt-file", path("missing.txt")}}) {
    const Result result = caption(words);
    EXPECT_EQ(result.code, 1) << ::testing::PrintToString(words);
    expect_one_error(result.err);
  }
  std::filesystem::create_directory(path("empty"));
  EXPECT_EQ(caption({path("empty")}).code, 1);
}

TEST_F(Caption, NamesThatAreNoUtf8KeepTheirRecord) {
  std::filesystem::create_directory(path("p"));
  std::filesystem::rename(image_file("a.png"), path("p/\xff\xc3.png"));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(caption({path("p"), "-o", path("o.jsonl")}).code, 0);
  ASSERT_EQ(records("o.jsonl").size(), 1U);
  EXPECT_EQ(records("o.jsonl")[0]["key"], path("p/\\xff\\xc3.png"));
}

TEST_F(Caption, AReaderThatHasGoneEndsItQuietly) {
  const Result result = caption({image_files("p", 30)}, {.close_output = true});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "");
}

TEST_F(Caption, SaysOfTheBuiltInModelsImagesWhatDescribeSays) {
  if (JANUS_WITH_SENTENCEPIECE == 0) GTEST_SKIP() << "its tokenizer needs SentencePiece";
  const std::string folder = std::string(JANUS_SOURCE_DIR) + "/samples/pictures";
  const Result result = run({"caption", folder, "-q", "-n", "8", "-b", "3"});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::vector<Json> found = parse(result.out);
  ASSERT_GE(found.size(), 3U);
  for (const Json& record : found) {
    const Result alone = run({"describe", record["path"], "--json", "-q", "-n", "8"});
    EXPECT_EQ(record["ids"], Json::parse(alone.out)["ids"]) << record["path"];
  }
}

}  // namespace
}  // namespace janus::test
