// Conditions of --where: what they mean, and where a wrong one is wrong.
#include "cli/sources/where.h"

#include <gtest/gtest.h>

namespace janus::cli {
namespace {

constexpr int64_t kBytes = 5000;

bool holds(const std::string& text, int64_t width, int64_t height, const std::string& format = "png") {
  Where where;
  EXPECT_EQ(Where::read(text, where), "") << text;
  return where.holds({.width = width, .height = height, .bytes = kBytes, .format = format});
}

std::string fault(const std::string& text) {
  Where where;
  std::string found = Where::read(text, where);
  EXPECT_TRUE(where.empty()) << text;
  return found;
}

TEST(Where, ComparesEveryField) {
  EXPECT_TRUE(holds("width==640", 640, 480));
  EXPECT_FALSE(holds("width != 640", 640, 480));
  EXPECT_TRUE(holds("height<481", 640, 480));
  EXPECT_FALSE(holds("height<480", 640, 480));
  EXPECT_TRUE(holds("height<=480", 640, 480));
  EXPECT_TRUE(holds("bytes>=5000", 640, 480));
  EXPECT_FALSE(holds("bytes>5e3", 640, 480));
  EXPECT_TRUE(holds("pixels>307199", 640, 480));
  EXPECT_TRUE(holds("aspect>1.3", 640, 480));
}

TEST(Where, ARatioIsOneExactly) {
  EXPECT_TRUE(holds("aspect==16:9", 1920, 1080));
  EXPECT_TRUE(holds("aspect==16:9", 1280, 720));
  EXPECT_FALSE(holds("aspect==16:9", 1366, 768));
  EXPECT_TRUE(holds("aspect <= 4 : 3", 640, 480));
}

TEST(Where, KnowsFormatsAsPeopleCallThem) {
  EXPECT_TRUE(holds("format==JPG", 1, 1, "jpeg"));
  EXPECT_TRUE(holds("format == jpeg", 1, 1, "jpeg"));
  EXPECT_TRUE(holds("format!=png", 1, 1, "jpeg"));
  EXPECT_TRUE(holds("format==jxl", 1, 1, "jpeg xl"));
}

TEST(Where, AndBindsCloserThanOrAndNotCloserThanBoth) {
  // Read from left to right alone, it would hold of neither.
  EXPECT_TRUE(holds("width==1 or width==2 and height==9", 1, 1));
  EXPECT_FALSE(holds("(width==1 or width==2) and height==9", 1, 1));
  EXPECT_TRUE(holds("not width==2 and height==1", 1, 1));
  EXPECT_FALSE(holds("not (width==2 or height==1)", 1, 1));
  EXPECT_TRUE(holds("not not width==1", 1, 1));
  EXPECT_TRUE(holds("NOT(width==2)AND((height==1))", 1, 1));
}

TEST(Where, TellsWhereItIsWrong) {
  EXPECT_EQ(fault("colour>1"), "width, height, bytes, pixels, aspect or format at column 1");
  EXPECT_EQ(fault("width>1 and colour>1"), "width, height, bytes, pixels, aspect or format at column 13");
  EXPECT_EQ(fault("width"), "one of >=, <=, ==, !=, > and < at column 6");
  EXPECT_EQ(fault("width>>1"), "a number at column 7");
  EXPECT_EQ(fault("bytes>5k"), "a number at column 7");
  EXPECT_EQ(fault("width>1e999"), "a number at column 7");
  EXPECT_EQ(fault("width>nan"), "a number at column 7");
  EXPECT_EQ(fault("(width>1"), "\"and\", \"or\" or \")\" at column 9");
  EXPECT_EQ(fault("width>1)"), "\"and\", \"or\" or the end at column 8");
  EXPECT_EQ(fault("width>1 height>1"), "\"and\", \"or\" or the end at column 9");
  EXPECT_EQ(fault("format>png"), "== or != before a format's name at column 8");
  EXPECT_EQ(fault("aspect>1:0"), "a height of more than 0 before this at column 11");
  EXPECT_EQ(fault("width>1:2"), "\"and\", \"or\" or the end at column 8");
  for (const char* text : {"", " ", "and", "width>1 or", "not", "()", "width>1 and or height>1"})
    EXPECT_NE(fault(text), "") << text;
}

TEST(Where, DeepNestingIsRefusedNotFollowed) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '(') + "width==1" + std::string(depth, ')');
  };
  EXPECT_TRUE(holds(nested(100), 1, 1));
  EXPECT_NE(fault(nested(101)).find("at most 100 parentheses"), std::string::npos);
  EXPECT_NE(fault(nested(1000000)), "");
  std::string nots;
  for (int i = 0; i < 100000; ++i) nots += "not ";
  EXPECT_NE(fault(nots + "width==1"), "");
  std::string many = "width==1";
  for (int i = 0; i < 100000; ++i) many += " or width==1";
  EXPECT_TRUE(holds(many, 1, 1));
}

}  // namespace
}  // namespace janus::cli
