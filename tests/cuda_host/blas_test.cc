// Products that go to cuBLASLt: its arguments against a library that checks them, its results against the
// oracle.
#include "core/cuda/blas.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cuda_host/cublasLt.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

constexpr int64_t kDepth = 1032, kColumns = 1024;

// Products that the library has made.
int64_t library_products() {
  void* const library = dlopen(JANUS_CUDA_LIBRARY_FOLDER "/libcublasLt.so.13", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return 0;
  return reinterpret_cast<decltype(&cuda_host_products)>(dlsym(library, "cuda_host_products"))();
}

class BlasGemm : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    weight_ = oracle::random_tensor(*device_, Shape{kColumns, kDepth}, 2, GetParam(), 1 / std::sqrt(kDepth));
  }

  std::shared_ptr<Device> device_ = open_device("cuda");
  Tensor weight_;
};

TEST_P(BlasGemm, EqualsOracle) {
  const Tensor x = oracle::random_tensor(*device_, Shape{2, 3, kDepth}, 1);
  const Tensor bias = oracle::random_tensor(*device_, Shape{kColumns}, 3);
  const oracle::Values wide_x = oracle::widen(x), wide_weight = oracle::widen(weight_);
  const int64_t before = library_products();
  oracle::expect_near(ops::linear(x, weight_, bias),
                      oracle::linear(wide_x, wide_weight, oracle::widen(bias), kDepth), oracle::kSplitProduct,
                      "with bias");
  const int64_t terms = GetParam() == DType::bf16 ? 2 : 1;
  EXPECT_EQ(library_products() - before, terms);
  oracle::expect_near(ops::linear(x, oracle::with_spaced_rows(weight_, 8)),
                      oracle::linear(wide_x, wide_weight, {}, kDepth), oracle::kSplitProduct, "spaced rows");
  EXPECT_EQ(library_products() - before, 2 * terms);
}

TEST_P(BlasGemm, ARowDoesNotDependOnTheOthers) {
  const Tensor x = oracle::random_tensor(*device_, Shape{5, kDepth}, 1);
  const std::vector<float> all = ops::to_host(ops::linear(x, weight_));
  const std::vector<float> two = ops::to_host(ops::linear(x.rows(3, 2), weight_));
  EXPECT_TRUE(std::equal(two.begin(), two.end(), all.begin() + 3 * kColumns));
}

TEST_P(BlasGemm, SingleTokensAndWhatDoesNotFitStayWithOwnKernels) {
  const int64_t before = library_products();
  ops::linear(oracle::random_tensor(*device_, Shape{2, 1, kDepth}, 1), weight_);
  const Tensor x = oracle::random_tensor(*device_, Shape{2, kDepth}, 1);
  ops::linear(x, oracle::with_spaced_rows(weight_, 3));  // not aligned
  ops::linear(x, weight_.rows(0, 1016));                 // too small
  EXPECT_EQ(library_products(), before);
}

TEST_P(BlasGemm, TheEnvironmentTurnsItOff) {
  setenv("JANUS_CUDA_LIBRARIES", "off", 1);
  const std::shared_ptr<Device> without = open_device("cuda");
  unsetenv("JANUS_CUDA_LIBRARIES");
  EXPECT_NE(without->description().find("own kernels"), std::string::npos) << without->description();
  EXPECT_NE(device_->description().find("cuBLASLt"), std::string::npos) << device_->description();
}

INSTANTIATE_TEST_SUITE_P(Types, BlasGemm, testing::Values(DType::bf16, DType::f32),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace janus
