// Operations element by element, memory, and what every operation promises.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "core/base/error.h"
#include "core/quant/quantize.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

class Ops : public testing::Test {
 protected:
  // Every pattern of 16 bits, in order.
  Tensor all_halves(DType dtype) {
    std::vector<uint16_t> bits(65536);
    for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
    Tensor halves(*device_, dtype, Shape{65536});
    device_->upload(halves.raw(), bits.data(), halves.bytes());
    return halves;
  }
  std::vector<uint16_t> bits_of(const Tensor& halves) {
    std::vector<uint16_t> bits(static_cast<size_t>(halves.elements()));
    device_->download(bits.data(), halves.raw(), halves.bytes());
    return bits;
  }
  Tensor random(Shape shape, uint32_t seed, float scale = 1.0F) {
    return oracle::random_tensor(*device_, shape, seed, DType::f32, scale);
  }
  template <typename Function>
  static oracle::Values map(const Tensor& x, Function function) {
    oracle::Values values = oracle::widen(x);
    for (double& value : values) value = function(value);
    return values;
  }

  std::shared_ptr<Device> device_ = oracle::test_device();
};

// -- memory -------------------------------------------------------------------------------------------------

TEST_F(Ops, RoundTripOfEveryHalf) {
  // Every 16-bit pattern widens to its value and narrows back to itself (a NaN to some NaN of its sign).
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const std::vector<float> wide = ops::to_host(all_halves(dtype));
    const Tensor back = ops::convert(ops::from_host(*device_, wide, Shape{65536}), dtype);
    const std::vector<uint16_t> bits = bits_of(back);
    const std::vector<float> again = ops::to_host(back);
    for (uint32_t i = 0; i < 65536; ++i) {
      const int exponent_bits = dtype == DType::f16 ? 5 : 8, fraction_bits = 15 - exponent_bits;
      const int exponent = static_cast<int>(i >> fraction_bits) & ((1 << exponent_bits) - 1);
      const int fraction = static_cast<int>(i) & ((1 << fraction_bits) - 1),
                bias = (1 << (exponent_bits - 1)) - 1;
      const bool special = exponent == (1 << exponent_bits) - 1;
      const double magnitude =
          exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                        : std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
      if (special && fraction != 0) {
        ASSERT_TRUE(std::isnan(wide[i])) << i;
        ASSERT_TRUE(std::isnan(again[i])) << i;
        continue;
      }
      ASSERT_EQ(static_cast<double>(wide[i]), (special ? INFINITY : magnitude) * (i >> 15 ? -1.0 : 1.0)) << i;
      ASSERT_EQ(bits[i], i);
    }
  }
}

TEST_F(Ops, NarrowsToNearestEven) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const std::vector<float> wide = ops::to_host(all_halves(dtype));
    // Between neighbours: just below the middle goes down, the middle to the even one, just above goes up.
    std::vector<float> values;
    std::vector<uint16_t> expected;
    for (uint16_t i = 0; i + 1 < 0x8000; ++i) {
      if (!std::isfinite(wide[i]) || !std::isfinite(wide[i + 1])) continue;
      const float middle = wide[i] + (wide[i + 1] - wide[i]) / 2.0F;
      if (middle == wide[i] || middle == wide[i + 1]) continue;  // bf16 subnormals have no f32 between them
      const auto even = static_cast<uint16_t>(i + (i & 1));
      for (const float value :
           {std::nextafter(middle, 0.0F), middle, std::nextafter(middle, INFINITY), -middle})
        values.push_back(value);
      for (const int bits : {int{i}, int{even}, i + 1, even | 0x8000})
        expected.push_back(static_cast<uint16_t>(bits));
    }
    const Shape shape{static_cast<int64_t>(values.size())};
    const std::vector<uint16_t> found = bits_of(ops::convert(ops::from_host(*device_, values, shape), dtype));
    for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected[i]) << values[i];
    const float beyond = 3.4e38F, infinity = INFINITY;
    const Tensor large = ops::convert(
        ops::from_host(*device_, std::vector<float>{beyond * 1.001F, infinity}, Shape{2}), dtype);
    EXPECT_EQ(ops::to_host(large), (std::vector<float>{INFINITY, INFINITY}));
  }
}

