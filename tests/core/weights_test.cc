#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/cpu/cpu_device.h"
#include "core/tensor/ops.h"
#include "tests/core/model_files.h"

namespace janus {
namespace {

using test::bytes_of;
using test::error_of;
using test::expect_error;
using test::TestTensor;

// 1, -2, 0.5, 3, 0, 65504 in every type; the last is the largest f16 and 65536 as bf16.
const std::vector<float> kValues = {1, -2, 0.5F, 3, 0, 65504};
const std::vector<uint16_t> kHalf = {0x3C00, 0xC000, 0x3800, 0x4200, 0, 0x7BFF};
const std::vector<uint16_t> kBrain = {0x3F80, 0xC000, 0x3F00, 0x4040, 0, 0x4780};

std::vector<TestTensor> tensors() {
  return {{"blocks.3.f32", "F32", {2, 3}, bytes_of(kValues)},
          {"blocks.3.f16", "F16", {2, 3}, bytes_of(kHalf)},
          {"blocks.3.bf16", "BF16", {2, 3}, bytes_of(kBrain)},
          {"blocks.3.i64", "I64", {1}, std::string(8, '\0')},
          {"blocks.3.deep", "F32", {1, 1, 1, 1, 1}, std::string(4, '\0')},
          {"none", "F32", {0, 3}, ""}};
}

class WeightsTest : public ::testing::TestWithParam<size_t> {
 protected:
  WeightsTest() {
    folder_.write("config.json", "{}");
    folder_.write("model.safetensors", test::safetensors_file(tensors(), GetParam()));
  }
  Weights weights(WeightType type = WeightType::native) const { return {checkpoint(), *device_, type}; }
  const Checkpoint& checkpoint() const {
    if (!checkpoint_) checkpoint_ = Checkpoint::open(folder_.path());
    return *checkpoint_;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<Device> device_ = open_device("cpu", {.threads = 1});
  mutable std::optional<Checkpoint> checkpoint_;
};

TEST_P(WeightsTest, GetsF32OfEveryType) {
  const Weights w = weights() / "blocks" / 3;
  EXPECT_EQ(w.path("f16"), "blocks.3.f16");
  EXPECT_EQ(w.shape("f16"), (Shape{2, 3}));
  std::vector<float> brain = kValues;
  brain[5] = 65536;
  for (const char* name : {"f32", "f16", "bf16"}) {
    const Tensor tensor = w.get(name, {2, 3});
    EXPECT_EQ(tensor.dtype(), DType::f32);
    EXPECT_EQ(ops::to_host(tensor), name == std::string("bf16") ? brain : kValues) << name;
  }
}

TEST_P(WeightsTest, MatricesKeepTheirTypeOrTakeTheOneAsked) {
  const std::vector<std::pair<std::string, DType>> stored = {
      {"f32", DType::f32}, {"f16", DType::f16}, {"bf16", DType::bf16}};
  for (const auto& [name, dtype] : stored) {
    EXPECT_EQ((weights() / "blocks" / 3).matrix(name, {2, 3}).dtype(), dtype);
    for (const auto& [type, expected] : stored) {
      const Weights w = weights(weight_type_from_name(type)) / "blocks" / 3;
      const Tensor tensor = w.matrix(name, {2, 3});
      EXPECT_EQ(tensor.dtype(), expected);
      const std::vector<float> values = ops::to_host(tensor);
      EXPECT_EQ(std::vector<float>(values.begin(), values.end() - 1),
                std::vector<float>(kValues.begin(), kValues.end() - 1));
    }
  }
}

TEST_P(WeightsTest, MatricesOutliveTheCheckpoint) {
  const Tensor tensor = weights().matrix("blocks.3.f16", {2, 3});
  checkpoint_.reset();
  EXPECT_EQ(ops::to_host(tensor), kValues);
}

TEST_P(WeightsTest, MatricesAreWrappedWhereTheyLieAligned) {
  const Tensor tensor = weights().matrix("blocks.3.f16", {2, 3});
  const void* mapped = checkpoint().find("blocks.3.f16").data.bytes.data();
  EXPECT_EQ(tensor.raw() == mapped, GetParam() % 2 == 0);
}

TEST_P(WeightsTest, ReadingMarksAsRead) {
  const Weights w = weights();
  (w / "blocks").get("3.f32", {2, 3});
  w.matrix("blocks.3.f16", {2, 3});
  EXPECT_TRUE(w.contains("none"));
  EXPECT_EQ(w.get("none", {0, 3}).elements(), 0);
  EXPECT_EQ(checkpoint().unread(),
            (std::vector<std::string>{"blocks.3.bf16", "blocks.3.deep", "blocks.3.i64"}));
}

TEST_P(WeightsTest, ErrorsNameTensorExpectedAndFound) {
  const Weights w = weights() / "blocks" / 3;
  expect_error(error_of([&] {
                 w.get("f32", {3, 2});
               }),
               {"blocks.3.f32: expected [3, 2], found [2, 3] in model.safetensors"});
  expect_error(error_of([&] { w.matrix("f32", {6}); }), {"blocks.3.f32: expected [6], found [2, 3]"});
  expect_error(error_of([&] { w.get("i64", {1}); }),
               {"blocks.3.i64", "expected a type of weights", "type I64"});
  expect_error(error_of([&] { w.get("deep", {1}); }), {"blocks.3.deep", "at most 4 axes", "5 axes"});
  expect_error(error_of([&] { w.get("nowhere", {1}); }), {"blocks.3.nowhere", "model.safetensors"});
  expect_error(error_of([&] { w.shape("nowhere"); }), {"blocks.3.nowhere", "model.safetensors"});
  expect_error(error_of([&] { w.shape("f32", 4); }), {"blocks.3.f32: expected 4 axes, found [2, 3]"});
  EXPECT_EQ(w.shape("f32", 2), (Shape{2, 3}));
  EXPECT_EQ(checkpoint().unread().size(), tensors().size());
}

// Stands for a GPU: what it computes on must have been uploaded.
class Elsewhere : public cpu::CpuDevice {
 public:
  Elsewhere() : CpuDevice(1) {}
  std::string name() const override { return "elsewhere"; }
  const DeviceTraits& traits() const override {
    static constexpr DeviceTraits kOwnMemory{.has_own_memory = true};
    return kOwnMemory;
  }
  void upload(void* to, const void* from_host, size_t bytes) override {
    uploaded_bytes += bytes;
    CpuDevice::upload(to, from_host, bytes);
  }

