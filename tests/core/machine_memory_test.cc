// What machine and control groups leave, from files as Linux has them.
#include "core/base/machine_memory.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace janus {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kGigabyte = 1 << 30;

class MachineMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "janus-memory-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    write("meminfo",
          "MemTotal:       33554432 kB\nMemFree:         1048576 kB\nMemAvailable:   16777216 kB\n"
          "SwapTotal:             0 kB\nSwapFree:              0 kB\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((fs::path(root_) / name).parent_path());
    std::ofstream(fs::path(root_) / name) << text;
  }
  // A group of version 2, with file cache in its use.
  void group(const std::string& path, const std::string& limit, int64_t use, int64_t cache) const {
    write(path + "/memory.max", limit + "\n");
    write(path + "/memory.current", std::to_string(use) + "\n");
    write(path + "/memory.stat", "anon 5\nfile 9\ninactive_file " + std::to_string(cache / 2) +
                                     "\nactive_file " + std::to_string(cache / 2) + "\nslab_reclaimable 0\n");
  }
  MachineMemory memory() const {
    return machine_memory(
        {.meminfo = root_ + "/meminfo", .own_groups = root_ + "/own", .group_root = root_ + "/groups"});
  }

  std::string root_;
};

TEST_F(MachineMemoryTest, IsWhatTheMachineHasAvailable) {
  EXPECT_EQ(memory().available_bytes, 16 * kGigabyte);
  EXPECT_EQ(memory().limit, "the machine");
  write("meminfo", "MemAvailable: 1048576 kB\nSwapFree: 2097152 kB\n");
  EXPECT_EQ(memory().available_bytes, 3 * kGigabyte);
}

TEST_F(MachineMemoryTest, AGroupOfVersion2LimitsItAndItsFileCacheCounts) {
  write("own", "0::/user/job\n");
  group("groups/user/job", std::to_string(4 * kGigabyte), 3 * kGigabyte, kGigabyte);
  EXPECT_EQ(memory().available_bytes, 2 * kGigabyte);
  EXPECT_EQ(memory().limit, "the control group");
}

TEST_F(MachineMemoryTest, TheNarrowestOfTheGroupsAroundCounts) {
  write("own", "0::/user/job\n");
  group("groups/user", std::to_string(4 * kGigabyte), 3 * kGigabyte, 0);
  group("groups/user/job", "max", 2 * kGigabyte, 0);
  EXPECT_EQ(memory().available_bytes, kGigabyte);
  group("groups/user/job", std::to_string(2 * kGigabyte), 2 * kGigabyte + 5, 0);
  EXPECT_EQ(memory().available_bytes, 0);
}

TEST_F(MachineMemoryTest, InAContainerTheRootIsTheGroup) {
  write("own", "0::/host/path/that/is/not/seen\n");
  group("groups", std::to_string(8 * kGigabyte), kGigabyte, 0);
  EXPECT_EQ(memory().available_bytes, 7 * kGigabyte);
  write("own", "0::/\n");
  EXPECT_EQ(memory().available_bytes, 7 * kGigabyte);
}

TEST_F(MachineMemoryTest, AGroupOfVersion1LimitsItToo) {
  write("own", "12:cpu,cpuacct:/other\n9:name=systemd:/\n4:memory:/job\n0::/job\n");
  write("groups/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("groups/memory/memory.usage_in_bytes", "1000\n");
  EXPECT_EQ(memory().limit, "the machine");
  write("groups/memory/job/memory.limit_in_bytes", std::to_string(4 * kGigabyte));
  write("groups/memory/job/memory.usage_in_bytes", std::to_string(3 * kGigabyte));
  write("groups/memory/job/memory.stat", "cache 1\ntotal_inactive_file " + std::to_string(kGigabyte) +
                                             "\ntotal_active_file " + std::to_string(kGigabyte) + "\n");
  EXPECT_EQ(memory().available_bytes, 3 * kGigabyte);
  EXPECT_EQ(memory().limit, "the control group");
}

TEST_F(MachineMemoryTest, ALimitAboveTheMachineIsNone) {
  write("own", "0::/job\n");
  group("groups/job", std::to_string(64 * kGigabyte), kGigabyte, 0);
  EXPECT_EQ(memory().available_bytes, 16 * kGigabyte);
  group("groups/job", "max", kGigabyte, 0);
  EXPECT_EQ(memory().available_bytes, 16 * kGigabyte);
}

TEST_F(MachineMemoryTest, WhereNothingTellsThereIsNoLimit) {
  fs::remove(root_ + "/meminfo");
  EXPECT_EQ(memory().available_bytes, INT64_MAX);
  for (const char* text : {"", "MemAvailable:\n", "MemAvailable: much kB\n", "\xff\xfe"}) {
    write("meminfo", text);
    write("own", text);
    EXPECT_EQ(memory().available_bytes, INT64_MAX) << text;
  }
}

TEST(MachineMemory, OfThisMachineIsSomething) {
  EXPECT_GT(machine_memory().available_bytes, 1 << 20);
  EXPECT_LT(machine_memory().available_bytes, INT64_MAX);
}

}  // namespace
}  // namespace janus
