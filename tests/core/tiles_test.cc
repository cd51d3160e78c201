// Products in the tiles of a matrix unit: any number of rows, any shape, and what a row's bits may depend on.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/time.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/base/error.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

class Tiles : public testing::Test {
 protected:
  // Null where this machine lacks the instruction set; missing_ says why.
  std::shared_ptr<Device> open(const char* isa, int threads = 0) {
    const char* const before = std::getenv("JANUS_ISA");
    const std::string kept = before == nullptr ? "" : before;
    setenv("JANUS_ISA", isa, 1);
    std::shared_ptr<Device> device;
    try {
      device = open_device("cpu", {threads});
    } catch (const Error& error) {
      missing_ = error.what();
    }
    if (kept.empty()) {
      unsetenv("JANUS_ISA");
    } else {
      setenv("JANUS_ISA", kept.c_str(), 1);
    }
    return device;
  }
  void SetUp() override {
    device_ = open("amx");
    if (device_ == nullptr) GTEST_SKIP() << missing_;
  }

  static Tensor copied(Device& to, const Tensor& x) { return ops::from_host(to, ops::to_host(x), x.shape()); }
  Tensor random(Shape shape, uint32_t seed, DType dtype = DType::f32, float scale = 1.0F) {
    return oracle::random_tensor(*device_, shape, seed, dtype, scale);
  }
  // A weight as the device likes it.
  Tensor weight_of(Shape shape, uint32_t seed, DType dtype) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(shape[1]));
    return ops::in_preferred_layout(random(shape, seed, dtype, scale));
  }

  std::shared_ptr<Device> device_;
  std::string missing_;
};

// Steps and passes of 1 to 70 rows; each row alone has the bits that it has among the others.
TEST_F(Tiles, AnyNumberOfRows) {
  constexpr int64_t kDepth = 512, kWidth = 37, kMost = 70;
  const Tensor all = random(Shape{kMost, 1, kDepth}, 1), bias = random(Shape{kWidth}, 2);
  for (const DType dtype : weight_types()) {
    const Tensor weight = weight_of(Shape{kWidth, kDepth}, 3, dtype);
    const oracle::Values expected = oracle::linear(
        oracle::widen(all), oracle::widen(ops::convert(weight, DType::f32)), oracle::widen(bias), kDepth);
    const Tensor steps = ops::linear(all, weight, bias);
    const Tensor pass = ops::linear(all.reshape(Shape{1, kMost, kDepth}), weight, bias);
    const oracle::Tolerance exact = oracle::tile_tolerance(dtype);
    oracle::expect_near(steps, expected, is_quantized(dtype) ? oracle::kRoundedProduct : exact,
                        fmt::format("{}, {} rows", name_of(dtype), kMost));
    oracle::expect_near(pass, expected, exact, fmt::format("{}, {} tokens", name_of(dtype), kMost));
    const Tensor pass_rows = pass.reshape(Shape{kMost, 1, kWidth});
    for (const int64_t rows : {1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 48, 49, 63, 64, 65, 69}) {
      const std::string what = fmt::format("{}, {} of {} rows", name_of(dtype), rows, kMost);
      const Tensor some = all.rows(kMost - rows, rows);
      oracle::expect_same(ops::linear(some, weight, bias), steps.rows(kMost - rows, rows), what);
      if (rows == 1) continue;  // one token is a step
      oracle::expect_same(
          ops::linear(some.reshape(Shape{1, rows, kDepth}), weight, bias).reshape(Shape{rows, 1, kWidth}),
          pass_rows.rows(kMost - rows, rows), what + ", tokens");
    }
  }
}

// Depths that end within a tile, within a block and behind several; widths that leave part of a group.
TEST_F(Tiles, OddShapes) {
  for (const DType dtype : weight_types()) {
    const int64_t block = format_of(dtype).block;
    for (const int64_t depth : {1, 31, 33, 96, 256, 257, 288, 513, 1024, 1100}) {
      if (depth % block != 0) continue;
      for (const int64_t width : {1, 15, 16, 17, 33, 70, 300}) {
        if (width > 70 && depth != 288) continue;  // several pieces of columns
        const Tensor weight = weight_of(Shape{width, depth}, 3, dtype);
        const oracle::Values wide = oracle::widen(ops::convert(weight, DType::f32));
        for (const Shape& shape : {Shape{5, 1, depth}, Shape{1, 19, depth}, Shape{3, 16, depth}}) {
          const Tensor x = random(shape, 1);
          const bool rounds = is_quantized(dtype) && shape[1] == 1;
          oracle::expect_near(ops::linear(x, weight), oracle::linear(oracle::widen(x), wide, {}, depth),
                              rounds ? oracle::kRoundedProduct : oracle::tile_tolerance(dtype),
                              fmt::format("{}, {} by {}", name_of(dtype), shape.to_string(), width));
        }
      }
    }
  }
}

