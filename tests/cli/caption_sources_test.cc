// janus caption: folders as they lie on disks, lists as programs write them, patterns.
#include <sys/stat.h>

#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

const std::string kData = std::string(JANUS_TEST_DATA) + "/lists/";

class CaptionSources : public CaptionFiles {
 protected:
  void TearDown() override {
    std::filesystem::current_path("/");  // some tests name files from within their folder
    CaptionFiles::TearDown();
  }
  void copy(const std::string& name, const std::string& as) const {
    std::filesystem::create_directories(std::filesystem::path(path(as)).parent_path());
    std::filesystem::copy_file(kData + name, path(as));
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // A list of p/000.png and p/002.png, which are there.
  std::string list(const std::string& end) const { return path("p/000.png") + end + path("p/002.png") + end; }
  static std::string utf16(const std::string& text, bool big) {
    std::string wide;
    for (const char c : text) wide += big ? std::string{'\0', c} : std::string{c, '\0'};
    return wide;
  }
};

TEST_F(CaptionSources, AFoldersImagesAreToldByContent) {
  const Names images{"a.jfif", "b.jpe", "c.apng", "d.dib", "e.mpo", "noext", "ok.png"};
  Names expected;
  for (const std::string& name : images) {
    copy(name, "p/" + name);
    expected.push_back("p/" + name);
  }
  copy("ok.png", "p/really.txt");
  expected.emplace_back("p/really.txt");
  std::sort(expected.begin(), expected.end());
  write_file(path("p/words.txt"), "BMW and P6 are no pictures");
  write_file(path("p/none.json"), "{}");
  write_file(path("p/empty"), "");
  write_file(path("p/art"), std::string("8BPS\0\1\0\0", 8));
  write_file(path("p/more.psd"), std::string("8BPS\0\1\0\0", 8));
  write_file(path("p/drawing.svg"), "<?xml version=\"1.0\"?>\n<svg width=\"4\"/>");
  write_file(path("p/photo.NEF"), std::string("II\x2A\0\x08\0\0\0", 8));
  ASSERT_EQ(mkfifo(path("p/pipe.png").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(path("p/pipe").c_str(), 0600), 0);
  const Result result = caption_aloud({path("p")});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(keys(result), expected);
  EXPECT_TRUE(has(result.err, "8 captioned, 4 passed over: 2 PSD, 1 SVG, 1 raw photo\n")) << result.err;
  // The same by name alone.
  EXPECT_EQ(keys(caption({path("p"), "--include", "*.TXT"})), (Names{"p/really.txt"}));
}

TEST_F(CaptionSources, ALinkThatLeadsNowhereIsItsOwnError) {
  image_files("p", 2);
  std::filesystem::create_symlink("gone.png", path("p/dangling.png"));
  std::filesystem::create_symlink("again.png", path("p/again.png"));
  for (const Names& words : {Names{path("p")}, Names{path("p/000.png"), path("p/dangling.png"),
                                                     path("p/again.png"), path("p/001.png")}}) {
    const Result result = caption(words);
    EXPECT_EQ(result.code, 3) << result.err;
    EXPECT_EQ(keys(result), (Names{"p/000.png", "p/001.png", "p/again.png", "p/dangling.png"}));
    EXPECT_TRUE(has(result.err, "found a link to gone.png, which is not there")) << result.err;
  }
  // What is not there at all is a slip of the command line.
  const Result slip = caption({path("p/000.png"), path("p/slip.png")});
  EXPECT_EQ(slip.code, 1);
  EXPECT_EQ(slip.out, "");
  expect_one_error(slip.err);
  // The same rule in describe.
  const Result described =
      run_model({"describe", path("p/dangling.png"), path("p/000.png"), "-n", "4", "-q"});
  EXPECT_EQ(described.code, 3);
  EXPECT_TRUE(has(described.out, "000.png: ")) << described.out;
  expect_one_error(described.err);
}

TEST_F(CaptionSources, FoldersOfOtherProgramsAreCounted) {
  image_files("p", 1);
  for (const char* folder : {"@eaDir", "#recycle", ".thumbnails", "$Recycle.Bin", ".Trash-1000", "lost+found",
                             "System Volume Information", "__MACOSX", "deep/@eaDir"}) {
    image_files(std::string("p/") + folder, 1);
  }
  std::filesystem::create_directory_symlink(path("p"), path("p/deep/again"));
  const Result result = caption_aloud({path("p")});
  EXPECT_EQ(keys(result), (Names{"p/000.png"}));
  EXPECT_TRUE(has(result.err, "10 passed over: 2 folders @eaDir, 1 folder #recycle, 1 folder $Recycle.Bin, "))
      << result.err;
  EXPECT_TRUE(has(result.err, "1 link to a folder")) << result.err;
  // Named, such a folder is one as others.
  EXPECT_EQ(keys(caption({path("p/@eaDir")})), (Names{"p/@eaDir/000.png"}));
  EXPECT_FALSE(has(caption_aloud({path("p"), "--exclude", "@eaDir"}).err, "@eaDir"));
}

TEST_F(CaptionSources, GlobsKnowNoCase) {
  image_files("p", 2);
  std::filesystem::rename(path("p/001.png"), path("p/001.PNG"));
  EXPECT_EQ(keys(caption({path("p"), "--include", "*.png"})), (Names{"p/000.png", "p/001.PNG"}));
  EXPECT_EQ(keys(caption({path("p"), "--include", "*.PNG", "--exclude", "001.png"})), (Names{"p/000.png"}));
}

TEST_F(CaptionSources, AFolderOfArchivesAloneSaysWhatToType) {
  std::filesystem::create_directory(path("p"));
  write_file(path("p/a.tar"), "any");
  Result result = caption({path("p")});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "found none but 1 tar archive; name the archives themselves: janus caption " +
                                  path("p/a.tar")))
      << result.err;
  std::filesystem::rename(path("p/a.tar"), path("p/a.zip"));
  result = caption({path("p")});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "found none but 1 zip archive; unpack " + path("p/a.zip"))) << result.err;
  EXPECT_TRUE(has(caption({path("p/a.zip")}).err, "unpack it"));
}

