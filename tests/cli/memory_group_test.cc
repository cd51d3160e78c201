// Commands in a control group with little memory: one line, not a process that the system ends.
#include <unistd.h>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

// A group of its own with `bytes` of memory; none where this process may not make one.
class MemoryGroup {
 public:
  explicit MemoryGroup(int64_t bytes) {
    for (const auto& [root, limit] : {std::pair("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                                      std::pair("/sys/fs/cgroup", "memory.max")}) {
      const std::string folder = std::string(root) + "/janus-test-" + std::to_string(getpid());
      std::error_code fault;
      if (!fs::exists(std::string(root) + "/cgroup.procs", fault) || !fs::create_directory(folder, fault))
        continue;
      folder_ = folder;
      std::ofstream(folder + "/" + limit) << bytes;
      std::string word;
      if (std::ifstream(folder + "/" + limit) >> word && word != "max" && std::stoll(word) <= bytes) return;
      fs::remove(folder, fault);
      folder_.clear();
    }
  }
  ~MemoryGroup() { rmdir(folder_.c_str()); }
  bool made() const { return !folder_.empty(); }
  Result run(const std::string& words) const {
    return test::run({"-c", "echo $$ > " + folder_ + "/cgroup.procs && exec " JANUS_PROGRAM " " + words},
                     {.program = "/bin/sh"});
  }

 private:
  std::string folder_;
};

class InMemoryGroup : public InFolder {};

TEST_F(InMemoryGroup, WhatDoesNotFitIsOneLineBeforeTheWork) {
  const MemoryGroup group(40'000'000);
  if (!group.made()) GTEST_SKIP() << "no control groups may be made here";
  image_file("a.png");
  for (const std::string& words :
       {std::string("bench --config janus-pro-1b -q"),
        "quantize --config janus-pro-7b -q -o " + path("m.gguf"), "caption -q -b 256 " + path("a.png")}) {
    if (words[0] == 'c' && !JANUS_WITH_SENTENCEPIECE) continue;  // the built-in model needs it
    const Result result = group.run(words);
    EXPECT_EQ(result.code, 1) << words << result.out << result.err;
    if (result.code != 1) continue;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("the control group has left"), std::string::npos) << result.err;
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a.png"});
}

TEST_F(InMemoryGroup, WhatFitsRuns) {
  const MemoryGroup group(60'000'000);
  if (!group.made()) GTEST_SKIP() << "no control groups may be made here";
  image_file("a.png");
  for (const std::string& words :
       {"generate x -b 16 -q -o " + path("x.png"), "encode -q -o " + path("a.json") + " " + path("a.png"),
        "embed -q -o " + path("a.npy") + " " + path("a.png")}) {
    const Result result = group.run(words + " -m " + kModel);
    EXPECT_EQ(result.code, 0) << words << result.err;
  }
}

}  // namespace
}  // namespace janus::test
