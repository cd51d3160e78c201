// main() of the tests that run on every device: one that this machine does not have is skipped, and says why.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "core/base/error.h"
#include "tests/support/device_under_test.h"

namespace janus::oracle {

const std::string& device_name() {
  static const std::string name = [] {
    const char* wanted = std::getenv("JANUS_TEST_DEVICE");
    return std::string(wanted == nullptr ? "cpu" : wanted);
  }();
  return name;
}

std::shared_ptr<Device> test_device(const DeviceOptions& options) {
  return open_device(device_name(), options);
}

bool on_card() { return device_name() != "cpu"; }

}  // namespace janus::oracle

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  constexpr int kSkipped = 77;  // as SKIP_RETURN_CODE in tests/CMakeLists.txt
  try {
    janus::oracle::test_device();
  } catch (const janus::Error& error) {
    std::printf("skipped: %s\n", error.what());
    return kSkipped;
  }
  return RUN_ALL_TESTS();
}
