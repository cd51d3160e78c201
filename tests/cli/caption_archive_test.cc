// janus caption: archives give what unpacking them would, and errors of the moment are tried again.
#include "core/base/digest.h"
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

const std::string kData = std::string(JANUS_TEST_DATA) + "/lists/";

class CaptionArchive : public CaptionFiles {
 protected:
  void SetUp() override {
    CaptionFiles::SetUp();
    if (JANUS_WITH_ARCHIVE == 0) GTEST_SKIP() << "the build reads no archives";
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // Keys without the archive's path -> the hash of what was captioned, or "error".
  std::map<std::string, std::string> members(const Result& result, const std::string& archive) const {
    std::map<std::string, std::string> found;
    for (const Json& record : parse(result.out)) {
      const std::string key = record["key"];
      const std::string name = key == archive ? "(archive)" : key.substr(archive.size() + 1);
      EXPECT_EQ(found.count(name), 0U) << name;
      found[name] = record.contains("error") ? "error" : record["sha256"].get<std::string>();
    }
    return found;
  }
  using Members = std::map<std::string, std::string>;
  std::string hash(const std::string& name) const { return sha256_of(read_file(path(name))); }
  void in_folder(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + folder_ + " && " + command).c_str()), 0) << command;
  }
};

// Members wait in memory, in 256 MiB of it; the four together are 480.
TEST_F(CaptionArchive, LargeMembersWaitForTheirShareOfMemory) {
  const Result result = caption_aloud({kData + "tar-of-four-zeros-of-120-MiB.tar.bz2"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(parse(result.out).size(), 4U);
  EXPECT_LT(result.peak_bytes, int64_t{350} << 20);
  EXPECT_GT(result.peak_bytes, int64_t{120} << 20);
}

TEST_F(CaptionArchive, AMemberThatIsNotThereTakesNoMemory) {
  const Result result = caption_aloud({kData + "tar-that-claims-1-GiB.tar"});
  EXPECT_EQ(result.code, 3);
  EXPECT_LT(result.peak_bytes, int64_t{64} << 20);
}

TEST_F(CaptionArchive, HiddenMembersFollowTheRuleOfFolders) {
  const std::string tar = kData + "tar-appledouble-and-hidden-members.tar";
  const Result result = caption_aloud({tar});
  EXPECT_EQ(result.code, 0) << result.err;
  const auto found = members(result, tar);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found.count("a.png") == 1 && found.count("d/b.png") == 1);
  EXPECT_TRUE(has(result.err, "1 passed over: 1 folder __MACOSX\n")) << result.err;
  EXPECT_EQ(members(caption({tar, "--exclude", "d"}), tar).size(), 1U);
}

TEST_F(CaptionArchive, LinksHaveTheContentOfTheirTarget) {
  const std::string tar = kData + "tar-hardlink-and-symlink-silently-lost.tar";
  const Result result = caption({tar});
  EXPECT_EQ(result.code, 0) << result.err;
  auto found = members(result, tar);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found.at("./2.png"), found.at("./1.png"));
  EXPECT_EQ(found.at("./4.png"), found.at("./3.png"));
  EXPECT_NE(found.at("./1.png"), found.at("./3.png"));
}

TEST_F(CaptionArchive, LinksBeforeBehindThroughOthersAndOutAreEachSettled) {
  image_files("t/d", 2);
  image_file("t/z.png", 21, 13);
  image_file("out.png", 15, 12);
  in_folder(
      "cd t && ln -s z.png a.png && ln -s d e && ln -s e/001.png through.png && ln -s a.png chain.png && "
      "ln -s ../out.png out.png && ln -s /etc/hostname absolute.png && ln -s loop2.png loop1.png && "
      "ln -s loop1.png loop2.png && ln -s gone.png gone2.png && ln -s ../z.png d/up.png && ln -s z.png plain "
      "&& "
      "ln -s gone none && tar cf ../t.tar a.png through.png chain.png out.png absolute.png loop1.png "
      "loop2.png "
      "gone2.png none plain e d z.png");
  const Result result = caption_aloud({path("t.tar")});
  EXPECT_EQ(result.code, 3) << result.err;
  const std::string z = hash("t/z.png"), one = hash("t/d/001.png");
  EXPECT_EQ(members(result, path("t.tar")), (Members{{"z.png", z},
                                                     {"d/000.png", hash("t/d/000.png")},
                                                     {"d/001.png", one},
                                                     {"d/up.png", z},
                                                     {"a.png", z},
                                                     {"chain.png", z},
                                                     {"plain", z},
                                                     {"through.png", one},
                                                     {"out.png", "error"},
                                                     {"absolute.png", "error"},
                                                     {"gone2.png", "error"},
                                                     {"loop1.png", "error"},
                                                     {"loop2.png", "error"}}));
  EXPECT_TRUE(has(result.err, "2 passed over: 1 link to a folder, 1 link to nothing;")) << result.err;
  EXPECT_TRUE(has(result.err, "found a link that leads back to itself")) << result.err;
  EXPECT_TRUE(has(result.err, "found ../out.png outside it")) << result.err;
  EXPECT_TRUE(has(result.err, "found gone.png, which is not in it")) << result.err;
}

