// Convolutions in tiles against the plain loop, of any size and number of channels, on every instruction set.
#include "core/cpu/winograd.h"

#include <gtest/gtest.h>

#include "core/cpu/cpu_device.h"
#include "tests/support/isa.h"

namespace janus {
namespace {

using oracle::Values;

// Each pixel twice each way. x: [B, h, w, C].
Values doubled(const Values& x, const Shape& shape) {
  Values out;
  for (int64_t b = 0; b < shape[0]; ++b) {
    for (int64_t y = 0; y < 2 * shape[1]; ++y) {
      for (int64_t i = 0; i < 2 * shape[2] * shape[3]; ++i) {
        const int64_t x_from = i / shape[3] / 2;
        out.push_back(x[((b * shape[1] + y / 2) * shape[2] + x_from) * shape[3] + i % shape[3]]);
      }
    }
  }
  return out;
}

struct Case {
  Shape in;  // [B, h, w, C]
  int64_t filters;
  DType dtype = DType::f32;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << name_of(c.dtype) << " " << c.in.to_string() << " to " << c.filters;
}

class Winograd : public Isa {
 protected:
  // What the convolution of `x` should give.
  struct Inputs {
    Tensor x, weight, bias, residual;
    Values wide, wide_weight, wide_bias;
  };

  Inputs inputs(const Case& c, bool larger) {
    const float scale = 1.0F / std::sqrt(9.0F * static_cast<float>(c.in[3]));
    const int64_t times = larger ? 2 : 1;
    Inputs made{.x = random(c.in, 1),
                .weight = random(Shape{c.filters, c.in[3], 3, 3}, 2, c.dtype, scale),
                .bias = random(Shape{c.filters}, 3),
                .residual = random(Shape{c.in[0], times * c.in[1], times * c.in[2], c.filters}, 4),
                .wide = {},
                .wide_weight = {},
                .wide_bias = {}};
    made.wide = oracle::widen(made.x);
    made.wide_weight = oracle::widen(made.weight);
    made.wide_bias = oracle::widen(made.bias);
    return made;
  }

  Tensor run(const cpu::WinogradConv& conv, const Shape& out_shape) {
    Tensor out(*device_, DType::f32, out_shape);
    const auto& cpu = static_cast<const cpu::CpuDevice&>(*device_);
    cpu::winograd_conv2d(cpu.kernels(), cpu.thread_pool(), conv, out);
    return out;
  }

  void expect_same_size(const Case& c) {
    const Inputs in = inputs(c, false);
    const Values expected =
        oracle::conv2d(in.wide, c.in, in.wide_weight, in.weight.shape(), in.wide_bias, kSamePadding3x3);
    oracle::expect_near(
        run({.x = in.x, .weight = in.weight, .bias = in.bias.data<float>()}, in.residual.shape()), expected,
        oracle::kWinograd, testing::PrintToString(c));
  }

  void expect_doubled(const Case& c) {
    const Inputs in = inputs(c, true);
    const Shape large{c.in[0], 2 * c.in[1], 2 * c.in[2], c.in[3]};
    const Values expected = oracle::conv2d(doubled(in.wide, c.in), large, in.wide_weight, in.weight.shape(),
                                           in.wide_bias, kSamePadding3x3);
    oracle::expect_near(run({.x = in.x, .weight = in.weight, .bias = in.bias.data<float>(), .doubled = true},
                            in.residual.shape()),
                        expected, oracle::kProduct, testing::PrintToString(c) + ", doubled");
  }