TEST_F(Ops, ConvertAndCopyTakeSpacedRows) {
  const Tensor x = random(Shape{5, 33}, 1);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const Tensor expected = ops::convert(x, dtype);
    const Tensor spaced = oracle::with_spaced_rows(expected, 7);
    EXPECT_FALSE(spaced.contiguous());
    oracle::expect_same(spaced, expected, "to_host");
    const Tensor dense = ops::convert(spaced, dtype);
    EXPECT_TRUE(dense.contiguous());
    oracle::expect_same(dense, expected, "convert");
    Tensor target = oracle::with_spaced_rows(ops::convert(random(Shape{5, 33}, 2), dtype), 3);
    ops::copy(spaced, target);
    oracle::expect_same(target, expected, "copy");
  }
}

TEST_F(Ops, BlockFormatsWidenAsOnTheHost) {
  for (const DType dtype : block_types()) {
    const std::vector<float> values = oracle::random_values(3 * 512, 1);
    std::vector<std::byte> blocks(bytes_of(dtype, 3 * 512));
    quantize(dtype, values.data(), 3 * 512, blocks.data());
    Tensor x(*device_, dtype, Shape{3, 512});
    device_->upload(x.raw(), blocks.data(), blocks.size());
    std::vector<float> expected(values.size());
    dequantize(dtype, blocks.data(), 3 * 512, expected.data());
    // Scale and min may be joined in one rounding or two.
    oracle::expect_near(x, {expected.begin(), expected.end()}, {1e-6, 1e-6}, name_of(dtype));
  }
}

// Rows that do not fill a group of packed rows lie among those that fill it up.
TEST_F(Ops, CopiesWhatTheDeviceLikesBetter) {
  for (const DType dtype : block_types()) {
    const Tensor stored = ops::convert(random(Shape{3, 512}, 1), dtype);
    const Tensor x = ops::in_preferred_layout(stored);
    Tensor target = ops::in_preferred_layout(ops::convert(random(Shape{3, 512}, 2), dtype));
    ops::copy(x, target);
    EXPECT_EQ(ops::to_host(target), ops::to_host(x)) << name_of(dtype);
  }
}

TEST_F(Ops, ConcatenateStacksRows) {
  const Tensor x = random(Shape{3, 4}, 1);
  const std::vector<Tensor> parts{x.rows(2, 1), x.rows(0, 2), x.rows(1, 0)};
  const std::vector<float> all = ops::to_host(x), found = ops::to_host(ops::concatenate(parts));
  std::vector<float> expected(all.begin() + 8, all.end());
  expected.insert(expected.end(), all.begin(), all.begin() + 8);
  EXPECT_EQ(found, expected);
}

TEST_F(Ops, EmbeddingTakesRows) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const Tensor table = oracle::with_spaced_rows(oracle::random_tensor(*device_, Shape{9, 21}, 1, dtype), 2);
    const std::vector<int32_t> ids{8, 0, 3, 3};
    const std::vector<float> all = ops::to_host(table);
    std::vector<float> expected;
    for (const int32_t id : ids)
      expected.insert(expected.end(), all.begin() + id * 21, all.begin() + (id + 1) * 21);
    EXPECT_EQ(ops::to_host(ops::embedding(table, ids)), expected);
  }
}

// -- element by element
// ---------------------------------------------------------------------------------------

TEST_F(Ops, AddWithAndWithoutLeadingAxes) {
  const Tensor x = random(Shape{2, 3, 4, 5}, 1);
  for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{3, 4, 5}, Shape{4, 5}, Shape{5}}) {
    const Tensor y = random(shape, 2);
    const std::vector<float> a = ops::to_host(x), b = ops::to_host(y);
    std::vector<float> expected(a.size());
    for (size_t i = 0; i < a.size(); ++i) expected[i] = a[i] + b[i % b.size()];
    EXPECT_EQ(ops::to_host(ops::add(x, y)), expected);
  }
}

// Numbers of every size and sign, and a length that is no multiple of a vector.
std::vector<float> sweep() {
  std::vector<float> values{0.0F, -0.0F, 1e-30F, -1e-30F, 88.0F, -88.0F, 200.0F, -200.0F, 3e38F, -3e38F};
  for (float x = -12.0F; x < 12.0F; x += 1.0F / 1024.0F) values.push_back(x);
  values.push_back(0.1F);
  return values;
}

