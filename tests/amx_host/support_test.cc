// Which machines AMX is used on, asked of machines of its own making; and what JANUS_ISA says without it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/cpu/x86/amx_support.h"
#include "core/tensor/device.h"

namespace janus::cpu {
namespace {

constexpr AmxProber kComplete{
    .features_1c = [] { return 1U << 27; },
    .features_7d = [] { return 1U << 22 | 1U << 24 | 1U << 25; },
    .enabled_state = [] { return uint64_t{7} | uint64_t{3} << 17; },
    .request_tiles = [] { return true; },
};

std::string missing(const AmxProber& prober) {
  const char* const text = missing_for_amx(prober);
  return text == nullptr ? "" : text;
}

TEST(AmxSupport, UsedWhereAllOfItIsThere) { EXPECT_EQ(missing(kComplete), ""); }

TEST(AmxSupport, ProcessorLacksAPart) {
  for (uint32_t (*features)() : {+[] { return 0U; }, +[] { return 1U << 24 | 1U << 25; },
                                 +[] { return 1U << 22 | 1U << 24; }, +[] { return 1U << 22 | 1U << 25; }}) {
    AmxProber prober = kComplete;
    prober.features_7d = features;
    // Such a processor is asked for nothing else.
    prober.enabled_state = nullptr;
    prober.request_tiles = nullptr;
    EXPECT_EQ(missing(prober), "this processor lacks it");
  }
}

TEST(AmxSupport, SystemOrContainerHidesIt) {
  AmxProber prober = kComplete;
  prober.request_tiles = nullptr;
  prober.enabled_state = [] { return uint64_t{7} | uint64_t{1} << 17; };
  EXPECT_EQ(missing(prober), "the system or its hypervisor has not turned it on");
  prober.enabled_state = nullptr;
  prober.features_1c = [] { return 0U; };  // xgetbv would be a fault
  EXPECT_EQ(missing(prober), "the system or its hypervisor has not turned it on");
}

TEST(AmxSupport, SystemRefuses) {
  AmxProber prober = kComplete;
  prober.request_tiles = [] { return false; };
  EXPECT_EQ(missing(prober), "the system does not let this process use it");
}

// Whatever this machine is: the kernels or one line, and the best without a wish.
TEST(AmxSupport, OfThisMachine) {
  const std::string lack = missing(amx_prober());
  setenv("JANUS_ISA", "amx", 1);
  try {
    const std::shared_ptr<Device> device = open_device("cpu");
    EXPECT_EQ(lack, "");
    EXPECT_NE(device->description().find("amx"), std::string::npos);
  } catch (const Error& error) {
    EXPECT_NE(lack, "");
    EXPECT_EQ(std::string(error.what()), "JANUS_ISA=amx: " + lack + "; unset JANUS_ISA");
  }
  unsetenv("JANUS_ISA");
  EXPECT_EQ(open_device("cpu")->description().ends_with(", amx"), lack.empty());
}

}  // namespace
}  // namespace janus::cpu
