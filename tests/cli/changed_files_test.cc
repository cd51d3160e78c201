// Files that change while a run uses them: its model, its records, the folder that its results go to.
#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

// A run of caption whose list comes line by line, so that what happens between two pictures is known.
class ChangedFiles : public CaptionFiles {
 protected:
  void SetUp() override {
    CaptionFiles::SetUp();
    image_files("p", 4);
    fs::copy(kModel, path("model"));
    for (const auto& file : fs::directory_iterator(path("model")))
      fs::permissions(file.path(), fs::perms::owner_all);
    fs::create_directories(path("out"));
    ASSERT_EQ(mkfifo(path("list").c_str(), 0600), 0);
  }

  // Captions the first picture, does `change`, and hands out the others.
  Result run_with(const std::function<void()>& change, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"caption", "@" + path("list"), "-m", path("model"), "-n", "4",
                                   "-q",      "--decoders",       "1",  "-b",          "1",  "-o",
                                   output()};
    words.insert(words.end(), more.begin(), more.end());
    Process process(words);
    std::ofstream list(path("list"));
    list << path("p/000.png") << std::endl;
    EXPECT_TRUE(comes([&] { return size_of(output()) > 0; }));
    change();
    list << path("p/001.png") << "\n" << path("p/002.png") << std::endl;
    list.close();
    return process.finish();
  }
  static uintmax_t size_of(const std::string& file) {
    std::error_code none;
    const uintmax_t bytes = fs::file_size(file, none);
    return none ? 0 : bytes;
  }
  static bool comes(const std::function<bool()>& is_there) {
    for (int i = 0; i < 1500; ++i) {
      if (is_there()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  static void expect_line(const Result& result, const std::vector<std::string>& parts) {
    EXPECT_EQ(result.code, 1) << result.err;
    expect_one_error(result.err);
    for (const std::string& part : parts)
      EXPECT_NE(result.err.find(part), std::string::npos) << part << " in: " << result.err;
  }
  std::string weights() const { return path("model/model.safetensors"); }

  std::string output() const { return path("out/o.jsonl"); }
};

TEST_F(ChangedFiles, NothingChanged) {
  EXPECT_EQ(run_with([] {}).code, 0);
  EXPECT_EQ(by_key("out/o.jsonl").size(), 3U);
}

TEST_F(ChangedFiles, AModelThatIsCutShortEndsWithALine) {
  const Result result = run_with([&] { fs::resize_file(weights(), 4096); });
  expect_line(result, {weights(), "cut short"});
  EXPECT_EQ(by_key("out/o.jsonl").size(), 1U);
}

TEST_F(ChangedFiles, AModelThatIsOverwrittenInPlaceMakesNoRecords) {
  const Result result = run_with([&] {
    std::fstream file(weights(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('\x01');
  });
  expect_line(result, {weights(), "written to", "time of change", "the same command goes on"});
  EXPECT_EQ(by_key("out/o.jsonl").size(), 1U);
}

TEST_F(ChangedFiles, AModelThatGrowsIsToldWithItsSizes) {
  const auto before = fs::file_size(weights());
  const Result result = run_with([&] {
    // Another name for what is mapped: the change is that file's, wherever it stands.
    fs::rename(weights(), path("model/elsewhere"));
    std::ofstream(path("model/elsewhere"), std::ios::app) << "more";
  });
  expect_line(result,
              {weights(), std::to_string(before + 4) + " bytes in place of " + std::to_string(before)});
  EXPECT_EQ(by_key("out/o.jsonl").size(), 1U);
}

TEST_F(ChangedFiles, AModelThatIsReplacedByAnotherFileDoesNoHarm) {
  const Result result = run_with([&] {
    fs::copy(weights(), path("model/new"));
    fs::rename(path("model/new"), weights());
  });
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(by_key("out/o.jsonl").size(), 3U);
}

TEST_F(ChangedFiles, RecordsThatAreRemovedMovedOrCutEndTheRun) {
  const struct {
    const char* name;
    std::function<void()> change;
    std::string told;
    size_t left;  // records where the run had put them, or where they were moved
  } cases[] = {
      {"removed", [&] { fs::remove(output()); }, "removed", 0},
      {"moved", [&] { fs::rename(output(), path("out/elsewhere.jsonl")); }, "moved away", 0},
      {"cut", [&] { fs::resize_file(output(), 0); }, "0 bytes in place of", 0},
      {"added to", [&] { std::ofstream(output(), std::ios::app) << "\n"; }, "in place of", 1},
      {"replaced",
       [&] {
         fs::copy(output(), path("out/new"));
         fs::rename(path("out/new"), output());
       },
       "another file", 1},
      {"folder moved", [&] { fs::rename(path("out"), path("away")); }, "moved away", 0},
      {"folder removed", [&] { fs::remove_all(path("out")); }, "removed", 0},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    fs::remove_all(path("out"));
    fs::remove_all(path("away"));
    fs::create_directories(path("out"));
    expect_line(run_with(one.change), {output(), one.told, "start again"});
    const size_t left = fs::exists(output()) ? lines_of(read_file(output())).size() : 0;
    EXPECT_EQ(left, one.left + (one.told == "in place of" ? 1 : 0));
  }
}

TEST_F(ChangedFiles, AMissingJournalIsNoticedAtTheEndToo) {
  // Nothing is appended any more: the other pictures have records of an earlier run.
  ASSERT_EQ(run_with([] {}).code, 0);
  std::vector<std::string> words{"caption", "@" + path("list"), "-m", path("model"), "-n", "4", "-q", "-o",
                                 output()};
  Process process(words);
  std::ofstream list(path("list"));
  // Its lock is taken before the list is opened, which the stream above has waited for.
  fs::remove(output());
  list << path("p/000.png") << std::endl;
  list.close();
  expect_line(process.finish(), {output(), "removed"});
}

// Lists of prompts.

class ChangedOutputs : public ChangedFiles {
 protected:
  Result generate_with(const std::function<void()>& change) const {
    std::string prompts;
    for (int i = 0; i < 300; ++i) prompts += "a cat\n";
    write_file(path("prompts.txt"), prompts);
    Process process(
        {"generate", "--prompts", path("prompts.txt"), "-o", path("g") + "/", "-m", path("model"), "-q"});
    EXPECT_TRUE(comes([&] { return fs::exists(path("g/00001.png")); }));
    change();
    return process.finish();
  }
};

TEST_F(ChangedOutputs, AFolderThatGoesEndsAListOfPrompts) {
  const Result result = generate_with([&] { fs::rename(path("g"), path("h")); });
  expect_line(result, {path("g") + "/", "the same command goes on"});
  const std::string records = read_file(path("h/janus-records.jsonl"));
  EXPECT_EQ(records.find("\"error\""), std::string::npos) << records;
}

TEST_F(ChangedOutputs, ImagesThatAreRemovedAreNotCounted) {
  const Result result = generate_with([&] { fs::remove(path("g/00000.png")); });
  expect_line(result, {path("g/00000.png"), "299 of 300"});
}

TEST_F(ChangedOutputs, AModelThatChangesMakesNoMoreImages) {
  const Result result = generate_with([&] { fs::resize_file(weights(), 4096); });
  expect_line(result, {weights()});
  for (const auto& file : fs::directory_iterator(path("g")))
    EXPECT_EQ(file.path().filename().string().find(".json") == std::string::npos,
              file.path().extension() == ".png");
}

// A server ends, so that whoever watches over it starts it again.
TEST_F(ChangedFiles, AServerWhoseModelIsWrittenToEnds) {
  if (!JANUS_WITH_SERVE) GTEST_SKIP() << "built without a server";
  const uintmax_t whole = fs::file_size(weights());
  for (const uintmax_t bytes : {whole + 1, whole / 2}) {
    const std::string line =
        "echo $$ > " + path("pid") + " && exec " JANUS_PROGRAM " serve --port 0 -q -m " + path("model");
    Process process({"-c", line}, {.program = "/bin/sh"});
    EXPECT_TRUE(comes([&] {
      std::string pid, maps;
      if (!(std::ifstream(path("pid")) >> pid)) return false;
      std::ifstream file("/proc/" + pid + "/maps");
      std::getline(file, maps, '\0');
      return maps.find(weights()) != maps.npos;
    }));
    fs::resize_file(weights(), bytes);
    expect_line(process.finish(), {weights()});
    fs::remove(path("pid"));
    fs::copy(kModel + "/model.safetensors", weights(), fs::copy_options::overwrite_existing);
  }
}

// Other signals of that kind end the process as ever.
TEST_F(ChangedFiles, ASignalThatIsSentEndsTheProgram) {
  Process process({"caption", "@" + path("list"), "-m", path("model"), "-q", "-o", path("out/o.jsonl")});
  std::ofstream list(path("list"));
  list << path("p/000.png") << std::endl;
  EXPECT_TRUE(comes([&] { return fs::exists(path("out/o.jsonl")); }));
  process.send(SIGBUS);
  EXPECT_EQ(process.finish().code, 128 + SIGBUS);
}

}  // namespace
}  // namespace janus::test