TEST_F(Ops, GeluEqualsDefinition) {
  const std::vector<float> values = sweep();
  const Tensor x = ops::from_host(*device_, values, Shape{static_cast<int64_t>(values.size())});
  oracle::expect_near(ops::gelu_erf(x),
                      map(x, [](double v) { return v * 0.5 * std::erfc(-v / std::sqrt(2.0)); }),
                      oracle::kElementwise, "gelu_erf");
}

TEST_F(Ops, SwigluEqualsDefinition) {
  const std::vector<float> values = sweep();
  const Shape shape{static_cast<int64_t>(values.size())};
  const Tensor x = ops::from_host(*device_, values, shape), up = random(shape, 2);
  oracle::Values expected = map(x, [](double v) { return v / (1.0 + std::exp(-v)); });
  const oracle::Values wide_up = oracle::widen(up);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] *= wide_up[i];
  oracle::expect_near(ops::swiglu(x, up), expected, oracle::kElementwise, "swiglu");
}

TEST_F(Ops, ElementwiseKeepsNaN) {
  const Tensor x = ops::from_host(*device_, std::vector<float>(19, NAN), Shape{19});
  for (const Tensor& y : {ops::gelu_erf(x), ops::swiglu(x, x), ops::add(x, x)}) {
    for (const float value : ops::to_host(y)) EXPECT_TRUE(std::isnan(value));
  }
}

TEST_F(Ops, RopeRotatesHalfSplitPairs) {
  const int heads = 3;
  const int64_t width = 40, tokens = 5;
  const Tensor table = ops::rope_table(*device_, 700, width, 10000.0F);
  Tensor x = random(Shape{2, tokens, heads * width}, 1);
  const oracle::Values before = oracle::widen(x);
  const std::vector<int32_t> positions{3, 690};
  ops::rope(x, heads, positions, table);
  oracle::Values expected(before.size());
  for (int64_t i = 0; i < 2 * tokens * heads; ++i) {
    const int64_t position = positions[i / (tokens * heads)] + i / heads % tokens;
    for (int64_t j = 0; j < width / 2; ++j) {
      // The reference multiplies in f32, so the angle is the rounded one.
      const float frequency =
          1.0F / std::pow(10000.0F, static_cast<float>(2 * j) / static_cast<float>(width));
      const auto angle = static_cast<double>(static_cast<float>(position) * frequency);
      const double a = before[i * width + j], b = before[i * width + j + width / 2];
      expected[i * width + j] = a * std::cos(angle) - b * std::sin(angle);
      expected[i * width + j + width / 2] = b * std::cos(angle) + a * std::sin(angle);
    }
  }
  oracle::expect_near(x, expected, oracle::kElementwise, "rope");
}

// -- faults of callers
// ------------------------------------------------------------------------------------------

