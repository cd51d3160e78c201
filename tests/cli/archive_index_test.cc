// The index of an archive's members: which counts, and how much of hostile ones is held.
#include "cli/sources/archive_index.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/base/error.h"

namespace janus::cli {
namespace {

TEST(ArchiveIndex, TheLastOfANameCounts) {
  ArchiveIndex index("a.tar");
  for (const char* name : {"a.png", "./a.png", "b/../c.png", "c.png"}) index.add_file(name);
  EXPECT_FALSE(index.counts("a.png", 0));
  EXPECT_TRUE(index.counts("a.png", 1));
  EXPECT_FALSE(index.counts("c.png", 2));
  EXPECT_TRUE(index.counts("c.png", 3));
}

// Calls `add` with names of 60 KB until the index has enough. Returns how many it took, and the message.
std::pair<int, std::string> filled(const std::function<void(ArchiveIndex&, const std::string&)>& add) {
  ArchiveIndex index("a.tar");
  constexpr int kMost = 10'000;
  for (int taken = 0; taken < kMost; ++taken) {
    try {
      add(index, std::string(60'000, 'a') + std::to_string(taken));
    } catch (const Error& error) {
      return {taken, error.what()};
    }
  }
  return {kMost, ""};
}

TEST(ArchiveIndex, HoldsSoMuchOfNames) {
  constexpr int kOfOneText = (256 << 20) / 60'100;
  const auto [links, of_links] =
      filled([](ArchiveIndex& index, const std::string& name) { index.add_link(name, "b", false); });
  EXPECT_NEAR(links, kOfOneText / 2, 20);
  EXPECT_NE(of_links.find("archive, a.tar: expected names"), std::string::npos) << of_links;
  const auto [folders, of_folders] =
      filled([](ArchiveIndex& index, const std::string& name) { index.add_folder(name); });
  EXPECT_NEAR(folders, kOfOneText, 20);
  EXPECT_NE(of_folders.find("256 MiB"), std::string::npos) << of_folders;
  // Of a file no more than a hash is held, so that these 300 MB fit.
  ArchiveIndex index("a.tar");
  for (int i = 0; i < 500; ++i)
    EXPECT_NO_THROW(index.add_file(std::string(600'000, 'a') + std::to_string(i)));
}

}  // namespace
}  // namespace janus::cli
