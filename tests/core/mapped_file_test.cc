// Files in memory that others write to meanwhile.
#include "core/base/mapped_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/machine_fault.h"
#include "tests/core/model_files.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

class MappedFiles : public testing::Test {
 protected:
  std::string file(const std::string& name, size_t bytes) const {
    folder_.write(name, std::string(bytes, 'a'));
    // Its time of change has the grain of the system's clock.
    fs::last_write_time(folder_.path() + "/" + name,
                        fs::file_time_type::clock::now() - std::chrono::hours(1));
    return folder_.path() + "/" + name;
  }

  const TemporaryFolder folder_;
};

TEST_F(MappedFiles, AreKnownByTheirAddresses) {
  const std::string path = file("a", 10'000);
  FileBytes mapped = map_file(path);
  const std::byte* const begin = mapped.bytes.data();
  EXPECT_EQ(mapped_path_at(begin), path);
  EXPECT_EQ(mapped_path_at(begin + 9'999), path);
  EXPECT_EQ(mapped_path_at(&path), nullptr);
  mapped = {};
  EXPECT_EQ(mapped_path_at(begin), nullptr);
}

// One process notes one change, so this is one test: first what is none, then one.
TEST_F(MappedFiles, TellWhatHasBeenWrittenTo) {
  const std::string first = file("a", 5000), second = file("b", 5000);
  FileBytes a = map_file(first), b = map_file(second);
  EXPECT_NO_THROW(check_mapped_files());
  // Another file under the name; a file that is not mapped any more.
  fs::rename(file("c", 6000), first);
  std::ofstream(first, std::ios::app) << "more";
  EXPECT_NO_THROW(check_mapped_files());
  const std::string third = file("d", 100);
  (void)map_file(third);
  std::ofstream(third, std::ios::app) << "more";
  EXPECT_NO_THROW(check_mapped_files());

  fs::rename(second, folder_.path() + "/elsewhere");
  std::ofstream(folder_.path() + "/elsewhere", std::ios::app) << "more";
  b = {};  // it was mapped when that was done
  try {
    check_mapped_files();
    ADD_FAILURE() << "found no change";
  } catch (const MachineFault& fault) {
    const std::string text = fault.what();
    EXPECT_EQ(text.rfind(second, 0), 0U) << text;
    EXPECT_NE(text.find("5004 bytes in place of 5000"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace janus::test
