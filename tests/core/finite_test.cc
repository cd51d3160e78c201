// One number that is none, wherever it stands, in every type of weights.
#include "core/base/finite.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/half.h"
#include "core/checkpoint/finite_tensors.h"
#include "core/quant/finite_weights.h"
#include "core/quant/quantize.h"
#include "tests/core/model_files.h"

namespace janus {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Finite, FindsOneAnywhere) {
  for (const size_t count : {1U, 3U, 16U, 37U}) {
    std::vector<float> values(count, -std::numeric_limits<float>::max());
    EXPECT_TRUE(all_finite(values));
    for (size_t i = 0; i < count; ++i) {
      for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
        std::vector<float> with = values;
        with[i] = bad;
        EXPECT_FALSE(all_finite(with)) << count << " " << i << " " << bad;
      }
    }
  }
  EXPECT_TRUE(all_finite(std::span<const float>()));
}

TEST(Finite, FindsOneInWeightsOfEveryType) {
  constexpr int64_t kCount = (1 << 14) + 512;
  std::vector<float> values(kCount);
  for (int64_t i = 0; i < kCount; ++i) values[static_cast<size_t>(i)] = std::sin(static_cast<float>(i));
  for (const DType type : weight_types()) {
    std::vector<std::byte> bytes(bytes_of(type, kCount));
    quantize(type, values.data(), kCount, bytes.data());
    EXPECT_TRUE(all_finite(type, bytes.data(), kCount)) << name_of(type);
    // All bits of the last block set: its scale is no number in any format that has one of 16 bits.
    if (type == DType::mxfp4) continue;
    for (size_t i = bytes.size() - bytes_of(type, format_of(type).block); i < bytes.size(); ++i)
      bytes[i] = std::byte{0xFF};
    EXPECT_FALSE(all_finite(type, bytes.data(), kCount)) << name_of(type);
  }
}

TEST(Finite, TheMessageNamesPartAndRemedy) {
  const float good = 1;
  check_finite({&good, 1}, "decoder");
  test::expect_error(test::error_of([] {
                       check_finite({&kNan, 1}, "decoder");
                     }),
                     {"decoder", "expected finite numbers", "janus info --verify", "--type f32"});
}

TEST(Finite, ACheckpointsDamagedTensorIsNamed) {
  const test::TemporaryFolder folder;
  folder.write("config.json", "{}");
  const auto write = [&](float value) {
    folder.write("model.safetensors",
                 test::safetensors_file({{"a", "F32", {2}, test::bytes_of<float>({1, 2})},
                                         {"b", "BF16", {2}, test::bytes_of<uint16_t>({0, to_bf16(value)})},
                                         {"c", "I64", {1}, "\xff\xff\xff\xff\xff\xff\xff\x7f"}}));
    check_finite_tensors(Checkpoint::open(folder.path()));
  };
  write(1);
  for (const float bad : {kNan, -kInfinity})
    test::expect_error(test::error_of([&] { write(bad); }),
                       {"b: expected finite", "model.safetensors", "fetch"});
}

}  // namespace
}  // namespace janus
