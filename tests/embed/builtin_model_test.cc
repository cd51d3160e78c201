#include "generator/builtin_model.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/read_file.h"

namespace janus {
namespace {

std::string on_disk(const std::string& file) {
  return read_file(JANUS_TEST_DATA "/embed/" + file, file, 1 << 20);
}

// This test's program embeds tests/data/embed.
TEST(BuiltinModel, HoldsTheFilesOfItsFolderByteForByte) {
  const FileSet files = builtin_model();
  EXPECT_EQ(files.name(), "janus-tiny (built in)");
  ASSERT_EQ(files.files(), (std::vector<std::string>{"config.json", "data.bin"}));
  for (const std::string& file : files.files()) {
    const FileBytes embedded = files.read(file);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(embedded.bytes.data()), embedded.bytes.size()),
              on_disk(file));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(embedded.bytes.data()) % 64, 0U) << file;
  }
  EXPECT_EQ(files.json("config.json").at("model_type"), "none");
}

}  // namespace
}  // namespace janus
