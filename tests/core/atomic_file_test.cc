#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <set>

#include "core/base/read_file.h"
#include "core/base/write_all.h"
#include "tests/core/model_files.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

class AtomicFiles : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string content(const std::string& name) const { return read_file(path(name), name, 1 << 24); }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      names.insert(entry.path().filename().string());
    return names;
  }
  AtomicFileOptions options(Temporary temporary) const {
    return {.temporary = temporary, .durable = true, .name = "output, f", .advice = "choose another -o"};
  }

  const TemporaryFolder folder_;
};

class AtomicFileTest : public AtomicFiles, public testing::WithParamInterface<Temporary> {
 protected:
  using AtomicFiles::options;
  AtomicFileOptions options() const { return options(GetParam()); }
};

TEST_P(AtomicFileTest, TheOldFileStandsUntilTheNewOneIsWhole) {
  folder_.write("f", "old");
  fs::permissions(path("f"), fs::perms(0640));
  std::string text = "new ";
  AtomicFile file(path("f"), options());
  file.append(std::string_view("new "));
  for (const size_t size : {0, 10, 1 << 20, 700000, 700000, 3}) {
    const std::string more(size, static_cast<char>('a' + size % 26));
    file.append(more);
    text += more;
  }
  EXPECT_EQ(content("f"), "old");
  EXPECT_EQ(names().size(), 2U);
  file.commit();
  EXPECT_EQ(content("f"), text);
  EXPECT_EQ(names(), std::set<std::string>{"f"});
  EXPECT_EQ(fs::status(path("f")).permissions(), fs::perms(0640));
}

TEST_P(AtomicFileTest, TheNewFileIsNoProgramOfTheOldOnesOwner) {
  folder_.write("f", "old");
  ASSERT_EQ(chmod(path("f").c_str(), 07755), 0);
  AtomicFile file(path("f"), options());
  file.append(std::string_view("new"));
  file.commit();
  EXPECT_EQ(fs::status(path("f")).permissions(), fs::perms(0755));
}

TEST_P(AtomicFileTest, WhatIsNotCommittedGoesUnlessItCanBeResumed) {
  { AtomicFile(path("f"), options()).append(std::string_view("some")); }
  if (GetParam() == Temporary::resumed) {
    EXPECT_EQ(names(), std::set<std::string>{"f.incomplete"});
    EXPECT_EQ(content("f.incomplete"), "some");
  } else {
    EXPECT_EQ(names(), std::set<std::string>{});
  }
}

TEST_P(AtomicFileTest, ItStaysOpenForMore) {
  AtomicFile file(path("f"), options());
  file.append(std::string_view("one"));
  const FileDescriptor open(file.commit_open());
  EXPECT_EQ(content("f"), "one");
  ASSERT_EQ(lseek(open.get(), 0, SEEK_SET), 0);
  ASSERT_EQ(write_all(open.get(), std::as_bytes(std::span("two", 3))), 0);
  EXPECT_EQ(content("f"), "onetwo");
}

TEST_P(AtomicFileTest, ALinkIsReplacedUnlessItIsResolved) {
  folder_.write("far", "far");
  fs::create_symlink("far", path("link"));
  fs::create_symlink(path("link"), path("chain"));
  EXPECT_EQ(resolve_links(path("chain")), path("far"));
  EXPECT_EQ(resolve_links(path("nowhere")), path("nowhere"));
  AtomicFile through(resolve_links(path("chain")), options());
  through.append(std::string_view("through"));
  through.commit();
  EXPECT_EQ(content("far"), "through");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  AtomicFile over(path("link"), options());
  over.append(std::string_view("over"));
  over.commit();
  EXPECT_EQ(content("link"), "over");
  EXPECT_FALSE(fs::is_symlink(path("link")));
  EXPECT_EQ(content("far"), "through");
}

