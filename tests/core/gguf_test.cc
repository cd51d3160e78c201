#include "core/checkpoint/gguf.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/read_file.h"
#include "core/checkpoint/checkpoint.h"
#include "core/quant/quants.h"
#include "core/tensor/ops.h"
#include "tests/core/gguf_file.h"
#include "tests/core/model_files.h"

namespace janus {
namespace {

using test::Bytes;
using test::error_of;
using test::expect_error;
using test::gguf_bytes;
using test::gguf_file;
using test::gguf_keys;
using test::gguf_string;
using test::gguf_tensor;
using test::gguf_u32;
using test::GgufParts;

constexpr uint32_t kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ8_0 = 8, kQ4_K = 12;

GgufContent read(const std::string& file) {
  const auto owner = std::make_shared<const std::string>(file);
  return read_gguf({std::as_bytes(std::span(*owner)), owner}, "m.gguf", "dir/m.gguf");
}

std::string text_of(const FileBytes& file) {
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

std::string error_for_bytes(const std::string& file) {
  const std::string message = error_of([&] { read(file); });
  if (!message.empty()) expect_error(message, {"dir/m.gguf"});
  return message;
}
std::string error_for(const GgufParts& parts) { return error_for_bytes(gguf_file(parts)); }

// A file with these tensors behind the usual keys.
std::string error_for_tensors(const std::vector<std::string>& tensors, size_t data_bytes) {
  return error_for(GgufParts{.tensors = tensors, .data = std::string(data_bytes, 'd')});
}

TEST(Gguf, ListsFilesAndTensors) {
  const GgufContent content = read(gguf_file(
      {.keys =
           gguf_keys({gguf_bytes("janus.file.tokenizer.model", std::string("\0\xff", 2)), gguf_u32("x", 1)}),
       .tensors = {gguf_tensor("a.weight", {3, 2}, kF32, 0), gguf_tensor("b", {64, 1, 2}, kQ8_0, 32)},
       .data = std::string(24, 'a') + std::string(8, '\0') + std::string(136, 'b') + std::string(24, '\0')}));
  EXPECT_EQ(content.files.size(), 2U);
  EXPECT_EQ(text_of(content.files.at("config.json")), "{}");
  EXPECT_EQ(text_of(content.files.at("tokenizer.model")), std::string("\0\xff", 2));
  ASSERT_EQ(content.tensors.size(), 2U);
  const StoredTensor& a = content.tensors.at("a.weight");
  EXPECT_EQ(a.shape, (Shape{2, 3}));
  EXPECT_EQ(a.dtype, DType::f32);
  EXPECT_EQ(a.type, "F32");
  EXPECT_EQ(a.file, "m.gguf");
  EXPECT_EQ(text_of(a.data), std::string(24, 'a'));
  const StoredTensor& b = content.tensors.at("b");
  EXPECT_EQ(b.shape, (Shape{2, 1, 64}));
  EXPECT_EQ(b.dtype, DType::q8_0);
  EXPECT_EQ(text_of(b.data), std::string(136, 'b'));
}

TEST(Gguf, AcceptsNoTensorsAnotherAlignmentAndNoFinalPadding) {
  EXPECT_TRUE(read(gguf_file({})).tensors.empty());
  const auto tensors = [](uint64_t offset) {
    return std::vector{gguf_tensor("a", {1}, kF32, 0), gguf_tensor("b", {1}, kF32, offset)};
  };
  const std::string data = "aaaa" + std::string(60, '\0') + "bbbb";
  const GgufContent wide = read(gguf_file({.keys = gguf_keys({gguf_u32("general.alignment", 64)}),
                                           .tensors = tensors(64),
                                           .data = data,
                                           .alignment = 64}));
  EXPECT_EQ(text_of(wide.tensors.at("b").data), "bbbb");
  expect_error(error_for({.tensors = tensors(64), .data = data}),
               {"\"b\"", "data from byte 32, found 64", "hole"});
}

TEST(Gguf, GivesNamesThatWereTooLongBack) {
  const GgufContent content =
      read(gguf_file({.keys = gguf_keys({gguf_string("janus.prefix.v", "model.vision")}),
                      .tensors = {gguf_tensor("v.norm", {1}, kF32, 0)},
                      .data = "aaaa"}));
  EXPECT_EQ(content.tensors.begin()->first, "model.vision.norm");
  const std::vector twice = {gguf_tensor("v.norm", {1}, kF32, 0),
                             gguf_tensor("model.vision.norm", {1}, kF32, 32)};
  expect_error(error_for({.keys = gguf_keys({gguf_string("janus.prefix.v", "model.vision")}),
                          .tensors = twice,
                          .data = std::string(64, 'a')}),
               {"\"model.vision.norm\"", "once", "again"});
  expect_error(error_for({.keys = gguf_keys({gguf_string("janus.prefix.v", std::string(1001, 'x'))}),
                          .tensors = {gguf_tensor("v.norm", {1}, kF32, 0)},
                          .data = "aaaa"}),
               {"janus.prefix.v", "at most 1000 bytes"});
}

TEST(Gguf, RefusesWhatIsNoGguf) {
  expect_error(error_for_bytes(""), {"expected a GGUF file"});
  expect_error(error_for_bytes("PK\3\4"), {"expected a GGUF file", "PK"});
  expect_error(error_for_bytes("GGUF"), {"version", "expected 4 bytes", "found 0"});
  expect_error(error_for({.version = 2}), {"GGUF version 3, found 2", "janus quantize"});
  expect_error(error_for({.version = 4}), {"GGUF version 3, found 4"});
  expect_error(error_for({.version = 0x03000000}), {"little-endian", "big-endian"});
}

TEST(Gguf, RefusesAnotherArchitectureBeforeItsTensors) {
  const GgufParts llama{.keys = {gguf_string("general.architecture", "llama")},
                        .tensors = {gguf_tensor("a", {32}, kQ4_0, 0)},
                        .data = std::string(18, 'a')};
  expect_error(error_for(llama),
               {"general.architecture: expected \"janus\", found \"llama\"", "janus quantize"});
  expect_error(error_for({.keys = {}}), {"general.architecture", "found none"});
  expect_error(error_for({.keys = {gguf_u32("general.architecture", 1)}}),
               {"general.architecture", "found none"});
}

TEST(Gguf, RefusesCountsThatLeadBeyondTheFile) {
  expect_error(error_for({.more_keys = 1}), {"key 2 of 3", "damaged"});
  expect_error(error_for({.more_keys = -1 - 2}), {"damaged"});  // 2^64 - 1
  expect_error(error_for({.more_tensors = 1}), {"tensor \"\"", "damaged"});
  expect_error(error_for({.more_tensors = -1}), {"tensor \"\"", "damaged"});
  expect_error(error_for_bytes(Bytes().raw("GGUF").number<uint32_t>(3).number<uint64_t>(1).text()),
               {"number of keys", "expected 8 bytes", "found 0"});
}

TEST(Gguf, RefusesStringsAndArraysWithoutEnd) {
  const auto with_key = [](const Bytes& key) {
    return error_for(GgufParts{.keys = gguf_keys({key.text()})});
  };
  expect_error(with_key(Bytes().number<uint64_t>(UINT64_MAX).raw("k")),
               {"key 2", "18446744073709551615 bytes"});
  const Bytes key = Bytes().string("k");
  expect_error(with_key(Bytes(key).number<uint32_t>(8).number<uint64_t>(1000)), {"key \"k\"", "1000 bytes"});
  expect_error(
      with_key(Bytes(key).number<uint32_t>(9).number<uint32_t>(10).number<uint64_t>(UINT64_MAX / 8 + 2)),
      {"key \"k\"", "values of 8 bytes"});
  expect_error(with_key(Bytes(key).number<uint32_t>(9).number<uint32_t>(8).number<uint64_t>(UINT64_MAX)),
               {"key \"k\"", "damaged"});
  Bytes deep = Bytes(key).number<uint32_t>(9);
  for (int i = 0; i < 6; ++i) deep.number<uint32_t>(9).number<uint64_t>(1);
  expect_error(with_key(deep), {"key \"k\"", "at most 4 deep"});
  expect_error(with_key(Bytes(key).number<uint32_t>(13).number<uint64_t>(0)), {"value type", "found 13"});
  expect_error(with_key(Bytes(key).number<uint32_t>(9).number<uint32_t>(99).number<uint64_t>(1)),
               {"found 99"});
}

TEST(Gguf, RefusesKeysTwiceAndFilesThatAreNone) {
  expect_error(error_for({.keys = gguf_keys({gguf_u32("k", 1), gguf_u32("k", 2)})}),
               {"\"k\"", "once", "again"});
  expect_error(error_for({.keys = gguf_keys({gguf_u32("janus.file.tokenizer.json", 1)})}),
               {"janus.file.tokenizer.json", "string or an array of bytes"});
}

TEST(Gguf, RefusesAlignmentsThatAreNone) {
  for (uint32_t alignment : {0U, 1U, 24U, 1U << 21}) {
    expect_error(error_for({.keys = gguf_keys({gguf_u32("general.alignment", alignment)})}),
                 {"general.alignment", "power of two", std::to_string(alignment)});
  }
  expect_error(error_for({.keys = gguf_keys({gguf_string("general.alignment", "32")})}), {"another type"});
}

TEST(Gguf, RefusesSizesThatDoNotFit) {
  expect_error(error_for_tensors({gguf_tensor("t", {}, kF32, 0)}, 4), {"\"t\"", "1 to 4 sizes, found 0"});
  expect_error(error_for_tensors({gguf_tensor("t", {1, 1, 1, 1, 1}, kF32, 0)}, 4), {"1 to 4 sizes, found 5"});
  expect_error(error_for_tensors({gguf_tensor("t", {0}, kF32, 0)}, 4), {"sizes above 0", "found 0"});
  expect_error(error_for_tensors({gguf_tensor("t", {4, 0}, kF32, 0)}, 4), {"sizes above 0", "found 0"});
  expect_error(error_for_tensors({gguf_tensor("t", {UINT64_MAX}, kF32, 0)}, 4), {"below 2^60"});
  expect_error(error_for_tensors({gguf_tensor("t", {uint64_t{1} << 40, uint64_t{1} << 40}, kF32, 0)}, 4),
               {"below 2^60"});
  expect_error(error_for_tensors({gguf_tensor("t", {uint64_t{1} << 59}, kF32, 0)}, 4),
               {"found only 4 bytes"});
}

TEST(Gguf, RefusesUnknownTypesAndRowsOfNoWholeBlocks) {
  expect_error(error_for_tensors({gguf_tensor("t", {32}, kQ4_0, 0)}, 18), {"\"t\"", "Q8_0", "number 2"});
  expect_error(error_for_tensors({gguf_tensor("t", {32}, 1000, 0)}, 18), {"number 1000"});
  expect_error(error_for_tensors({gguf_tensor("t", {33, 32}, kQ8_0, 0)}, 4000),
               {"whole blocks of 32, found 33"});
  expect_error(error_for_tensors({gguf_tensor("t", {128, 2}, kQ4_K, 0)}, 144),
               {"whole blocks of 256, found 128"});
}

TEST(Gguf, RefusesNamesThatAreTooLongOrTwice) {
  expect_error(error_for_tensors({gguf_tensor(std::string(64, 'x'), {1}, kF32, 0)}, 4),
               {"1 to 63 bytes, found 64"});
  expect_error(error_for_tensors({gguf_tensor("", {1}, kF32, 0)}, 4), {"1 to 63 bytes, found 0"});
  expect_error(error_for_tensors({gguf_tensor("t", {1}, kF32, 0), gguf_tensor("t", {1}, kF32, 32)}, 36),
               {"\"t\"", "once", "again"});
}

TEST(Gguf, RefusesDataThatOverlapsLeavesHolesOrEnds) {
  const auto two = [](uint64_t second, size_t bytes) {
    return error_for_tensors({gguf_tensor("a", {16}, kF32, 0), gguf_tensor("b", {2}, kF16, second)}, bytes);
  };
  EXPECT_EQ(two(64, 68), "");
  EXPECT_EQ(two(64, 96), "");
  expect_error(two(32, 96), {"\"b\"", "from byte 64, found 32", "overlaps"});
  expect_error(two(0, 96), {"overlaps"});
  expect_error(two(96, 128), {"\"b\"", "found 96", "a hole"});
  expect_error(two(65, 128), {"multiple of 32, found 65"});
  expect_error(two(64, 67), {"\"b\"", "4 bytes from byte 64", "only 67"});
  expect_error(two(UINT64_MAX - 31, 96), {"\"b\"", "only 96"});
  expect_error(two(64, 97), {"96 bytes of tensors, found 97"});
}

// What GgufHeader writes is what ggml's own Python package writes.
TEST(GgufHeader, WritesWhatGgmlWrites) {
  const std::string path = std::string(JANUS_TEST_DATA) + "/gguf/all_types.gguf";
  const GgufContent content = read_gguf(map_file(path), "all_types.gguf", path);
  GgufHeader header;
  header.add_string("general.architecture", "janus");
  header.add_u32("general.quantization_version", 2);
  header.add_f32("janus.number", 0.1F);
  header.add_file("config.json", content.files.at("config.json").bytes);
  header.add_file("tokenizer.model", content.files.at("tokenizer.model").bytes);
  header.abbreviate("v", "model.vision_model");
  const std::vector<std::string> types = {"f32", "f16", "bf16", "q8_0", "q6_k", "q5_k", "q4_k"};
  for (const std::string& type : types) {
    for (const std::string& name : {"blocks.0." + type, "model.vision_model.expected." + type}) {
      const StoredTensor& tensor = content.tensors.at(name);
      header.add_tensor(name, tensor.dtype, tensor.shape);
    }
  }
  EXPECT_EQ(content.tensors.size(), 2 * types.size());
  const std::string file = read_file(path, path, 1 << 24);
  const std::string written = header.bytes();
  ASSERT_EQ(file.size(), written.size() + header.tensor_bytes());
  EXPECT_EQ(file.substr(0, written.size()), written);
}

// The values are ggml's, to the last bit.
TEST(Gguf, ValuesAreGgmls) {
  const std::string path = std::string(JANUS_TEST_DATA) + "/gguf/all_types.gguf";
  const GgufContent content = read_gguf(map_file(path), "all_types.gguf", path);
  const std::shared_ptr<Device> device = open_device("cpu", {.threads = 1});
  for (const char* type : {"f32", "f16", "bf16", "q8_0", "q6_k", "q5_k", "q4_k"}) {
    const StoredTensor& tensor = content.tensors.at(std::string("blocks.0.") + type);
    EXPECT_STREQ(name_of(tensor.dtype), type);
    const StoredTensor& expected = content.tensors.at(std::string("model.vision_model.expected.") + type);
    EXPECT_EQ(ops::to_host(tensor_on(*device, tensor)), ops::to_host(tensor_on(*device, expected))) << type;
  }
}

TEST(GgufHeader, RefusesWhatTheFormatHasNoPlaceFor) {
  GgufHeader header;
  expect_error(error_of([&] { header.add_tensor(std::string(64, 'n'), DType::f32, {1}); }),
               {"at most 63 bytes"});
  expect_error(error_of([&] { header.add_tensor("ids", DType::i32, {1}); }),
               {"ids", "a type of weights, found i32"});
  expect_error(error_of([&] { header.add_tensor("none", DType::f32, {0, 4}); }), {"none", "sizes above 0"});
  expect_error(error_of([&] { header.add_tensor("scalar", DType::f32, {}); }), {"scalar", "sizes above 0"});
}

TEST(GgufHeader, KeepsTextAsTextAndBytesAsBytes) {
  const auto kept_as_text = [](const std::string& content) {
    GgufHeader header;
    header.add_file("f", std::as_bytes(std::span(content)));
    return header.bytes().find(Bytes().string("janus.file.f").number<uint32_t>(test::kGgufString).text()) !=
           std::string::npos;
  };
  for (const char* text :
       {"", "{}", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(kept_as_text(text)) << text;
  for (const char* bytes : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                            "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(kept_as_text(bytes)) << bytes;
}

TEST(GgufFiles, OpenAsTheFolderTheyWereMadeOf) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write(
      "tiny.gguf", gguf_file({.keys = {gguf_string("general.architecture", "janus"),
                                       gguf_string("janus.file.config.json", R"({"model_type": "janus"})")},
                              .tensors = {gguf_tensor("a", {2}, kF32, 0)},
                              .data = "aaaabbbb"}));
  for (const std::string& given : {path, folder.path()}) {
    const Checkpoint checkpoint = Checkpoint::open(given);
    EXPECT_EQ(checkpoint.config().at("model_type"), "janus");
    EXPECT_EQ(checkpoint.files().files(), (std::vector<std::string>{"config.json", "tiny.gguf"}));
    EXPECT_EQ(checkpoint.files().name(), path);
    EXPECT_EQ(text_of(checkpoint.find("a").data), "aaaabbbb");
  }
  folder.write("config.json", R"({"model_type": "other"})");
  EXPECT_EQ(Checkpoint::open(folder.path()).config().at("model_type"), "other");
  folder.write("second.gguf", "");
  expect_error(error_of([&] { Checkpoint::open(folder.path()); }),
               {"one GGUF file", "second.gguf, tiny.gguf"});
  const std::string bare =
      folder.write("bare", gguf_file({.keys = {gguf_string("general.architecture", "janus")}}));
  expect_error(error_of([&] { Checkpoint::open(bare); }), {bare, "janus.file.config.json", "janus quantize"});
  const std::string other = folder.write("model.safetensors", "12345678");
  expect_error(error_of([&] { Checkpoint::open(other); }), {other, "a folder", "GGUF", "another file"});
}

}  // namespace
}  // namespace janus