TEST_F(CaptionArchive, OfSeveralMembersOfOneNameTheLastCounts) {
  const std::string tar = kData + "tar-same-member-twice.tar";
  const Result result = caption_aloud({tar});
  EXPECT_EQ(result.code, 0) << result.err;
  const std::vector<Json> found = parse(result.out);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["bytes"], 582);
  EXPECT_TRUE(has(result.err, "1 passed over: 1 member that a later one replaces\n")) << result.err;
  // The second run finds it done.
  ASSERT_EQ(caption({tar, "-o", path("o.jsonl")}).code, 0);
  const std::string before = read_file(path("o.jsonl"));
  ASSERT_EQ(caption({tar, "-o", path("o.jsonl")}).code, 0);
  EXPECT_EQ(read_file(path("o.jsonl")), before);
}

TEST_F(CaptionArchive, ArchivesBehindEachOtherAreOne) {
  image_files("t", 3);
  in_folder(
      "cd t && tar cf ../a.tar 000.png && tar cf ../b.tar 001.png 002.png && cd .. && cat a.tar b.tar > "
      "c.tar && "
      "gzip -k a.tar b.tar && cat a.tar.gz b.tar.gz > c.tar.gz");
  for (const char* name : {"c.tar", "c.tar.gz"}) {
    const Result result = caption({path(name)});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(members(result, path(name)).size(), 3U) << name;
  }
}

TEST_F(CaptionArchive, ADamagedHeaderIsTold) {
  image_files("t", 3);
  in_folder("cd t && tar cf ../t.tar 000.png 001.png 002.png");
  std::string bytes = read_file(path("t.tar"));
  const size_t header = bytes.find("001.png");
  bytes[header + 150] ^= 1;  // in its checksum
  write_file(path("t.tar"), bytes);
  const Result result = caption({path("t.tar")});
  EXPECT_EQ(result.code, 3);
  expect_one_error(result.err);
  EXPECT_EQ(
      members(result, path("t.tar")),
      (Members{{"000.png", hash("t/000.png")}, {"002.png", hash("t/002.png")}, {"(archive)", "error"}}));
}

TEST_F(CaptionArchive, MembersAreToldByContent) {
  image_files("t", 1);
  write_file(path("t/words.txt"), "words");
  write_file(path("t/art"), std::string("8BPS\0\1\0\0", 8));
  in_folder("cd t && cp 000.png noext && cp 000.png x.dat && tar cf ../t.tar *");
  const Result result = caption_aloud({path("t.tar")});
  const std::string image = hash("t/000.png");
  EXPECT_EQ(members(result, path("t.tar")),
            (Members{{"000.png", image}, {"noext", image}, {"x.dat", image}}));
  EXPECT_TRUE(has(result.err, "1 passed over: 1 PSD\n")) << result.err;
}

TEST_F(CaptionArchive, ATruncatedShardIsReadAgainWhenItIsWhole) {
  const std::string shard = path("shard.tar"), out = path("o.jsonl");
  std::filesystem::copy_file(kData + "shard-truncated-in-b.tar", shard);
  ASSERT_EQ(caption({shard, "-o", out}).code, 3);
  auto found = by_key("o.jsonl");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_FALSE(found.at(shard + "/a.png").contains("error"));
  EXPECT_EQ(found.at(shard + "/b.png")["transient"], true);
  EXPECT_EQ(found.at(shard)["transient"], true);
  // As long as it is cut short, nothing changes.
  const std::string before = read_file(out);
  ASSERT_EQ(caption({shard, "-o", out}).code, 3);
  EXPECT_EQ(read_file(out), before);
  std::filesystem::copy_file(kData + "shard-whole.tar", shard,
                             std::filesystem::copy_options::overwrite_existing);
  const Result whole = caption({shard, "-o", out});
  EXPECT_EQ(whole.code, 0) << whole.err;
  found = by_key("o.jsonl");
  ASSERT_EQ(found.size(), 3U);
  for (const char* name : {"/a.png", "/b.png", "/c.png"}) {
    EXPECT_FALSE(found.at(shard + name).contains("error")) << name;
  }
}

