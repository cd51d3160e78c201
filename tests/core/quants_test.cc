// Block formats against the gguf package (tests/reference/quants_golden.py), and the quality of the search.
#include "core/quant/quants.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>

#include "core/base/error.h"
#include "core/base/half.h"
#include "core/checkpoint/file_set.h"
#include "core/checkpoint/safetensors.h"
#include "core/quant/block_formats.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

constexpr DType kBlockTypes[] = {DType::q8_0, DType::q6_k, DType::q5_k, DType::q4_k};

template <typename T>
std::vector<T> golden(const std::string& name) {
  static const FileSet files = FileSet::folder(JANUS_TEST_DATA);
  static const std::map<std::string, StoredTensor> tensors =
      read_safetensors(files.read("quants.safetensors"), "quants.safetensors", files.name());
  const StoredTensor& stored = tensors.at(name);
  std::vector<T> values(stored.data.bytes.size() / sizeof(T));
  std::memcpy(values.data(), stored.data.bytes.data(), stored.data.bytes.size());
  return values;
}

std::vector<float> round_trip(DType type, const std::vector<float>& values) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> bytes(bytes_of(type, count));
  quantize(type, values.data(), count, bytes.data());
  std::vector<float> result(values.size());
  dequantize(type, bytes.data(), count, result.data());
  return result;
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0.0;
  for (size_t i = 0; i < a.size(); ++i) squares += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(squares / static_cast<double>(a.size()));
}

// Scales from the range alone, everything to the nearest: what the search has to beat.
std::vector<float> plainly_rounded(DType type, const std::vector<float>& values) {
  std::vector<float> result(values.size());
  const size_t part = type == DType::q6_k ? 16 : 32;
  const int top = type == DType::q4_k ? 15 : 31;
  for (size_t first = 0; first < values.size(); first += 256) {
    std::vector<float> scales, mins;
    for (size_t i = first; i < first + 256; i += part) {
      float low = 0.0F, high = type == DType::q6_k ? 0.0F : values[i];
      for (size_t j = i; j < i + part; ++j) {
        low = std::min(low, type == DType::q6_k ? -std::abs(values[j]) : values[j]);
        high = std::max(high, values[j]);
      }
      scales.push_back(type == DType::q6_k ? -low / 31.0F : (high - low) / static_cast<float>(top));
      mins.push_back(type == DType::q6_k ? 0.0F : -low);
    }
    const float levels = type == DType::q6_k ? 127.0F : 63.0F;
    const float d = from_f16(to_f16(*std::max_element(scales.begin(), scales.end()) / levels));
    const float dmin = from_f16(to_f16(*std::max_element(mins.begin(), mins.end()) / levels));
    for (size_t i = first; i < first + 256; ++i) {
      const size_t p = (i - first) / part;
      const float scale = d * std::round(scales[p] / d);
      const float min = dmin == 0.0F ? 0.0F : dmin * std::round(mins[p] / dmin);
      const float low = type == DType::q6_k ? -32.0F : 0.0F;
      const float q = std::round((values[i] + min) / scale);
      result[i] = scale * std::clamp(q, low, static_cast<float>(type == DType::q4_k ? 15 : 31)) - min;
    }
  }
  return result;
}

TEST(Quants, DequantizeEqualsGguf) {
  for (const DType type : kBlockTypes) {
    for (const char* which : {"any", "usual"}) {
      const std::string name = std::string(name_of(type)) + "." + which;
      const auto bytes = golden<std::byte>(name + ".bytes");
      const auto expected = golden<float>(name + ".values");
      std::vector<float> found(expected.size());
      dequantize(type, bytes.data(), static_cast<int64_t>(found.size()), found.data());
      size_t numbers = 0;
      for (size_t i = 0; i < found.size(); ++i) {
        if (std::isnan(expected[i])) {
          ASSERT_TRUE(std::isnan(found[i])) << name << " " << i;
        } else {
          ASSERT_EQ(std::bit_cast<uint32_t>(found[i]), std::bit_cast<uint32_t>(expected[i]))
              << name << " " << i;
          ++numbers;
        }
      }
      EXPECT_GT(numbers, found.size() / 2) << name;
    }
  }
}

TEST(Quants, Q8_0EqualsGguf) {
  const auto values = golden<float>("q8_0.quantize.values");
  const auto expected = golden<std::byte>("q8_0.quantize.bytes");
  std::vector<std::byte> found(expected.size());
  quantize(DType::q8_0, values.data(), static_cast<int64_t>(values.size()), found.data());
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(found[i], expected[i]) << "block " << i / 34 << ", byte " << i % 34;
}

TEST(Quants, SearchBeatsPlainRounding) {
  for (const DType type : {DType::q6_k, DType::q5_k, DType::q4_k}) {
    for (const float shift : {0.0F, 0.5F, -3.0F}) {
      std::vector<float> values = oracle::random_values(256 * 40, 7, 0.02F, 0.02F * shift);
      for (size_t i = 0; i < values.size(); i += 97) values[i] *= 4.0F;  // outliers
      const double plain = root_mean_square(plainly_rounded(type, values), values);
      const double found = root_mean_square(round_trip(type, values), values);
      EXPECT_LE(found, 0.92 * plain) << name_of(type) << " " << shift;
    }
  }
}

TEST(Quants, RowsThatDoNotDivideGetALargerType) {
  EXPECT_EQ(type_for_rows(DType::q4_k, 5632), DType::q4_k);
  EXPECT_EQ(type_for_rows(DType::q4_k, 96), DType::q8_0);
  EXPECT_EQ(type_for_rows(DType::q6_k, 100), DType::f16);
  EXPECT_EQ(type_for_rows(DType::q8_0, 100), DType::f16);
  EXPECT_EQ(type_for_rows(DType::bf16, 7), DType::bf16);
}

TEST(Quants, RefusesWhatHasNoPlace) {
  for (const DType type : kBlockTypes) {
    for (const float wrong : {NAN, INFINITY, -INFINITY, -1e7F}) {
      std::vector<float> values(256, 0.5F);
      values[77] = wrong;
      if (type == DType::q8_0 && wrong == -1e7F) values[77] = -9e6F;
      EXPECT_THROW(round_trip(type, values), Error) << name_of(type) << " " << wrong;
    }
  }
  const std::vector<float> values(33);
  std::vector<std::byte> bytes(256);
  EXPECT_THROW(quantize(DType::q8_0, values.data(), 33, bytes.data()), Error);  // half a block
  EXPECT_THROW(quantize(DType::i32, values.data(), 32, bytes.data()), Error);
}

TEST(Quants, BlocksOfOneNumber) {
  for (const DType type : kBlockTypes) {
    for (const float value : {0.0F, 1.0F, -1.0F, 0.01F, -60000.0F}) {
      for (const float found : round_trip(type, std::vector<float>(256, value))) {
        ASSERT_NEAR(found, value, 0.01 * std::abs(value)) << name_of(type) << " " << value;
      }
    }
  }
}

}  // namespace
}  // namespace janus
