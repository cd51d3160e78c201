// Advice on the steps of images that take long to draw by flow.
#include "cli/generate/steps_advice.h"

#include <gtest/gtest.h>

namespace janus::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What an image of `total` steps is told after its first one, which took `step`.
std::optional<std::string> after_a_step(int64_t total, milliseconds step) {
  StepsAdvice advice;
  const StepsAdvice::Clock::time_point begin{};
  EXPECT_EQ(advice.look(0, total, begin), std::nullopt);
  return advice.look(1, total, begin + step);
}

TEST(StepsAdvice, TellsWhatFewerStepsTake) {
  EXPECT_EQ(after_a_step(30, seconds(9)), "30 steps take about 4 minutes; --steps 10 takes 2");
  EXPECT_EQ(after_a_step(1000, seconds(60)), "1000 steps take about 1000 minutes; --steps 10 takes 10");
  EXPECT_EQ(after_a_step(11, seconds(60)), "11 steps take about 11 minutes; --steps 10 takes 10");
}

TEST(StepsAdvice, IsSilentBelowTwoMinutes) {
  EXPECT_NE(after_a_step(30, milliseconds(4000)), std::nullopt);
  EXPECT_EQ(after_a_step(30, milliseconds(3999)), std::nullopt);
}

TEST(StepsAdvice, IsSilentWhereStepsAreFew) {
  EXPECT_EQ(after_a_step(10, seconds(600)), std::nullopt);
  EXPECT_EQ(after_a_step(1, seconds(600)), std::nullopt);
}

TEST(StepsAdvice, ComesOnceFromTheFirstImage) {
  StepsAdvice advice;
  const StepsAdvice::Clock::time_point begin{};
  advice.look(0, 30, begin);
  advice.look(0, 30, begin + seconds(5));  // an image beside it begins
  EXPECT_EQ(advice.look(1, 30, begin + seconds(8)), "30 steps take about 4 minutes; --steps 10 takes 2");
  EXPECT_EQ(advice.look(2, 30, begin + seconds(300)), std::nullopt);
  EXPECT_EQ(advice.look(0, 30, begin + seconds(400)), std::nullopt);
  EXPECT_EQ(advice.look(1, 30, begin + seconds(900)), std::nullopt);
}

TEST(StepsAdvice, CountsTheStepsThatAreDone) {
  StepsAdvice advice;
  const StepsAdvice::Clock::time_point begin{};
  advice.look(0, 30, begin);
  EXPECT_EQ(advice.look(2, 30, begin + seconds(18)), "30 steps take about 4 minutes; --steps 10 takes 2");
}

}  // namespace
}  // namespace janus::cli