TEST_F(CaptionArchive, AnotherArchiveOfMembersAlikeIsReadAgain) {
  image_files("t", 2);
  in_folder("cd t && tar cf ../t.tar --mtime=@1000000 000.png 001.png");
  const std::string shard = path("t.tar"), out = path("o.jsonl"), good = read_file(shard);
  std::string bad = good;
  const size_t pixels = bad.find("IDAT", bad.find("001.png"));
  ASSERT_NE(pixels, std::string::npos);
  std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(pixels), 12, '\xee');
  write_file(shard, bad);
  ASSERT_EQ(caption({shard, "-o", out}).code, 3);
  EXPECT_FALSE(by_key("o.jsonl").at(shard + "/001.png").contains("transient")) << "its bytes are at fault";
  EXPECT_EQ(caption({shard, "-o", out}).code, 3);
  write_file(shard, good);
  std::filesystem::last_write_time(shard,
                                   std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(caption({shard, "-o", out}).code, 0);
  EXPECT_FALSE(by_key("o.jsonl").at(shard + "/001.png").contains("error"));
}

TEST_F(CaptionArchive, APipeIsReadOnce) {
  image_files("t", 2);
  in_folder("cd t && ln 000.png 002.png && tar cf ../t.tar 000.png 001.png 002.png && mkfifo ../p.tar");
  Process process(words({path("p.tar")}));
  in_folder("cat t.tar > p.tar");
  const Result result = process.finish();
  EXPECT_EQ(members(result, path("p.tar")),
            (Members{{"000.png", hash("t/000.png")}, {"001.png", hash("t/001.png")}, {"002.png", "error"}}));
}

TEST_F(CaptionArchive, OldRecordsWithoutTheKeyStay) {
  image_files("p", 1);
  write_file(path("p/bad.png"), "no picture");
  const std::string out = path("o.jsonl");
  ASSERT_EQ(caption({path("p"), "-o", out}).code, 3);
  const std::string before = read_file(out);
  EXPECT_FALSE(has(before, "transient"));
  ASSERT_EQ(caption({path("p"), "-o", out}).code, 3);
  EXPECT_EQ(read_file(out), before);
}

TEST_F(CaptionArchive, WhatCannotBeReadIsTriedAgain) {
  image_files("p", 1);
  // What leads to a disk that is away.
  std::filesystem::create_symlink(path("disk/away.png"), path("p/away.png"));
  const std::string out = path("o.jsonl");
  ASSERT_EQ(caption({path("p"), "-o", out}).code, 3);
  EXPECT_EQ(by_key("o.jsonl").at(path("p/away.png"))["transient"], true);
  std::filesystem::remove(path("p/away.png"));
  // Of a size and time of change as its record has them, the picture still is another.
  const std::string record = read_file(out);
  image_file("p/away.png");
  EXPECT_EQ(caption({path("p"), "-o", out}).code, 0);
  EXPECT_FALSE(by_key("o.jsonl").at(path("p/away.png")).contains("error"));
}

TEST_F(CaptionArchive, BlankLinesAndAMissingEndOfAnOutputAreTaken) {
  const std::string folder = image_files("p", 3), out = path("o.jsonl");
  ASSERT_EQ(caption({folder, "-o", out}).code, 0);
  const std::string whole = read_file(out);
  for (const std::string& text : {whole + "\n", whole + "\r\n \n", "\n" + whole, whole + "  "}) {
    write_file(out, text);
    ASSERT_EQ(caption({folder, "-o", out}).code, 0) << text;
    EXPECT_EQ(by_key("o.jsonl").size(), 3U);
    EXPECT_EQ(read_file(out), whole);
  }
  // An editor that drops the last line's end drops no record.
  write_file(out, whole.substr(0, whole.size() - 1));
  ASSERT_EQ(caption({path("p/000.png"), "-o", out}).code, 0);
  EXPECT_EQ(read_file(out), whole);
}

}  // namespace
}  // namespace janus::test
