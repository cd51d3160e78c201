// A fixture whose tests run once for each instruction set that the kernels are compiled for.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/error.h"
#include "tests/support/oracle.h"

namespace janus {

class Isa : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* before = std::getenv("JANUS_ISA");
    if (before != nullptr) before_ = before;
    setenv("JANUS_ISA", GetParam(), 1);
    try {
      device_ = open_device("cpu");
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();  // this processor is an older one
    }
  }
  void TearDown() override {
    if (before_.empty()) {
      unsetenv("JANUS_ISA");
    } else {
      setenv("JANUS_ISA", before_.c_str(), 1);
    }
  }
  Tensor random(Shape shape, uint32_t seed, DType dtype = DType::f32, float scale = 1.0F,
                float shift = 0.0F) {
    return oracle::random_tensor(*device_, shape, seed, dtype, scale, shift);
  }

  std::shared_ptr<Device> device_;
  std::string before_;
};

inline auto every_isa() {
  return testing::Values("baseline", "avx2", "avxvnni", "avx512", "avx512vnni", "amx");
}

inline std::string name_of_isa(const testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace janus