TEST_F(CaptionSources, ListsAreReadInEveryEncoding) {
  image_files("p", 3);
  const Names both{"p/000.png", "p/002.png"};
  const std::string lines = list("\n");
  const std::vector<std::string> lists{lines,
                                       "\xef\xbb\xbf" + lines,
                                       "\xef\xbb\xbf" + list("\r\n"),
                                       "\xff\xfe" + utf16(lines, false),
                                       "\xfe\xff" + utf16(list("\r\n"), true),
                                       lines.substr(0, lines.size() - 1),
                                       lines + "\n\n",
                                       list("\r")};
  for (const std::string& text : lists) {
    write_file(path("list.txt"), text);
    EXPECT_EQ(keys(caption({"@" + path("list.txt")})), both) << text;
    EXPECT_EQ(keys(caption({"-"}, {.input = text})), both) << text;
  }
  const std::string zeros = path("p/000.png") + '\0' + path("p/002.png") + '\0';
  EXPECT_EQ(keys(caption({"-", "-0"}, {.input = zeros})), both);
  const std::string records = "{\"image\": \"p/000.png\"}\r\n{\"image\": \"p/002.png\"}\r\n";
  for (const std::string& text : {"\xef\xbb\xbf" + records, "\xff\xfe" + utf16(records, false)}) {
    write_file(path("list.jsonl"), text);
    EXPECT_EQ(keys(caption({path("list.jsonl")})), both);
    EXPECT_EQ(keys(caption({"@" + path("list.jsonl")})), both);
  }
}

TEST_F(CaptionSources, ListsAsShellsWriteThemNameTheSameFiles) {
  for (const char* name : {"list-with-utf8-bom.txt", "list-utf16-powershell.txt"}) {
    const Result result = caption({"@" + kData + name});
    EXPECT_EQ(keys(result), (Names{"lst/a.png", "lst/b.png"})) << name;
  }
  const Result result = caption({"@" + kData + "list-nul-separated-read-without-0.txt"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "");
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "the list looks NUL-separated, use -0")) << result.err;
}

