// Nothing grows from one generation to the next: neither what a GPU holds nor the process.
// JANUS_TEST_GENERATIONS=N: so many, of the built-in model (tests/gpu.sh); else a few of a small one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "generator/memory_need.h"
#include "generator/model.h"
#include "tests/support/device_under_test.h"

namespace janus {
namespace {

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Generates and decodes images, looks at an image and answers, by ids: the build may lack the tokenizer.
void run_once(const Model& model, uint32_t seed) {
  const std::vector<int32_t> ids(9, 3);
  model.generate({.prompt_ids = ids, .count = 2, .sampling = {.seed = seed}}, {});
  const Image image{.width = 30, .height = 20, .pixels = std::vector<uint8_t>(3 * 30 * 20, 9)};
  model.need_image_embedder().embed(image, EmbedStage::aligned);
  model.describe({}, {.prompt_ids = ids, .max_tokens = 12, .sampling = {.temperature = 1.0F, .seed = seed}});
}

TEST(Growth, NothingGrowsOverManyGenerations) {
  const char* const wanted = std::getenv("JANUS_TEST_GENERATIONS");
  const int rounds = wanted == nullptr ? 4 : std::atoi(wanted), warm_up = rounds / 10 + 2;
  ASSERT_GT(rounds, warm_up);
  const std::shared_ptr<Device> device = oracle::test_device();
  const std::string folder = wanted == nullptr ? JANUS_TEST_DATA "/models/grouped-query"
                                               : JANUS_SOURCE_DIR "/samples/janus-tiny/model";
  const auto model = open_model(Checkpoint::open(folder), device);
  HeldMemory before;
  int64_t resident_before = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round == warm_up) {
      before = device->held_memory();
      resident_before = resident_bytes();
    }
    run_once(*model, static_cast<uint32_t>(round));
  }
  const HeldMemory after = device->held_memory();
  EXPECT_EQ(after.used_bytes, before.used_bytes);
  EXPECT_EQ(after.taken_bytes, before.taken_bytes);
  constexpr int64_t kAllowed = int64_t{16} << 20;  // what allocators keep
  EXPECT_LE(resident_bytes() - resident_before, kAllowed);
  if (oracle::traits().has_own_memory) {
    EXPECT_GT(after.used_bytes, 0) << "a GPU counts";
  }
}

TEST(Growth, AGpuGivesNoMoreThanWasTold) {
  if (!oracle::traits().has_own_memory) GTEST_SKIP() << "tests/generator/memory_need_test.cc has the CPU";
  const Checkpoint checkpoint = Checkpoint::open(JANUS_TEST_DATA "/models/grouped-query");
  const MemoryNeed told = memory_need(checkpoint, "cuda", {}, {.prompt_tokens = 9, .generated_images = 2});
  const MemoryNeed answering =
      memory_need(checkpoint, "cuda", {}, {.prompt_tokens = 9, .prompt_images = 1, .new_tokens = 12});
  const std::shared_ptr<Device> device = oracle::test_device();
  const auto model = open_model(checkpoint, device);
  const HeldMemory loaded = device->held_memory();
  // A kept block may stand for one up to a quarter smaller.
  EXPECT_LE(loaded.used_bytes, told.held_bytes / 16 * 17);
  EXPECT_GE(loaded.used_bytes, told.held_bytes / 10 * 9);
  run_once(*model, 1);
  // What each of the works took may be kept for the next of its kind, the decoder's beside the steps', and is
  // given back where there is no room.
  int64_t kept = 0;
  for (const MemoryNeed& work : {told, answering, memory_need(checkpoint, "cuda", {}, {.decodes = true})}) {
    kept += work.cache_bytes + work.scratch_bytes;
  }
  EXPECT_LE(device->held_memory().taken_bytes, told.held_bytes + kept);
}

}  // namespace
}  // namespace janus