// Steps with packed blocks have the bits of the vectors' kernels, so that it does not matter from how many
// rows on tiles are used.
TEST_F(Tiles, PackedStepsAreThoseOfVectors) {
  const std::shared_ptr<Device> vectors = open("avx512vnni");
  ASSERT_NE(vectors, nullptr);
  for (const DType dtype : block_types()) {
    const Tensor here = random(Shape{45, 768}, 2, dtype, 0.036F);
    const Tensor weight = ops::in_preferred_layout(here);
    ASSERT_EQ(weight.layout(), Layout::packed);
    const Tensor there =
        ops::in_preferred_layout(oracle::random_tensor(*vectors, here.shape(), 2, dtype, 0.036F));
    const Tensor x = random(Shape{66, 1, 768}, 1);
    oracle::expect_same(ops::linear(x, weight), ops::linear(copied(*vectors, x), there), name_of(dtype));
  }
}

// What a product loses, against one of f32's rounding.
TEST_F(Tiles, LosesNoMoreThanItsTerms) {
  constexpr int64_t kRows = 24, kDepth = 2048, kWidth = 40;
  const Tensor x = random(Shape{1, kRows, kDepth}, 1);
  for (const DType dtype : weight_types()) {
    const Tensor weight = weight_of(Shape{kWidth, kDepth}, 3, dtype);
    const oracle::Values expected =
        oracle::linear(oracle::widen(x), oracle::widen(ops::convert(weight, DType::f32)), {}, kDepth);
    const std::vector<float> found = ops::to_host(ops::linear(x, weight));
    double wrong = 0.0, size = 0.0;
    for (size_t i = 0; i < found.size(); ++i) {
      wrong += (found[i] - expected[i]) * (found[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    const double relative = std::sqrt(wrong / size);
    RecordProperty(name_of(dtype), fmt::format("{:.2e}", relative));
    std::printf("%s: relative L2 %.2e\n", name_of(dtype), relative);
    EXPECT_TRUE(relative <= (dtype == DType::f32 ? 5e-7 : 6e-6)) << name_of(dtype) << ": " << relative;
  }
}

// More threads than processors, each with tiles of its own.
TEST_F(Tiles, AnyNumberOfThreads) {
  const Tensor x = random(Shape{1, 50, 300}, 1), weight = random(Shape{130, 300}, 2, DType::bf16, 0.06F);
  const Tensor expected = ops::linear(x, weight);
  for (const int threads : {1, 3, 64}) {
    const std::shared_ptr<Device> other = open("amx", threads);
    const Tensor same = oracle::random_tensor(*other, weight.shape(), 2, DType::bf16, 0.06F);
    oracle::expect_same(ops::linear(copied(*other, x), same), expected, fmt::format("{} threads", threads));
  }
}

// What a signal interrupts goes on with the same tiles.
TEST_F(Tiles, SignalsChangeNothing) {
  static volatile std::sig_atomic_t signals = 0;
  const Tensor x = random(Shape{1, 64, 512}, 1), weight = random(Shape{96, 512}, 2, DType::bf16, 0.044F);
  const Tensor expected = ops::linear(x, weight);
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) { signals = signals + 1; };
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  const itimerval often{{0, 300}, {0, 300}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  for (int round = 0; round < 100000 && signals < 20; ++round) {
    oracle::expect_same(ops::linear(x, weight), expected, "interrupted");
  }
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  EXPECT_GE(signals, 20);
}

TEST_F(Tiles, NanAndInfinityShow) {
  std::vector<float> values(3 * 64, 1.0F);
  values[64 + 7] = NAN;
  values[128 + 9] = INFINITY;
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    const Tensor weight = random(Shape{5, 64}, 2, dtype);
    for (const Shape& shape : {Shape{3, 1, 64}, Shape{1, 3, 64}}) {
      const std::vector<float> found =
          ops::to_host(ops::linear(ops::from_host(*device_, values, shape), weight));
      for (size_t i = 0; i < found.size(); ++i)
        EXPECT_EQ(std::isfinite(found[i]), i < 5) << name_of(dtype) << i;
    }
  }
}

}  // namespace
}  // namespace janus
