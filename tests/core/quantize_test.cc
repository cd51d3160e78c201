// Block formats against the gguf package (tests/reference/quants_golden.py), and the quality of the search.
#include "core/quant/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "core/base/error.h"
#include "core/base/half.h"
#include "core/checkpoint/file_set.h"
#include "core/checkpoint/safetensors.h"
#include "core/quant/blocks.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

const std::map<std::string, StoredTensor>& goldens() {
  static const FileSet files = FileSet::folder(JANUS_TEST_DATA);
  static const std::map<std::string, StoredTensor> tensors =
      read_safetensors(files.read("quants.safetensors"), "quants.safetensors", files.name());
  return tensors;
}

template <typename T>
std::vector<T> golden(const std::string& name) {
  const StoredTensor& stored = goldens().at(name);
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

std::string read_whole(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0.0;
  for (size_t i = 0; i < a.size(); ++i) squares += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(squares / static_cast<double>(a.size()));
}

// The largest at the table's end, everything to the nearest.
std::vector<float> plainly_looked_up(const std::vector<float>& values) {
  std::vector<float> result(values.size());
  for (size_t first = 0; first < values.size(); first += 32) {
    const auto block = std::span(values).subspan(first, 32);
    const auto smaller = [](float a, float b) { return std::abs(a) < std::abs(b); };
    const float d = from_f16(to_f16(*std::max_element(block.begin(), block.end(), smaller) / -127));
    for (size_t i = 0; i < 32; ++i) {
      const auto nearer = [&](int8_t a, int8_t b) {
        return std::abs(d * a - block[i]) < std::abs(d * b - block[i]);
      };
      result[first + i] = d * *std::min_element(BlockIq4Nl::kTable, BlockIq4Nl::kTable + 16, nearer);
    }
  }
  return result;
}

// Scales from the range alone, everything to the nearest: what the search has to beat.
std::vector<float> plainly_rounded(DType type, const std::vector<float>& values) {
  if (type == DType::iq4_nl) return plainly_looked_up(values);
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
  for (const DType type : block_types()) {
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

// Of the types that the package has code for: the others are searched for.
TEST(Quants, QuantizeEqualsGguf) {
  size_t types = 0;
  for (const DType type : block_types()) {
    const std::string name = std::string(name_of(type)) + ".quantize";
    if (!goldens().contains(name + ".bytes")) continue;
    const auto values = golden<float>(name + ".values");
    const auto expected = golden<std::byte>(name + ".bytes");
    std::vector<std::byte> found(expected.size());
    quantize(type, values.data(), static_cast<int64_t>(values.size()), found.data());
    const auto block = static_cast<size_t>(format_of(type).block_bytes);
    for (size_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(found[i], expected[i]) << name << " block " << i / block << ", byte " << i % block;
    ++types;
  }
  EXPECT_GE(types, 1U);
}

// docs/numerics.md is where people learn what the types are.
TEST(Quants, TheDocumentHasARowForEachType) {
  const std::string text = read_whole(JANUS_SOURCE_DIR "/docs/numerics.md");
  for (const DType type : block_types()) {
    const std::string row = std::string("\n| ") + name_of(type) + " | ";
    EXPECT_NE(text.find(row), std::string::npos) << name_of(type);
  }
}

TEST(Quants, SearchBeatsPlainRounding) {
  for (const DType type : {DType::q6_k, DType::q5_k, DType::q4_k, DType::iq4_nl}) {
    for (const float shift : {0.0F, 0.5F, -3.0F}) {
      std::vector<float> values = oracle::random_values(256 * 40, 7, 0.02F, 0.02F * shift);
      for (size_t i = 0; i < values.size(); i += 97) values[i] *= 4.0F;  // outliers
      const double plain = root_mean_square(plainly_rounded(type, values), values);
      const double found = root_mean_square(round_trip(type, values), values);
      EXPECT_LE(found, (type == DType::iq4_nl ? 0.945 : 0.92) * plain) << name_of(type) << " " << shift;
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
  for (const DType type : block_types()) {
    for (const float wrong : {NAN, INFINITY, -INFINITY, -1.01F * format_of(type).largest}) {
      std::vector<float> values(256, 0.5F);
      values[77] = wrong;
      EXPECT_THROW(round_trip(type, values), Error) << name_of(type) << " " << wrong;
    }
  }
  const std::vector<float> values(33);
  std::vector<std::byte> bytes(256);
  EXPECT_THROW(quantize(DType::q8_0, values.data(), 33, bytes.data()), Error);  // half a block
  EXPECT_THROW(quantize(DType::i32, values.data(), 32, bytes.data()), Error);
}

TEST(Quants, BlocksOfOneNumber) {
  for (const DType type : block_types()) {
    for (const float value : {0.0F, 1.0F, -1.0F, 0.01F, -60000.0F}) {
      for (const float found : round_trip(type, std::vector<float>(256, value))) {
        // Elements of mxfp4 are a quarter apart, and up to a seventh above the largest that its scale
        // reaches.
        const double allowed = type == DType::mxfp4 ? 0.25 : 0.01;
        ASSERT_NEAR(found, value, allowed * std::abs(value)) << name_of(type) << " " << value;
      }
    }
  }
}

}  // namespace
}  // namespace janus
