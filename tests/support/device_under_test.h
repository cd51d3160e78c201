// The device that a test program of operations runs on: $JANUS_TEST_DEVICE, or the CPU. One body an
// operation serves every device; tests/CMakeLists.txt runs the programs for each.
#pragma once

#include <memory>
#include <string>

#include "core/tensor/device.h"

namespace janus::oracle {

// Its name, as for --device.
const std::string& device_name();
// A new device of that name. main() has made sure that it can be had.
std::shared_ptr<Device> test_device(const DeviceOptions& options = {});
// Whether products run on a card's tensor cores.
bool on_card();

}  // namespace janus::oracle
