#include "cli/chosen_device.h"

#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "core/machine_memory.h"

namespace janus::cli {
namespace {

MachineMemory memory_of(const Device& device) {
  const int64_t own = device.free_bytes();
  return own < 0 ? machine_memory() : MachineMemory{.available_bytes = own, .limit = "the card"};
}

}  // namespace

std::shared_ptr<Device> choose_device(const CommonOptions& options, MemoryQuestion question,
                                      Console& console) {
  const DeviceOptions device_options{.threads = static_cast<int>(options.threads)};
  std::shared_ptr<Device> device = open_device(options.device, device_options);
  std::string warning;
  try {
    question.device = device->name();
    warning = check_memory(question, memory_of(*device));
  } catch (const Error& error) {
    if (options.device != "auto" || device->free_bytes() < 0) throw;
    console.notice(fmt::format("{} is not used: {}", device->name(), error.what()));
    device = open_device("cpu", device_options);
    question.device = device->name();
    warning = check_memory(question, memory_of(*device));
  }
  if (!warning.empty()) console.notice(warning);
  return device;
}

}  // namespace janus::cli
