#include "core/base/read_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <span>
#include <string>
#include <thread>

#include "core/base/file_descriptor.h"
#include "core/base/write_all.h"
#include "tests/core/model_files.h"

namespace janus::test {
namespace {

TEST(ReadFile, GivesAllBytesUpToTheLimit) {
  const TemporaryFolder folder;
  for (const size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    std::string text(size, 'a');
    if (size > 0) text.back() = '\0';
    const std::string path = folder.write("f", text);
    EXPECT_EQ(read_file(path, "f", size), text) << size;
    EXPECT_EQ(read_file(path, "f", SIZE_MAX / 2), text) << size;
    if (size == 0) continue;
    expect_error(error_of([&] { read_file(path, "list, f", size - 1); }),
                 {"list, f: expected at most " + std::to_string(size - 1) + " bytes, found " +
                  std::to_string(size) + "; check the path"});
  }
}

TEST(ReadFile, APipeHasNoSizeToKnowBefore) {
  for (const size_t size : {0, 100, 65536, 1000000}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    FileDescriptor reading(ends[0]), writing(ends[1]);
    const std::string text(size, 'p');
    std::thread writer([&] {
      EXPECT_EQ(write_all(writing.get(), std::as_bytes(std::span(text))), 0);
      writing.close();
    });
    EXPECT_EQ(read_to_end(reading.get(), "pipe", size), text) << size;
    writer.join();
  }
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  ASSERT_EQ(write_all(writing.get(), std::as_bytes(std::span("seven", 6))), 0);
  writing.close();
  expect_error(error_of([&] { read_to_end(reading.get(), "pipe", 5); }),
               {"pipe: expected at most 5 bytes, found more"});
}

// Files of /proc say that they are empty.
TEST(ReadFile, AFileThatTellsNoSizeIsReadToItsEnd) {
  EXPECT_FALSE(read_file("/proc/self/maps", "maps", 1 << 24).empty());
}

TEST(ReadFile, RefusesWhatCannotBeRead) {
  const TemporaryFolder folder;
  const std::string missing = folder.path() + "/missing";
  expect_error(
      error_of([&] { read_file(missing, "prompt, " + missing, 10); }),
      {"prompt, " + missing + ": expected a readable file, found: No such file or directory; check"});
  expect_error(error_of([&] { read_file(folder.path(), "x", 10); }), {"x: expected a readable", "directory"});
}

}  // namespace
}  // namespace janus::test
