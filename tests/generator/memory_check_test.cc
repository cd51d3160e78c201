// What is said of a model that does not fit, with machines of any size.
#include "generator/memory_check.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace janus {
namespace {

class MemoryCheck : public testing::Test {
 protected:
  // A model in f32.
  const Checkpoint checkpoint_ = Checkpoint::open(std::string(JANUS_TEST_DATA) + "/models/grouped-query");

  MemoryQuestion question(WeightType type, const Work& work) const {
    return {
        .checkpoint = checkpoint_, .model = "some", .device = "cpu", .options = {.type = type}, .work = work};
  }
  MemoryNeed need(WeightType type, const Work& work) const {
    return memory_need(checkpoint_, "cpu", {.type = type}, work);
  }
  MemoryAnswer answer(WeightType type, const Work& work, int64_t available,
                      const std::string& device = "cpu") const {
    MemoryQuestion asked = question(type, work);
    asked.device = device;
    return check_memory(asked, {.available_bytes = available, .limit = "the control group"});
  }
  // Empty, a warning, or "error: " and what was thrown.
  std::string said(WeightType type, const Work& work, int64_t available) const try {
    return answer(type, work, available).warning;
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }
};

TEST_F(MemoryCheck, SaysNothingWhereAllFits) {
  const MemoryNeed all = need(WeightType::native, {.generated_images = 1});
  EXPECT_EQ(said(WeightType::native, {.generated_images = 1}, all.own_bytes() + all.mapped_bytes), "");
  EXPECT_EQ(said(WeightType::native, {.generated_images = 1}, INT64_MAX), "");
}

TEST_F(MemoryCheck, MappedWeightsThatDoNotFitAreAWarning) {
  const MemoryNeed all = need(WeightType::native, {.generated_images = 1});
  ASSERT_GT(all.mapped_bytes, all.own_bytes() / 10);
  const std::string text =
      said(WeightType::native, {.generated_images = 1}, all.own_bytes() + all.mapped_bytes - 1);
  EXPECT_EQ(text.rfind("model some: ", 0), 0U) << text;
  EXPECT_NE(text.find("again and again"), std::string::npos) << text;
  EXPECT_NE(text.find("the control group has left"), std::string::npos) << text;
}

TEST_F(MemoryCheck, WeightsThatAreInMemoryAlreadyAreNotCountedTwice) {
  const MemoryNeed all = need(WeightType::native, {.generated_images = 1});
  MemoryQuestion asked = question(WeightType::native, {.generated_images = 1});
  asked.in_memory = true;
  const MachineMemory enough{.available_bytes = all.own_bytes(), .limit = "the machine"};
  EXPECT_EQ(check_memory(asked, enough).warning, "");
}

TEST_F(MemoryCheck, FewerAnswersSideBySideAreTheRemedyWhereTheyHelp) {
  const Work many{.prompt_images = 1, .new_tokens = 64, .rows = 256};
  const MemoryNeed few = need(WeightType::native, {.prompt_images = 1, .new_tokens = 64, .rows = 16});
  const std::string text = said(WeightType::native, many, few.own_bytes() + few.mapped_bytes);
  EXPECT_EQ(text.rfind("error: memory, model some: ", 0), 0U) << text;
  EXPECT_NE(text.find("use rows 16"), std::string::npos) << text;
}

TEST_F(MemoryCheck, RoomIsAskedForBeforeAnythingIsMade) {
  check_room(1000, "some", "take less", {.available_bytes = 1000, .limit = "the machine"});
  EXPECT_THROW(check_room(1001, "some", "take less", {.available_bytes = 1000, .limit = "the machine"}),
               Error);
}

// ulimit -v: what is mapped counts in what the process has already.
TEST_F(MemoryCheck, ALimitOnTheProcessHoldsForWhatIsStillToCome) {
  const MemoryNeed all = need(WeightType::native, {.generated_images = 1});
  ASSERT_GT(all.mapped_bytes, 0);
  MachineMemory machine{
      .available_bytes = INT64_MAX, .limit = "the machine", .address_bytes = all.own_bytes()};
  EXPECT_EQ(check_memory(question(WeightType::native, {.generated_images = 1}), machine).warning, "");
  --machine.address_bytes;
  try {
    check_memory(question(WeightType::native, {.generated_images = 1}), machine);
    ADD_FAILURE() << "it fits";
  } catch (const NotEnoughMemory& error) {
    EXPECT_NE(std::string(error.what()).find("ulimit -v"), std::string::npos) << error.what();
  }
}

TEST_F(MemoryCheck, OwnMemoryThatDoesNotFitIsAnError) {
  const MemoryNeed all = need(WeightType::native, {.generated_images = 1});
  const std::string text = said(WeightType::native, {.generated_images = 1}, all.own_bytes() - 1);
  EXPECT_EQ(text.rfind("error: memory, model some: expected ", 0), 0U) << text;
}

TEST_F(MemoryCheck, GeneratesFewerSideBySideWhereThatIsEnough) {
  const Work work{.generated_images = 40};
  for (const std::string device : {"cpu", "cuda"}) {
    SCOPED_TRACE(device);
    EXPECT_EQ(answer(WeightType::native, work, INT64_MAX, device).images_at_once, 0);
    for (const int images : {8, 4, 2, 1}) {
      if (device == "cpu" && images >= 4) continue;  // what it likes
      const Work fewer{.generated_images = 40, .images_at_once = images};
      const MemoryNeed told = memory_need(checkpoint_, device, {}, fewer);
      const int64_t enough = told.own_bytes() + told.mapped_bytes;
      EXPECT_EQ(answer(WeightType::native, work, enough, device).images_at_once, images);
      EXPECT_NE(answer(WeightType::native, work, enough + 1, device).images_at_once, images / 2);
    }
  }
}

TEST_F(MemoryCheck, AGpuHoldsTheWeightsAndWhatItsKernelsTake) {
  const MemoryNeed cpu = need(WeightType::native, {.generated_images = 1});
  const MemoryNeed gpu = memory_need(checkpoint_, "cuda", {}, {.generated_images = 1});
  EXPECT_EQ(gpu.mapped_bytes, 0);
  EXPECT_GE(gpu.held_bytes, cpu.mapped_bytes);
  EXPECT_GT(gpu.scratch_bytes, 0);
  const std::string text = [&]() -> std::string {
    try {
      answer(WeightType::native, {.generated_images = 3}, gpu.held_bytes / 2, "cuda");
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  }();
  EXPECT_EQ(text.rfind("memory, model some: expected ", 0), 0U) << text;
  EXPECT_NE(text.find("; use device cpu or a smaller model"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

TEST_F(MemoryCheck, NamesAShorterAnswerWhereThatIsEnough) {
  const MemoryNeed less = need(WeightType::native, {.prompt_images = 1, .new_tokens = 512});
  const MemoryNeed more = need(WeightType::native, {.prompt_images = 1, .new_tokens = 100'000});
  if (less.cache_bytes == more.cache_bytes) GTEST_SKIP() << "the context ends before";
  const std::string text = said(WeightType::native, {.prompt_images = 1, .new_tokens = 100'000},
                                less.own_bytes() + less.mapped_bytes);
  EXPECT_NE(text.find("use new_tokens 512"), std::string::npos) << text;
}

TEST_F(MemoryCheck, NamesTheFirstTypeThatFits) {
  const Work work{.decodes = true};
  const MemoryNeed wide = need(WeightType::f32, work), narrow = need(WeightType::bf16, work);
  ASSERT_LT(narrow.weights_bytes(), wide.weights_bytes());
  const std::string text = said(WeightType::f32, work, narrow.own_bytes() + narrow.mapped_bytes);
  EXPECT_NE(text.find("use type "), std::string::npos) << text;
  EXPECT_EQ(text.find("type f32"), std::string::npos) << text;
}

TEST_F(MemoryCheck, SaysChangesInTheWordsOfWhoAsks) {
  const Work many{.prompt_images = 1, .new_tokens = 64, .rows = 256};
  const MemoryNeed few = need(WeightType::native, {.prompt_images = 1, .new_tokens = 64, .rows = 16});
  MemoryQuestion asked = question(WeightType::native, many);
  asked.words = [](MemoryChange change, const std::string& value) {
    return (change == MemoryChange::rows ? "batch_size=" : "?") + value;
  };
  try {
    check_memory(asked, {.available_bytes = few.own_bytes() + few.mapped_bytes, .limit = "the machine"});
    FAIL() << "expected an error";
  } catch (const NotEnoughMemory& error) {
    EXPECT_NE(std::string(error.what()).find("; use batch_size=16"), std::string::npos) << error.what();
  }
}

TEST_F(MemoryCheck, OpensTheDeviceOnWhichItFits) {
  MemoryQuestion asked = question(WeightType::native, {.generated_images = 1});
  std::string told;
  const auto tell = [&](const std::string& text) { told += text; };
  const FittingDevice chosen = open_fitting_device(asked, {.threads = 1}, {.notice = tell, .detail = tell});
  EXPECT_EQ(chosen.device->name(), "cpu");
  EXPECT_EQ(told, "");
  asked.device = "tpu";
  EXPECT_THROW(open_fitting_device(asked, {}, {.notice = tell, .detail = tell}), Error);
  // No machine has so much.
  asked.device = "cpu";
  asked.work = {.prompt_images = 1, .new_tokens = 64, .rows = 1 << 28};
  EXPECT_THROW(open_fitting_device(asked, {}, {.notice = tell, .detail = tell}), NotEnoughMemory);
}

TEST_F(MemoryCheck, SaysSoWhereNothingHelps) {
  const std::string text = said(WeightType::native, {.generated_images = 2}, 1000);
  EXPECT_NE(text.find("a smaller model"), std::string::npos) << text;
}

}  // namespace
}  // namespace janus