  void expect_normed(const Case& c) {
    const Inputs in = inputs(c, false);
    const int64_t batch = c.in[0], channels = c.in[3];
    const Tensor mean = random(Shape{batch * channels}, 5), scale = random(Shape{batch * channels}, 6),
                 shift = random(Shape{channels}, 7);
    const Values wide_mean = oracle::widen(mean), wide_scale = oracle::widen(scale),
                 wide_shift = oracle::widen(shift);
    const int64_t entry = in.x.elements() / batch;
    Values normed = in.wide;
    for (int64_t i = 0; i < in.x.elements(); ++i) {
      const int64_t channel = i % channels, at = i / entry * channels + channel;
      normed[i] = oracle::silu((normed[i] - wide_mean[at]) * wide_scale[at] + wide_shift[channel]);
    }
    Values expected = oracle::conv2d(normed, c.in, in.wide_weight, in.weight.shape(), {}, kSamePadding3x3);
    const Values residual = oracle::widen(in.residual);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += residual[i];
    const cpu::InputNorm norm{
        .mean = mean.data<float>(), .scale = scale.data<float>(), .bias = shift.data<float>(), .silu = true};
    oracle::expect_near(
        run({.x = in.x, .weight = in.weight, .norm = &norm, .residual = in.residual.data<float>()},
            in.residual.shape()),
        expected, oracle::kWinograd, testing::PrintToString(c) + ", normed");
  }

  void expect_all(const Case& c) {
    expect_same_size(c);
    expect_doubled(c);
    expect_normed(c);
  }
};

TEST_P(Winograd, ChosenSizes) {
  for (const Case& c : {Case{{1, 1, 1, 1}, 1}, Case{{1, 4, 4, 16}, 32}, Case{{2, 5, 3, 1}, 3},
                        Case{{1, 24, 24, 64}, 64, DType::bf16}, Case{{3, 2, 9, 33}, 7, DType::f16},
                        Case{{1, 50, 37, 6}, 5}, Case{{1, 3, 70, 17}, 40}}) {
    expect_all(c);
  }
}

TEST_P(Winograd, ChannelsBeyondABlock) {
  expect_same_size({{1, 26, 9, 1030}, 5});
  expect_doubled({{1, 9, 5, 2050}, 3});
}

TEST_P(Winograd, RandomSizes) {
  std::mt19937 generator(1);
  const auto up_to = [&](uint32_t most) { return static_cast<int64_t>(generator() % most + 1); };
  for (int i = 0; i < 10; ++i) {
    const DType dtype = std::array{DType::f32, DType::bf16, DType::f16}[i % 3];
    const int64_t batch = up_to(2), height = up_to(21), width = up_to(21), channels = up_to(80);
    expect_all({{batch, height, width, channels}, up_to(80), dtype});
  }
}

// An operation against the operations that it stands for.
TEST_P(Winograd, FusedOperations) {
  const Shape in{2, 11, 9, 24};
  const Tensor x = random(in, 1, DType::f32, 2.0F, 0.5F), scale = random(Shape{24}, 2),
               shift = random(Shape{24}, 3), bias = random(Shape{19}, 4),
               residual = random({2, 11, 9, 19}, 5);
  const GroupNormOptions norm{.weight = scale, .bias = shift, .groups = 6, .eps = 1e-6F};
  const Values normed =
      oracle::group_norm(oracle::widen(x), oracle::widen(scale), oracle::widen(shift), 11 * 9, 6, 1e-6, true);
  for (const int64_t taps : {3, 1}) {
    const Tensor weight = random(Shape{19, 24, taps, taps}, 6, DType::bf16, taps == 3 ? 0.07F : 0.2F);
    const Conv2dOptions options = taps == 3 ? kSamePadding3x3 : Conv2dOptions{};
    Values expected =
        oracle::conv2d(normed, in, oracle::widen(weight), weight.shape(), oracle::widen(bias), options);
    oracle::expect_near(ops::silu_conv2d(x, norm, weight, bias, options), expected, oracle::kWinograd,
                        "silu_conv2d");
    const Values more = oracle::widen(residual);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += more[i];
    oracle::expect_near(ops::silu_conv2d(x, norm, weight, bias, options, residual), expected,
                        oracle::kWinograd, "silu_conv2d with residual");
  }
  const Tensor weight = random(Shape{19, 24, 3, 3}, 6, DType::bf16, 0.07F);
  oracle::expect_near(
      ops::upsample_conv3x3(x, weight, bias),
      oracle::conv2d(doubled(oracle::widen(x), in), Shape{2, 22, 18, 24}, oracle::widen(weight),
                     weight.shape(), oracle::widen(bias), kSamePadding3x3),
      oracle::kProduct, "upsample_conv3x3");
}

INSTANTIATE_TEST_SUITE_P(All, Winograd, every_isa(), name_of_isa);

}  // namespace
}  // namespace janus