TEST_F(CaptionSources, WhatIsNoListIsRefusedInOneLine) {
  image_files("p", 3);
  const std::string zeros = path("p/000.png") + '\0' + path("p/002.png") + '\0';
  const std::string wide = "\xff\xfe" + utf16(list("\n"), false);
  struct Wrong {
    std::string text, told;
    bool zero = false;
  };
  const std::vector<Wrong> wrong{{zeros, "use -0"},
                                 {utf16(list("\n"), false), "UTF-16 without a byte order mark"},
                                 {utf16(list("\n"), true), "UTF-16 without a byte order mark"},
                                 // Four letters of Chinese and .png in UTF-16.
                                 {std::string("\xfe\x56\xfe\x56\xfe\x56\xfe\x56.\0p\0n\0g\0\n\0", 18),
                                  "UTF-16 without a byte order mark"},
                                 {wide.substr(0, wide.size() - 1), "cut short"},
                                 {std::string("\xff\xfe\0\0a\0\0\0", 8), "UTF-32"},
                                 {std::string("\xff\xfe\0\xd8\n\0", 6), "half of a character"},
                                 {read_file(path("p/000.png")), "check that it is a text file"},
                                 {list("\n"), "leave -0 out", true}};
  for (const Wrong& list : wrong) {
    write_file(path("list.txt"), list.text);
    std::vector<std::string> words{"@" + path("list.txt")};
    if (list.zero) words.emplace_back("-0");
    const Result result = caption(words);
    EXPECT_EQ(result.code, 3) << list.told;
    EXPECT_TRUE(result.out.empty() || list.told == "cut short") << result.out;
    expect_one_error(result.err);
    EXPECT_TRUE(has(result.err, list.told)) << result.err;
  }
  write_file(path("zero.jsonl"), "{\"image\": \"p/000.png\\u0000.txt\"}\n{\"image\": \"p/002.png\"}\n");
  const Result result = caption({path("zero.jsonl")});
  EXPECT_EQ(keys(result), (Names{"p/002.png"}));
  EXPECT_TRUE(has(result.err, "found a zero byte in it")) << result.err;
}

TEST_F(CaptionSources, WhatIsNotThereHasARemedyThatFits) {
  image_files("photos", 1);
  const std::string download = "download it first (curl -O ADDRESS), and name the file";
  const std::vector<std::pair<std::string, std::string>> missing{
      {"https://example.org/a.png", download},
      {"https://example.org/a.png?w=1", download},
      {"@https://example.org/a.txt", download},
      {path("nowhere/a"), "check the path: there is no folder " + path("nowhere")},
      {path("photos/000.png/a"), "a part before the last is a file"}};
  for (const auto& [name, remedy] : missing) {
    const Result result = caption({name});
    EXPECT_EQ(result.code, 1) << name;
    expect_one_error(result.err);
    EXPECT_TRUE(has(result.err, remedy)) << result.err;
  }
}

TEST_F(CaptionSources, AFolderThatMayNotBeReadSaysHowToLetIt) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everywhere";
  image_files("p", 1);
  ASSERT_EQ(chmod(path("p").c_str(), 0), 0);
  const Result result = caption({path("p")});
  ASSERT_EQ(chmod(path("p").c_str(), 0755), 0);
  EXPECT_EQ(result.code, 3);
  EXPECT_TRUE(has(result.err, "make it readable (chmod u+r)")) << result.err;
}

TEST_F(CaptionSources, PromptsAreReadInEveryEncoding) {
  const std::string image = image_file("a.png");
  const auto ids = [](const Result& result) { return Json::parse(result.out)["ids"]; };
  const Json expected = ids(caption({image, "-p", "What is it?"}));
  for (const std::string& text :
       {std::string("\xef\xbb\xbfWhat is it?\r\n"), "\xff\xfe" + utf16("What is it?\r\n", false)}) {
    write_file(path("prompt.txt"), text);
    EXPECT_EQ(ids(caption({image, "--prompt-file", path("prompt.txt")})), expected);
    write_file(path("prompts.txt"), text);
    ASSERT_EQ(
        run_model({"generate", "--prompts", path("prompts.txt"), "-o", path("o/"), "-q", "--overwrite"}).code,
        0);
    EXPECT_EQ(Json::parse(lines_of(read_file(path("o/janus-records.jsonl"))).back())["prompt"],
              "What is it?");
  }
}

TEST_F(CaptionSources, ANameThatBeginsWithAnAtIsThatFileIfItIsThere) {
  image_files("p", 2);
  std::filesystem::rename(path("p/000.png"), path("@handle.png"));
  write_file(path("list"), path("p/001.png") + "\n");
  write_file(path("handle.png"), path("p/001.png") + "\n");
  std::filesystem::current_path(folder_);
  EXPECT_EQ(keys(caption({"@handle.png"})), (Names{"@handle.png"}));
  EXPECT_EQ(keys(caption({"@./handle.png"})), (Names{"p/001.png"}));
  EXPECT_EQ(keys(caption({"@list"})), (Names{"p/001.png"}));
}

