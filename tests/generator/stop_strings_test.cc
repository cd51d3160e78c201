#include "generator/stop_strings.h"

#include <gtest/gtest.h>

namespace janus {
namespace {

// The text that comes of pieces, with a bar behind what each of them gives.
std::string passed(std::vector<std::string> strings, const std::vector<std::string>& pieces) {
  StopStrings stop(std::move(strings));
  std::string text;
  for (const std::string& piece : pieces) text += stop.push(piece) + "|";
  return text + stop.finish() + (stop.hit() ? " hit" : "");
}

TEST(StopStrings, EndsATextBeforeTheFirstOfThem) {
  EXPECT_EQ(passed({"STOP"}, {"aSTOPb", "c"}), "a|| hit");
  EXPECT_EQ(passed({"b", "STOP"}, {"abSTOP"}), "a| hit");
  EXPECT_EQ(passed({"STOP"}, {"STOP"}), "| hit");
}

TEST(StopStrings, FindsOneThatPiecesPart) {
  EXPECT_EQ(passed({"STOP"}, {"a S", "TO", "Pb"}), "a ||| hit");
  EXPECT_EQ(passed({"aab"}, {"a", "a", "a", "b", "c"}), "||a||| hit");
}

TEST(StopStrings, GivesBackWhatOnlyBegan) {
  EXPECT_EQ(passed({"STOP"}, {"a ST", "AY"}), "a |STAY|");
  EXPECT_EQ(passed({"STOP"}, {"a STO"}), "a |STO");
}

TEST(StopStrings, PassesAllWhereThereIsNone) {
  EXPECT_EQ(passed({}, {"a", "b"}), "a|b|");
  EXPECT_EQ(passed({""}, {"a", "b"}), "a|b|");
}

}  // namespace
}  // namespace janus
