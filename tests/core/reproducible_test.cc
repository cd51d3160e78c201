// The promise of core/tensor/device.h: a row's result has the same bits alone and among others, on one thread
// and on many.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/oracle.h"

namespace janus {
namespace {

constexpr int64_t kBatch = 11;

// One operation on a batch [B, ..] whose entry 0 is the same whatever B is.
struct Operation {
  std::string name;
  Shape entry;  // of one row
  std::function<Tensor(const Tensor& x)> run;
};

std::vector<Operation> operations(Device& device) {
  const auto weight = [&](Shape shape, DType dtype) {
    return oracle::random_tensor(device, shape, 5, dtype, 0.05F);
  };
  const Tensor bf16 = weight(Shape{515, 650}, DType::bf16), f16 = weight(Shape{130, 650}, DType::f16);
  const Tensor f32 = weight(Shape{70, 650}, DType::f32), scale = weight(Shape{64}, DType::f32);
  const Tensor kernel = weight(Shape{40, 64, 3, 3}, DType::bf16),
               narrow = weight(Shape{3, 64, 3, 3}, DType::bf16),
               depthwise = weight(Shape{64, 1, 7, 7}, DType::bf16);
  const auto linear = [](Tensor w) { return [w](const Tensor& x) { return ops::linear(x, w); }; };
  const auto conv = [](Tensor w, Conv2dOptions options = kSamePadding3x3) {
    return [w, options](const Tensor& x) { return ops::conv2d(x, w, {}, options); };
  };
  const auto cached = [&device](int64_t positions) {
    return [&device, positions](const Tensor& x) {
      const auto batch = x.size(0);
      // Each row sees keys of its own: the cache's tokens in order.
      const int64_t length = positions + x.size(1);
      std::vector<int32_t> starts;
      for (int64_t b = 0; b < batch; ++b) starts.push_back(static_cast<int32_t>(b * length));
      const std::vector<int32_t> at(static_cast<size_t>(batch), static_cast<int32_t>(positions));
      const Shape shape{1, batch * length, 32};
      const CacheView cache{oracle::random_tensor(device, shape, 7, DType::bf16),
                            oracle::random_tensor(device, shape, 8, DType::bf16), starts, at};
      return ops::cached_attention(x, 4, cache);
    };
  };
  std::vector<Operation> all{
      {"linear bf16, T = 1", {1, 650}, linear(bf16)},
      {"linear f16, T = 1", {1, 650}, linear(f16)},
      {"linear f32, T = 1", {1, 650}, linear(f32)},
      {"linear bf16, T = 29", {29, 650}, linear(bf16)},
      {"linear f32, T = 3", {3, 650}, linear(f32)},
      {"rms_norm", {5, 64}, [scale](const Tensor& x) { return ops::rms_norm(x, scale, 1e-6F); }},
      {"layer_norm", {5, 64}, [scale](const Tensor& x) { return ops::layer_norm(x, scale, scale, 1e-6F); }},
      {"group_norm",
       {24, 17, 64},
       [scale](const Tensor& x) { return ops::group_norm(x, scale, scale, 32, 1e-6F, true); }},
      {"global_response_norm",
       {24, 17, 64},
       [scale](const Tensor& x) { return ops::global_response_norm(x, scale, scale, 1e-6F); }},
      {"scale_shift", {5, 64}, [scale](const Tensor& x) { return ops::scale_shift(x, scale, scale); }},
      {"gelu_erf", {5, 67}, [](const Tensor& x) { return ops::gelu_erf(x); }},
      {"swiglu", {5, 67}, [](const Tensor& x) { return ops::swiglu(x, x); }},
      {"attention", {130, 64}, [](const Tensor& x) { return ops::attention(x, x, x, 2); }},
      {"cached_attention, T = 1", {1, 128}, cached(300)},
      {"cached_attention, T = 110", {110, 128}, cached(30)},
      {"conv2d", {13, 24, 64}, conv(kernel)},
      {"conv2d, few filters", {13, 24, 64}, conv(narrow)},
      {"conv2d, stride 2", {13, 24, 64}, conv(kernel, {2, 0, 0, 1, 1})},
      {"conv2d, stride 2, few filters", {13, 24, 64}, conv(narrow, {2, 0, 0, 1, 1})},
      {"depthwise_conv2d",
       {13, 24, 64},
       [depthwise](const Tensor& x) {
         return ops::depthwise_conv2d(x, depthwise, {}, {1, 3, 3, 3, 3});
       }},
      {"silu_conv2d",
       {29, 45, 64},
       [kernel, scale](const Tensor& x) {
         const GroupNormOptions norm{.weight = scale, .bias = scale, .groups = 32, .eps = 1e-6F};
         return ops::silu_conv2d(x, norm, kernel, {}, kSamePadding3x3);
       }},
      {"upsample_conv3x3",
       {13, 24, 64},
       [kernel](const Tensor& x) { return ops::upsample_conv3x3(x, kernel, {}); }},
  };
  for (const DType type : block_types()) {
    const Tensor plain = weight(Shape{131, 768}, type);
    for (const Tensor& w : {plain, ops::in_preferred_layout(plain)}) {
      const char* const layout = w.layout() == Layout::packed ? "packed " : "";
      for (const int64_t tokens : {1, 2, 29, 120}) {
        const std::string name = fmt::format("linear {}{}, T = {}", layout, name_of(type), tokens);
        all.push_back({name, {tokens, 768}, linear(w)});
      }
    }
  }
  return all;
}

Tensor batch_of(Device& device, const Shape& entry, int64_t batch) {
  const std::vector<float> values = oracle::random_values(kBatch * entry.elements(), 3);
  std::vector<int64_t> sizes{batch};
  for (int axis = 0; axis < entry.rank(); ++axis) sizes.push_back(entry[axis]);
  const Shape shape{std::span<const int64_t>(sizes)};
  return ops::from_host(device, std::span(values).first(static_cast<size_t>(shape.elements())), shape);
}

TEST(Reproducible, RowAloneOrAmongOthers) {
  const std::shared_ptr<Device> device = oracle::test_device();
  // An emulated GPU takes minutes for all of them.
  const std::vector<int64_t> batches =
      device->traits().has_own_memory ? std::vector<int64_t>{2, 11} : std::vector<int64_t>{2, 3, 5, 8, 11};
  for (const Operation& operation : operations(*device)) {
    const Tensor alone = operation.run(batch_of(*device, operation.entry, 1));
    for (const int64_t batch : batches) {
      const Tensor among = operation.run(batch_of(*device, operation.entry, batch)).rows(0, 1);
      oracle::expect_same(among, alone, std::string(operation.name) + " among " + std::to_string(batch));
    }
  }
}

TEST(Reproducible, AnyNumberOfThreads) {
  if (!oracle::traits().takes_threads) GTEST_SKIP() << "a GPU has no such option";
  const std::shared_ptr<Device> one = open_device("cpu", {1});
  const std::vector<Operation> expected = operations(*one);
  for (const int threads : {2, 3, 8}) {
    const std::shared_ptr<Device> many = open_device("cpu", {threads});
    const std::vector<Operation> found = operations(*many);
    for (size_t i = 0; i < found.size(); ++i) {
      oracle::expect_same(found[i].run(batch_of(*many, found[i].entry, 2)),
                          expected[i].run(batch_of(*one, found[i].entry, 2)),
                          std::string(found[i].name) + " on " + std::to_string(threads) + " threads");
    }
  }
}

}  // namespace
}  // namespace janus
