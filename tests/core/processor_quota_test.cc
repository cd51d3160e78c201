#include "core/cpu/processor_quota.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace janus::cpu {
namespace {

namespace fs = std::filesystem;

class ProcessorQuota : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("janus_quota_" + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  int quota(const std::string& groups) {
    write("groups", groups);
    return quota_processors({(root_ / "groups").string(), root_.string()});
  }

  fs::path root_;
};

TEST_F(ProcessorQuota, NoLimit) {
  EXPECT_EQ(quota("0::/a/b\n"), 0);
  write("a/b/cpu.max", "max 100000\n");
  write("cpu.max", "max 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 0);
  EXPECT_EQ(quota(""), 0);
  EXPECT_EQ(quota("nonsense\n"), 0);
  write("cpu/cpu.cfs_quota_us", "-1\n");
  write("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("3:cpu:/\n"), 0);
}

TEST_F(ProcessorQuota, TheLeastOfTheGroupsAround) {
  write("a/b/cpu.max", "650000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 7);
  write("a/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 3);
  write("cpu.max", "50000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 1);
  EXPECT_EQ(quota("0::/elsewhere\n"), 1) << "a path of the host";
}

TEST_F(ProcessorQuota, Version1) {
  write("cpu/box/cpu.cfs_quota_us", "250000\n");
  write("cpu/box/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("5:memory:/box\n4:cpu,cpuacct:/box\n"), 3);
  EXPECT_EQ(quota("4:cpuset:/box\n"), 0);
}

}  // namespace
}  // namespace janus::cpu
