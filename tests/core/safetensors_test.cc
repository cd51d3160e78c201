#include "core/checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "tests/core/model_files.h"

namespace janus {
namespace {

using test::bytes_of;
using test::error_of;
using test::expect_error;
using test::safetensors_bytes;

std::map<std::string, StoredTensor> read(const std::string& file) {
  const auto owner = std::make_shared<const std::string>(file);
  return read_safetensors({std::as_bytes(std::span(*owner)), owner}, "m.safetensors", "dir/m.safetensors");
}

std::string error_for(const std::string& file) {
  const std::string message = error_of([&] { read(file); });
  // All faults name the file and what to do.
  if (!message.empty()) expect_error(message, {"dir/m.safetensors", "download it again"});
  return message;
}

// The header of one tensor "t" with 16 bytes of data.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return safetensors_bytes(
      R"({"t":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
      std::string(16, 'd'));
}

std::string entry(const std::string& name, const std::string& type, int begin, int end) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":[)" + std::to_string(end - begin) +
         R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

TEST(Safetensors, ListsTensorsWithTypeShapeAndBytes) {
  const std::string floats = bytes_of<float>({1, 2, 3, 4, 5, 6});
  const auto tensors = read(test::safetensors_file({{"b.weight", "F32", {2, 3}, floats},
                                                    {"a.bias", "BF16", {2}, "abcd"},
                                                    {"scalar", "F16", {}, "xy"},
                                                    {"none", "F32", {0, 5}, ""}}));
  ASSERT_EQ(tensors.size(), 4U);  // __metadata__ is none
  const StoredTensor& weight = tensors.at("b.weight");
  EXPECT_EQ(weight.dtype, DType::f32);
  EXPECT_EQ(weight.type, "F32");
  EXPECT_EQ(weight.shape, (Shape{2, 3}));
  EXPECT_EQ(weight.file, "m.safetensors");
  EXPECT_EQ(weight.unreadable, "");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(weight.data.bytes.data()), weight.data.bytes.size()),
            floats);
  EXPECT_EQ(tensors.at("a.bias").dtype, DType::bf16);
  EXPECT_EQ(static_cast<char>(tensors.at("a.bias").data.bytes[0]), 'a');
  EXPECT_EQ(tensors.at("scalar").shape.rank(), 0);
  EXPECT_EQ(tensors.at("scalar").dtype, DType::f16);
  EXPECT_TRUE(tensors.at("none").data.bytes.empty());
}

TEST(Safetensors, ListsWhatNoModelReads) {
  const auto tensors = read(test::safetensors_file({{"i64", "I64", {2}, std::string(16, 'x')},
                                                    {"bool", "BOOL", {3}, "xyz"},
                                                    {"f4", "F4", {3, 2}, "xyz"},
                                                    {"deep", "F32", {1, 1, 1, 1, 2}, std::string(8, 'x')}}));
  EXPECT_EQ(tensors.at("i64").unreadable, "type I64");
  EXPECT_EQ(tensors.at("i64").shape, (Shape{2}));
  EXPECT_EQ(tensors.at("bool").unreadable, "type BOOL");
  EXPECT_EQ(tensors.at("f4").unreadable, "type F4");
  EXPECT_EQ(tensors.at("deep").unreadable, "5 axes");
  EXPECT_EQ(tensors.at("deep").shape, (Shape{2}));
}

TEST(Safetensors, AcceptsNoTensorsAndPadding) {
  EXPECT_TRUE(read(safetensors_bytes("{}")).empty());
  EXPECT_TRUE(read(safetensors_bytes("{}      ")).empty());
  EXPECT_TRUE(read(safetensors_bytes(R"({"__metadata__":{"format":"pt"}})")).empty());
}

TEST(Safetensors, RefusesHeadersThatDoNotFit) {
  expect_error(error_for(""), {"found 0 bytes"});
  expect_error(error_for("1234567"), {"found 7 bytes"});
  expect_error(error_for(safetensors_bytes("{}", "", 3)), {"header of 3 bytes", "file of 10"});
  expect_error(error_for(safetensors_bytes("{}", "", 100'000'000)), {"header of 100000000 bytes"});
  expect_error(error_for(safetensors_bytes("{}", "", 100'000'001)), {"at most 100000000 bytes"});
  expect_error(error_for(safetensors_bytes("{}", "", UINT64_MAX)), {"found 18446744073709551615"});
}