TEST_F(CaptionSources, NamesWithPatternCharactersAreTakenAsTheyAreSpelled) {
  image_files("a [2024]", 2);
  image_files("deep/x[1]", 1);
  image_files("deep/x1", 1);
  image_file("b[1].png");
  image_file("b1.png");
  std::filesystem::create_symlink("gone", path("*.png"));
  EXPECT_EQ(keys(caption({path("a [2024]/*.png")})), (Names{"a [2024]/000.png", "a [2024]/001.png"}));
  EXPECT_EQ(keys(caption({path("d*/x[1]/0*.png")})), (Names{"deep/x[1]/000.png"}));
  EXPECT_EQ(keys(caption({path("d*/x[12]/0*.png")})), (Names{"deep/x1/000.png"}));
  EXPECT_EQ(keys(caption({path("b[1].png")})), (Names{"b[1].png"}));
  EXPECT_EQ(keys(caption({path("*.png")})), (Names{"*.png"})) << "a link of that very name";
  EXPECT_EQ(keys(caption({path("[*b]*.png")})), (Names{"*.png", "b1.png", "b[1].png"}));
  const Result none = caption({path("a [2024]/*.webp")});
  EXPECT_EQ(none.code, 1);
  expect_one_error(none.err);
  // A line of a list is a name, not a pattern.
  std::filesystem::remove(path("b[1].png"));
  write_file(path("list.txt"), path("b[1].png") + "\n");
  EXPECT_EQ(keys(caption({"@" + path("list.txt")})), (Names{"b[1].png"}));
}

TEST_F(CaptionSources, AwkwardNamesKeepTheirRecords) {
  const std::string longest(251, 'x');
  std::filesystem::create_directory(path("p"));
  for (const std::string& name :
       {std::string("-a.png"), longest + ".png", std::string("\xff.png"), std::string("a b.png")}) {
    std::filesystem::rename(image_file("any.png"), path("p/" + name));
  }
  const Result result = caption({path("p"), "-o", path("o.jsonl"), "--sidecar", ".txt"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(records("o.jsonl").size(), 4U);
  EXPECT_TRUE(std::filesystem::exists(path("p/" + longest + ".txt")));
  std::filesystem::current_path(path("p"));
  EXPECT_EQ(keys(caption({"--", "-a.png"})), (Names{"-a.png"}));
  EXPECT_EQ(keys(caption({"-"}, {.input = "-a.png\n" + std::string(5000, 'y') + "\n"})),
            (Names{"-a.png", std::string(5000, 'y')}));
}

TEST_F(CaptionSources, ASidecarThatHasNoPlaceIsToldBeforeTheWork) {
  const Result result = caption({"/proc/sys/kernel", "--sidecar", ".txt"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "takes sidecars")) << result.err;
  // Never the picture itself.
  copy("ok.png", "p/really.txt");
  const std::string before = read_file(path("p/really.txt"));
  const Result same = caption({path("p"), "--sidecar", ".txt", "--overwrite"});
  EXPECT_EQ(same.code, 3);
  expect_one_error(same.err);
  EXPECT_EQ(read_file(path("p/really.txt")), before);
  EXPECT_EQ(caption({path("p"), "--sidecar", ".txt", "--overwrite", "-o", path("o.jsonl")}).code, 3);
  EXPECT_EQ(read_file(path("p/really.txt")), before);
  EXPECT_FALSE(records("o.jsonl")[0].contains("error"));
}

// A record as if of a picture would stand there for good once the folder is back.
TEST_F(CaptionSources, AFolderThatGoesBeforeItsWalkHasNoRecord) {
  image_files("p", 2);
  image_files("q", 1);
  // The list is read first, and waits for its lines.
  Process process(words({"-", path("p"), "-o", path("o.jsonl")}), {.input = path("q/000.png") + "\n"});
  for (int i = 0; i < 3000 && !std::filesystem::exists(path("o.jsonl")); ++i) usleep(10000);
  std::filesystem::rename(path("p"), path("away"));
  const Result result = process.finish();
  EXPECT_EQ(result.code, 3);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "expected what was there before the work, found nothing")) << result.err;
  EXPECT_EQ(records("o.jsonl").size(), 1U);
  std::filesystem::rename(path("away"), path("p"));
  EXPECT_EQ(caption({path("q"), path("p"), "-o", path("o.jsonl")}).code, 0);
  EXPECT_EQ(by_key("o.jsonl").size(), 3U);
}

TEST_F(CaptionSources, OnlyTheSubfolderThatTakesNoSidecarsFails) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  image_files("p", 1);
  image_files("p/locked", 2);
  ASSERT_EQ(chmod(path("p/locked").c_str(), 0555), 0);
  const Result result = caption({path("p"), "--sidecar", ".txt"});
  EXPECT_EQ(result.code, 3);
  expect_one_error(result.err);
  EXPECT_TRUE(std::filesystem::exists(path("p/000.txt")));
  ASSERT_EQ(chmod(path("p/locked").c_str(), 0755), 0);
}

}  // namespace
}  // namespace janus::test