TEST_P(AtomicFileTest, AFileThatMayNotGrowLeavesTheOldOne) {
  folder_.write("f", "old");
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string written = error_of([&] {
    AtomicFile file(path("f"), options());
    file.append(std::string(2000, 'x'));
    file.commit();
  });
  const std::string reserved = error_of([&] { AtomicFile(path("g"), options()).reserve(2000); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  expect_error(written, {"output, f: expected to write it whole, found File too large; raise the limit on "
                         "file sizes (ulimit -f), or choose another -o"});
  expect_error(reserved, {"output, f: expected room for 2000 bytes, found File too large"});
  EXPECT_EQ(content("f"), "old");
  EXPECT_FALSE(names().contains("g"));
}

INSTANTIATE_TEST_SUITE_P(Temporaries, AtomicFileTest,
                         testing::Values(Temporary::unique, Temporary::of_target, Temporary::resumed));

TEST_F(AtomicFiles, SeveralMayWriteOneTarget) {
  AtomicFile first(path("f"), options(Temporary::unique)), second(path("f"), options(Temporary::unique));
  first.append(std::string_view("first"));
  second.append(std::string_view("second"));
  second.commit();
  first.commit();
  EXPECT_EQ(content("f"), "first");
  EXPECT_EQ(names(), std::set<std::string>{"f"});
}

TEST_F(AtomicFiles, TheNextOneTakesOverWhatAKillLeft) {
  const std::string leftover = leftover_path(path("f"), Temporary::of_target);
  EXPECT_EQ(fs::path(leftover).parent_path(), folder_.path());
  folder_.write(fs::path(leftover).filename().string(), "what a killed process wrote");
  AtomicFile file(path("f"), options(Temporary::of_target));
  file.append(std::string_view("whole"));
  file.commit();
  EXPECT_EQ(content("f"), "whole");
  EXPECT_EQ(names(), std::set<std::string>{"f"});
}

TEST_F(AtomicFiles, LeftoversOfDeadWritersGoAndThoseOfLivingStay) {
  folder_.write(".janus-tmp-1-00000000", "what a killed process wrote");
  folder_.write(".janus-of-mine", "a file of another kind");
  AtomicFile living(path("f"), options(Temporary::unique));
  living.append(std::string_view("whole"));
  living.flush();
  remove_leftovers(folder_.path());
  EXPECT_EQ(names().size(), 2U);
  EXPECT_FALSE(names().contains(".janus-tmp-1-00000000"));
  living.commit();
  EXPECT_EQ(content("f"), "whole");
  EXPECT_EQ(names(), (std::set<std::string>{".janus-of-mine", "f"}));
  remove_leftovers(path("none"));
}

TEST_F(AtomicFiles, AFileThatIsToStayStays) {
  AtomicFileOptions keeping = options(Temporary::unique);
  keeping.replaces = false;
  {
    AtomicFile file(path("f"), keeping);
    file.append(std::string_view("new"));
    folder_.write("f", "came meanwhile");
    EXPECT_THROW(file.commit(), FileExists);
  }
  EXPECT_EQ(content("f"), "came meanwhile");
  EXPECT_EQ(names(), std::set<std::string>{"f"});
  AtomicFile other(path("g"), keeping);
  other.append(std::string_view("new"));
  other.commit();
  EXPECT_EQ(content("g"), "new");
  EXPECT_EQ(names(), (std::set<std::string>{"f", "g"}));
}

TEST_F(AtomicFiles, AResumedOneGoesOnOrStartsAnew) {
  folder_.write("f.incomplete", "begin");
  const auto read_back = [](const AtomicFile& file) {
    std::string text;
    file.read_back([&](std::span<const std::byte> bytes) {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    return text;
  };
  {
    AtomicFile file(path("f"), options(Temporary::resumed));
    EXPECT_EQ(file.bytes(), 5);
    EXPECT_EQ(read_back(file), "begin");
    file.append(std::string_view(", middle"));
    EXPECT_EQ(content("f.incomplete"), "begin, middle");
  }
  AtomicFile file(path("f"), options(Temporary::resumed));
  EXPECT_EQ(read_back(file), "begin, middle");
  file.clear();
  file.append(std::string_view("anew"));
  EXPECT_EQ(file.bytes(), 4);
  file.commit();
  EXPECT_EQ(content("f"), "anew");
}

TEST_F(AtomicFiles, AFolderThatTakesNoFilesIsRefused) {
  EXPECT_EQ(try_folder_of(path("f")), 0);
  EXPECT_EQ(try_folder_of(path("none/f")), ENOENT);
  EXPECT_EQ(names(), std::set<std::string>{});
  expect_error(error_of([&] { AtomicFile(path("none/f"), options(Temporary::unique)); }),
               {"output, f: expected a folder that takes files, found No such file or directory"});
}

// Where a link was laid in its way, nothing is written through it.
TEST_F(AtomicFiles, ALinkOfItsTemporaryNameIsNotFollowed) {
  folder_.write("victim", "victim");
  fs::create_symlink("victim", leftover_path(path("f"), Temporary::of_target));
  EXPECT_NE(error_of([&] { AtomicFile(path("f"), options(Temporary::of_target)); }), "");
  EXPECT_EQ(content("victim"), "victim");
}

}  // namespace
}  // namespace janus::test