TEST(Safetensors, RefusesHeadersThatAreNoObject) {
  expect_error(error_for(safetensors_bytes("")), {"header", "empty"});
  expect_error(error_for(safetensors_bytes("[]")), {"JSON object", "found []"});
  expect_error(error_for(safetensors_bytes("{\"t\":")), {"header: line 1, column 6"});
  expect_error(error_for(safetensors_bytes("{\"t\":5}")),
               {"tensor \"t\"", "expected a JSON object", "found 5"});
  expect_error(error_for(safetensors_bytes("{\"\xff\xfe\":{}}")), {"UTF-8"});
  expect_error(error_for(safetensors_bytes("{\"t\":" + std::string(100'000, '['))), {"nested"});
}

TEST(Safetensors, RefusesDuplicateNames) {
  const std::string header = "{" + entry("t", "U8", 0, 8) + "," + entry("t", "U8", 8, 16) + "}";
  expect_error(error_for(safetensors_bytes(header, std::string(16, 'd'))), {"\"t\" twice"});
}

TEST(Safetensors, RefusesWrongTypes) {
  EXPECT_EQ(error_for(one("\"F32\"", "[4]", "[0,16]")), "");
  expect_error(error_for(one("5", "[4]", "[0,16]")), {"tensor \"t\": dtype", "found 5"});
  expect_error(error_for(one("null", "[4]", "[0,16]")), {"tensor \"t\": dtype"});
  expect_error(error_for(one("\"F33\"", "[4]", "[0,16]")), {"tensor \"t\": dtype", "\"F33\""});
  expect_error(error_for(one("\"F4\"", "[3]", "[0,1]")), {"tensor \"t\"", "whole number of bytes"});
}

TEST(Safetensors, RefusesWrongShapes) {
  expect_error(error_for(one("\"F32\"", "null", "[0,16]")), {"shape", "no such key"});
  expect_error(error_for(one("\"F32\"", "4", "[0,16]")), {"shape", "found 4"});
  expect_error(error_for(one("\"F32\"", "[-4]", "[0,16]")), {"shape", "found -4"});
  expect_error(error_for(one("\"F32\"", "[-2,-2]", "[0,16]")), {"shape", "found -2"});
  expect_error(error_for(one("\"F32\"", "[4.5]", "[0,16]")), {"shape", "found 4.5"});
  expect_error(error_for(one("\"F32\"", "[\"4\"]", "[0,16]")), {"shape", "found \"4\""});
  expect_error(error_for(one("\"F32\"", "[5]", "[0,16]")), {"expected 20 bytes", "[5]", "found 16"});
  expect_error(error_for(one("\"F32\"", "[1,1,1,1,1,1,1,1,4]", "[0,16]")), {"at most 8 axes", "found 9"});
}

TEST(Safetensors, RefusesSizesThatOverflow) {
  // 2^32 * 2^32 * 4 elements are 0 modulo 2^64, and 2^62 + 4 elements of 4 bytes are 16.
  expect_error(error_for(one("\"F32\"", "[4294967296,4294967296,4]", "[0,0]")), {"64 bits"});
  expect_error(error_for(one("\"F32\"", "[4611686018427387908]", "[0,16]")), {"64 bits"});
  expect_error(error_for(one("\"F32\"", "[9223372036854775808]", "[0,16]")), {"shape"});
  expect_error(error_for(one("\"F32\"", "[18446744073709551620]", "[0,16]")), {"shape"});
  expect_error(error_for(one("\"F32\"", "[4]", "[18446744073709551600,0]")), {"data_offsets"});
}

TEST(Safetensors, RefusesOffsetsOutsideTheFile) {
  expect_error(error_for(one("\"F32\"", "[4]", "null")), {"data_offsets"});
  expect_error(error_for(one("\"F32\"", "[4]", "[0]")), {"data_offsets", "begin and end"});
  expect_error(error_for(one("\"F32\"", "[4]", "[0,16,16]")), {"data_offsets", "begin and end"});
  expect_error(error_for(one("\"F32\"", "[4]", "[16,0]")), {"data_offsets", "begin and end"});
  expect_error(error_for(one("\"F32\"", "[4]", "[-16,0]")), {"data_offsets", "found -16"});
  expect_error(error_for(one("\"F32\"", "[8]", "[0,32]")), {"data up to byte 32", "16 bytes"});
  expect_error(error_for(one("\"F32\"", "[1]", "[9223372036854775803,9223372036854775807]")), {"up to byte"});
}

TEST(Safetensors, RefusesOverlapsAndHoles) {
  const std::string data(16, 'd');
  const auto error_of_pair = [&](int begin1, int end1, int begin2, int end2) {
    return error_for(safetensors_bytes(
        "{" + entry("a", "U8", begin1, end1) + "," + entry("b", "U8", begin2, end2) + "}", data));
  };
  EXPECT_EQ(error_of_pair(0, 8, 8, 16), "");
  EXPECT_EQ(error_of_pair(8, 16, 0, 8), "");
  expect_error(error_of_pair(0, 12, 8, 16), {"\"b\"", "from byte 12", "found 8", "overlaps"});
  expect_error(error_of_pair(0, 16, 0, 16), {"\"b\"", "overlaps"});
  expect_error(error_of_pair(0, 6, 8, 16), {"\"b\"", "from byte 6", "found 8", "hole"});
  expect_error(error_of_pair(2, 8, 8, 16), {"\"a\"", "from byte 0", "hole"});
  expect_error(error_of_pair(0, 8, 8, 14), {"14 bytes", "found 16"});
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string whole =
      test::safetensors_file({{"a", "F32", {2}, "12345678"}, {"b", "BF16", {3}, "abcdef"}});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(error_for(whole.substr(0, size)), "") << size;
  }
  EXPECT_NE(error_for(whole + "x"), "");
  EXPECT_EQ(error_for(whole), "");
}

TEST(Safetensors, ManyTensors) {
  std::string header = "{";
  for (int i = 0; i < 20'000; ++i)
    header += (i == 0 ? "" : ",") + entry("t" + std::to_string(i), "U8", i, i + 1);
  EXPECT_EQ(read(safetensors_bytes(header + "}", std::string(20'000, 'd'))).size(), 20'000U);
}

TEST(Safetensors, MessagesEscapeNames) {
  const std::string header = R"({"bad\nname\u0007":{"dtype":"F32"}})";
  expect_error(error_for(safetensors_bytes(header)), {R"("bad\nname\u0007")"});
}

}  // namespace
}  // namespace janus