  size_t uploaded_bytes = 0;
};

TEST_P(WeightsTest, OtherDevicesGetACopyInTheStoredType) {
  Elsewhere device;
  const Weights w = Weights(checkpoint(), device, WeightType::f32) / "blocks" / 3;
  const Tensor tensor = w.matrix("f16", {2, 3});
  EXPECT_EQ(device.uploaded_bytes, 12U);
  EXPECT_EQ(&tensor.device(), &device);
  EXPECT_EQ(tensor.dtype(), DType::f32);
  EXPECT_EQ(ops::to_host(tensor), kValues);
  const Tensor stored = w.get("f32", {2, 3});
  EXPECT_NE(stored.raw(), checkpoint().find("blocks.3.f32").data.bytes.data());
  EXPECT_EQ(ops::to_host(stored), kValues);
}

INSTANTIATE_TEST_SUITE_P(Misalignment, WeightsTest, ::testing::Values(0, 1, 2));

TEST(WeightType, RowsThatNoBlockFitsTakeALargerType) {
  const auto dtype = [](WeightType type, DType stored, int64_t row) {
    return weight_dtype(type, stored, {4, row});
  };
  EXPECT_EQ(dtype(WeightType::native, DType::q5_k, 256), DType::q5_k);
  EXPECT_EQ(dtype(DType::q4_k, DType::bf16, 512), DType::q4_k);
  EXPECT_EQ(dtype(DType::q4_k, DType::bf16, 96), DType::q8_0);
  EXPECT_EQ(dtype(DType::q4_k, DType::bf16, 40), DType::bf16);
  EXPECT_EQ(dtype(DType::q8_0, DType::f16, 40), DType::f16);
  EXPECT_EQ(dtype(DType::q8_0, DType::f32, 40), DType::f16);
  EXPECT_EQ(dtype(WeightType::f16, DType::bf16, 40), DType::f16);
  EXPECT_EQ(dtype(WeightType::f32, DType::bf16, 1), DType::f32);
}

TEST(WeightType, WhatIsQuantizedNeverGrows) {
  EXPECT_EQ(weight_dtype(WeightType::f32, DType::q4_k, {4, 256}), DType::q4_k);
  EXPECT_EQ(weight_dtype(DType::q8_0, DType::q6_k, {4, 256}), DType::q6_k);
  EXPECT_EQ(weight_dtype(DType::q8_0, DType::q8_0, {4, 256}), DType::q8_0);
  EXPECT_EQ(weight_dtype(DType::q5_k, DType::q6_k, {4, 256}), DType::q5_k);
  EXPECT_EQ(weight_dtype(DType::q4_k, DType::q8_0, {4, 96}), DType::q8_0);
  EXPECT_TRUE(is_larger(DType::q8_0, DType::q6_k));
  EXPECT_FALSE(is_larger(DType::q8_0, DType::q8_0));
  EXPECT_FALSE(is_larger(WeightType::native, DType::q4_k));
}

TEST_P(WeightsTest, APlanNotesTypesAndConvertsNothing) {
  int64_t read = 0;
  const Weights root(checkpoint(), *device_, WeightType::native,
                     {.plan = true, .on_read = [&](int64_t bytes) { read += bytes; }});
  const Weights w = root.part("vision", WeightType::f32) / "blocks" / 3;
  EXPECT_EQ(w.matrix("bf16", {2, 3}).dtype(), DType::bf16);
  EXPECT_EQ(w.get("f16", {2, 3}).dtype(), DType::f32);
  EXPECT_EQ(read, 24);
  const WeightUse matrix = checkpoint().read().at("blocks.3.bf16"),
                  vector = checkpoint().read().at("blocks.3.f16");
  EXPECT_EQ(matrix.part, "vision");
  EXPECT_EQ(matrix.dtype, DType::f32);
  EXPECT_TRUE(matrix.matrix);
  EXPECT_EQ(vector.dtype, DType::f32);
  EXPECT_FALSE(vector.matrix);
}

TEST(WeightType, IsKnownByName) {
  EXPECT_EQ(weight_type_from_name("native"), WeightType::native);
  for (const DType type : weight_types()) EXPECT_EQ(weight_type_from_name(name_of(type)), type);
  expect_error(error_of([] { weight_type_from_name("q9"); }), {"native, f32, f16, bf16, q8_0, ", "found q9"});
}

}  // namespace
}  // namespace janus
