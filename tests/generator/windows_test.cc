// Guesses of what comes next, and how many of them a pass reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "generator/engine/code_guesses.h"
#include "generator/engine/draft.h"
#include "generator/engine/window_tuner.h"

namespace janus {
namespace {

using Ids = std::vector<int32_t>;

TEST(CodeGuesses, AreTheNeighboursOfWhatIsThere) {
  CodeGuesses guesses(4);
  EXPECT_EQ(guesses.next(Ids{5}, 5), (Ids{5, 5, 5, 5, 5}));
  EXPECT_EQ(CodeGuesses(4).next(Ids{5, 6, 7, 8}, 2), (Ids{5, 5})) << "a line begins like the one above";
  EXPECT_EQ(CodeGuesses(4).next(Ids{5, 6, 7, 8, 9, 9}, 3), (Ids{9, 9, 9}));
}

TEST(CodeGuesses, AreWhatThePassBeforeSampledBehindAWrongOne) {
  CodeGuesses guesses(8);
  guesses.set(3, Ids{7, 8});
  EXPECT_EQ(guesses.next(Ids{1, 2, 3}, 4), (Ids{7, 8, 8, 8}));
  // What has become certain is passed over, and a smaller window forgets nothing.
  EXPECT_EQ(guesses.next(Ids{1, 2, 3, 7}, 1), (Ids{8}));
  EXPECT_EQ(guesses.next(Ids{1, 2, 3, 7, 9}, 2), (Ids{8, 8}));
}

TEST(Draft, IsWhatFollowedTheLastWordsBefore) {
  EXPECT_EQ(draft_tokens(Ids{1, 2, 3, 4, 5}, Ids{9, 2, 3}, 2), (Ids{4, 5}));
  EXPECT_EQ(draft_tokens(Ids{1, 2, 3, 4, 5}, Ids{9, 2, 3}, 1), (Ids{4}));
  EXPECT_EQ(draft_tokens(Ids{2, 3, 4, 2, 3, 7}, Ids{2, 3}, 1), (Ids{7})) << "the latest place";
  EXPECT_EQ(draft_tokens(Ids{1, 2, 3, 8, 2, 3, 7}, Ids{1, 2, 3}, 1), (Ids{8})) << "the longest run";
  EXPECT_EQ(draft_tokens(Ids{4}, Ids{4, 4, 4}, 3), (Ids{4}));
}

TEST(Draft, IsNoneWhereNothingRepeats) {
  EXPECT_EQ(draft_tokens(Ids{1, 2, 3}, Ids{4, 5}, 4), Ids{});
  EXPECT_EQ(draft_tokens(Ids{}, Ids{4}, 4), Ids{});
  EXPECT_EQ(draft_tokens(Ids{}, Ids{}, 4), Ids{});
  EXPECT_EQ(draft_tokens(Ids{1, 2, 1, 2}, Ids{}, 0), Ids{});
}

// A machine and a model: how long a pass takes by its rows, and how often the guess at a depth is right.
struct World {
  double row_cost;  // of a pass of two rows
  double right;
  double ms(int rows) const { return 10 * (1 + row_cost * (rows - 2)); }
  double tokens(int window) const {
    double expected = 1;
    for (int depth = 1; depth < window; ++depth) expected += std::pow(right, depth);
    return expected;
  }
};

// The tokens a millisecond of `passes` passes over one sequence of two rows, over those of a window of 1.
double speed_up(const World& world, int passes) {
  WindowTuner tuner;
  double tokens = 0, ms = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const int window = tuner.next({.sequences = 1, .rows = 2});
    const double gained = world.tokens(window), took = world.ms(2 * window);
    tuner.learn(window, 2 * window, took, gained);
    tokens += gained;
    ms += took;
  }
  return tokens / ms * world.ms(2);
}

TEST(WindowTuner, IsNeverMuchSlowerThanWithoutGuesses) {
  for (const double row_cost : {0.001, 0.02, 0.05, 0.1, 0.5}) {
    for (const double right : {0.0, 0.01, 0.1, 0.3}) {
      SCOPED_TRACE(testing::Message() << row_cost << ", " << right);
      EXPECT_GT(speed_up({row_cost, right}, 576), 0.98);
      EXPECT_GT(speed_up({row_cost, right}, 5000), 0.985);
    }
  }
}

TEST(WindowTuner, ComesNearTheBestWindow) {
  for (const double row_cost : {0.005, 0.03, 0.1}) {
    for (const double right : {0.5, 0.8, 0.95}) {
      SCOPED_TRACE(testing::Message() << row_cost << ", " << right);
      const World world{row_cost, right};
      double best = 0;
      for (int window = 1; window <= WindowTuner::kLargest; ++window) {
        best = std::max(best, world.tokens(window) / world.ms(2 * window) * world.ms(2));
      }
      EXPECT_GT(speed_up(world, 576), 0.93 * best);
    }
  }
}

TEST(WindowTuner, FollowsWhatChanges) {
  WindowTuner tuner;
  const auto run = [&](const World& world, int passes) {
    int last = 0;
    for (int pass = 0; pass < passes; ++pass) {
      last = tuner.next({.sequences = 1, .rows = 2});
      tuner.learn(last, 2 * last, world.ms(2 * last), world.tokens(last));
    }
    return last;
  };
  EXPECT_EQ(run({0.1, 0.0}, 100), 1);
  EXPECT_GE(run({0.01, 0.9}, 1500), 6);
  EXPECT_LE(run({0.1, 0.05}, 1500), 2);
}

}  // namespace
}  // namespace janus