template <typename Body>
void expect_error(Body body, const std::string& part) {
  try {
    body();
    ADD_FAILURE() << "expected an error with: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST_F(Ops, WrongShapesNameBoth) {
  const Tensor x = random(Shape{2, 8}, 1), weight = random(Shape{4, 6}, 2);
  expect_error([&] { ops::linear(x, weight); }, "expected weight [F, 8] for x [2, 8], found [4, 6]");
  expect_error(
      [&] {
        ops::linear(x, random(Shape{4, 8}, 2), x);
      },
      "linear, bias: expected [4], found [2, 8]");
  expect_error([&] { ops::add(x, random(Shape{3, 8}, 2)); }, "found [3, 8]");
  expect_error([&] { ops::rms_norm(x, random(Shape{7}, 2), 1e-6F); },
               "rms_norm, weight: expected [8], found [7]");
  expect_error([&] { ops::embedding(weight, std::vector<int32_t>{4}); }, "expected 0 to 3, found 4");
  expect_error([&] { ops::embedding(weight, std::vector<int32_t>{-1}); }, "expected 0 to 3, found -1");
  expect_error([&] { ops::linear(weight.columns(0, 3), x); }, "expected dense f32");
  expect_error(
      [&] {
        ops::conv2d(random(Shape{1, 2, 2, 3}, 1), random(Shape{4, 3, 3, 3}, 1), {}, {});
      },
      "no smaller than the kernel");
  const Tensor map = random(Shape{1, 4, 4, 8}, 1), filters = random(Shape{4, 8, 3, 3}, 2);
  const Tensor scale = random(Shape{8}, 3);
  const GroupNormOptions norm{.weight = scale, .bias = scale, .groups = 4};
  expect_error([&] { ops::silu_conv2d(map, norm, filters, {}, kSamePadding3x3, map); },
               "silu_conv2d, residual: expected [1, 4, 4, 4], found [1, 4, 4, 8]");
  expect_error([&] { ops::silu_conv2d(map, {.weight = scale, .bias = scale, .groups = 3}, filters, {}, {}); },
               "silu_conv2d: expected a multiple of 3 groups, found 8 channels");
  expect_error(
      [&] {
        ops::upsample_conv3x3(map, random(Shape{4, 8, 1, 1}, 2), {});
      },
      "expected a weight [F, C, 3, 3], found [4, 8, 1, 1]");
  expect_error(
      [&] {
        ops::attention(x.reshape(Shape{1, 2, 8}), x.reshape(Shape{1, 2, 8}), x.reshape(Shape{1, 2, 8}), 3);
      },
      "multiple of 3 heads");
}

TEST_F(Ops, CacheOverflowIsRefused) {
  const Tensor cache = random(Shape{1, 8, 8}, 1), x = random(Shape{1, 2, 8}, 2);
  const std::vector<int32_t> start{4}, before{-1}, behind{8}, fits{2}, beyond{3};
  ops::store_kv(x, x, {cache, cache, start, fits});
  expect_error([&] { ops::store_kv(x, x, {cache, cache, start, beyond}); }, "at 4 + 3, found a cache of 8");
  expect_error([&] { ops::store_kv(x, x, {cache, cache, before, fits}); }, "at -1 + 2");
  expect_error([&] { ops::store_kv(x, x, {cache, cache, behind, fits}); }, "at 8 + 2");
}

TEST_F(Ops, DevicesAreNamed) {
  const std::string chosen = open_device("auto")->name();
  EXPECT_TRUE(chosen == "cpu" || chosen == "cuda:0") << chosen;
  expect_error([] { open_device("gpu"); }, "expected auto, cpu, cuda or cuda:N");
  expect_error([] { open_device("cpu:1"); }, "expected auto, cpu, cuda or cuda:N");
  expect_error([] { open_device("cpu", {-1}); }, "threads");
  expect_error([] { device_traits("gpu"); }, "expected auto, cpu, cuda or cuda:N");
  for (const char* name : {"auto", "cpu", "cuda", "cuda:0", "cuda:17"})
    EXPECT_TRUE(is_device_name(name)) << name;
  for (const char* name : {"", "gpu", "cpu:0", "cuda:", "cuda:x", "cuda:1:2", "cuda:-1"}) {
    EXPECT_FALSE(is_device_name(name)) << name;
  }
  std::vector<std::string> names;
  for_each_device([&](Device& device) { names.push_back(device.name()); });
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names[0], "cpu");
}

TEST_F(Ops, TooMuchMemoryIsAnError) {
  expect_error([&] { device_->allocate(size_t{1} << 62); }, "memory");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(device_->allocate(1).get()) % 64, 0U);
  EXPECT_NE(device_->allocate(0), nullptr);
  expect_error([] { Shape{int64_t{1} << 40, int64_t{1} << 40}; }, "2^60");
}

TEST_F(Ops, FreedMemoryComesBackForTheSameSize) {
  const size_t bytes = size_t{1} << 20;
  std::shared_ptr<void> first = device_->allocate(bytes);
  const void* place = first.get();
  const std::shared_ptr<void> other = device_->allocate(bytes);
  EXPECT_NE(other.get(), place);
  first.reset();
  EXPECT_EQ(device_->allocate(bytes).get(), place);
}

TEST_F(Ops, MemoryOutlivesItsDevice) {
  std::shared_ptr<void> memory;
  {
    const std::shared_ptr<Device> device = oracle::test_device();
    memory = device->allocate(4096);
  }
  if (!oracle::traits().has_own_memory) std::memset(memory.get(), 1, 4096);
  memory.reset();
}

}  // namespace
}  // namespace janus
