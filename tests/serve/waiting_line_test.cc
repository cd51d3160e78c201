#include "cli/serve/host/waiting_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace janus::cli {
namespace {

TEST(WaitingLine, TellsEachItsPlaceWheneverItChanges) {
  WaitingLine line;
  std::vector<int> a, b, c;
  const uint64_t first = line.join([&](int place) { a.push_back(place); });
  const uint64_t second = line.join([&](int place) { b.push_back(place); });
  const uint64_t third = line.join([&](int place) { c.push_back(place); });
  line.leave(first, /*for_its_turn=*/true);
  line.leave(first, /*for_its_turn=*/true);  // it runs already
  line.leave(second, /*for_its_turn=*/false);
  line.leave(third, /*for_its_turn=*/true);
  EXPECT_EQ(a, (std::vector<int>{1, 0}));
  EXPECT_EQ(b, (std::vector<int>{2, 1}));  // cancelled: its turn never came
  EXPECT_EQ(c, (std::vector<int>{3, 2, 1, 0}));
}

TEST(WaitingLine, OneThatLeavesFromTheMiddleMovesThoseBehindAlone) {
  WaitingLine line;
  std::vector<int> a, c;
  line.join([&](int place) { a.push_back(place); });
  const uint64_t second = line.join([](int) {});
  line.join([&](int place) { c.push_back(place); });
  line.leave(second, /*for_its_turn=*/false);
  EXPECT_EQ(a, (std::vector<int>{1}));
  EXPECT_EQ(c, (std::vector<int>{3, 2}));
}

}  // namespace
}  // namespace janus::cli
