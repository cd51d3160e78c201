#include "core/base/range.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace janus {
namespace {

TEST(IntRange, HoldsItsEnds) {
  constexpr IntRange range{.low = 1, .high = 1024};
  EXPECT_TRUE(range.holds(1) && range.holds(1024));
  EXPECT_FALSE(range.holds(0) || range.holds(1025) || range.holds(INT64_MIN) || range.holds(INT64_MAX));
  EXPECT_EQ(range.text(), "1 to 1024");
  EXPECT_EQ(range.expected(), "a whole number from 1 to 1024");
  EXPECT_EQ(IntRange{.low = 2}.expected(), "a whole number of 2 or more");
  EXPECT_EQ((IntRange{.low = 0, .high = INT64_MAX}.text()), "0 or more");
  EXPECT_EQ((IntRange{.low = 0, .high = UINT32_MAX}.text()), "0 to 4294967295");
}

TEST(RealRange, HoldsWhatIsFiniteInSinglePrecision) {
  constexpr RealRange above{.low = 0, .high = 1, .open = true}, from{.low = 0};
  EXPECT_TRUE(above.holds(1) && above.holds(1e-30) && from.holds(0) && from.holds(1e30));
  EXPECT_FALSE(above.holds(0) || above.holds(1.0001) || above.holds(1e-60) || from.holds(-1e-9));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(above.holds(nan) || from.holds(nan) || from.holds(INFINITY) || from.holds(1e39));
  EXPECT_EQ(above.text(), "above 0 to 1");
  EXPECT_EQ(above.expected(), "a number above 0 and at most 1");
  EXPECT_EQ(from.expected(), "a number of 0 or more");
}

TEST(Range, NamesWhatIsWrong) {
  try {
    RealRange{.low = 0}.check("temperature", -1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "temperature: expected a number of 0 or more, found -1; give one of these");
  }
}

}  // namespace
}  // namespace janus
