#include "cli/model/chosen_device.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/base/machine_memory.h"

namespace janus::cli {
namespace {

MachineMemory memory_of(const Device& device) {
  const int64_t own = device.free_bytes();
  // Its driver takes some, and blocks of memory are larger than what is asked for.
  return own < 0 ? machine_memory() : MachineMemory{.available_bytes = own / 16 * 15, .limit = "the card"};
}

// Why `auto` takes no card is for those who ask, unless there is one.
std::shared_ptr<Device> open_any(const DeviceOptions& options, Console& console) {
  try {
    return open_device("cuda", options);
  } catch (const Error& error) {
    const std::string text = fmt::format("no card is used: {}", error.what());
    std::error_code fault;
    if (std::filesystem::exists("/dev/nvidiactl", fault)) {
      console.notice(text);
    } else {
      console.detail(text);
    }
  }
  return open_device("cpu", options);
}

}  // namespace

ChosenDevice choose_device(const CommonOptions& options, MemoryQuestion question, Console& console) {
  const DeviceOptions device_options{.threads = static_cast<int>(options.threads)};
  std::shared_ptr<Device> device = options.device == "auto" ? open_any(device_options, console)
                                                            : open_device(options.device, device_options);
  MemoryAnswer answer;
  try {
    question.device = device->name();
    answer = check_memory(question, memory_of(*device));
  } catch (const Error& error) {
    if (options.device != "auto" || device->free_bytes() < 0) throw;
    console.notice(fmt::format("{} is not used: {}", device->name(), error.what()));
    device = open_device("cpu", device_options);
    question.device = device->name();
    answer = check_memory(question, memory_of(*device));
  }
  if (!answer.warning.empty()) console.notice(answer.warning);
  if (answer.images_at_once > 0) {
    console.detail(fmt::format("{} images are drawn side by side: more do not fit", answer.images_at_once));
  }
  return {device, answer.images_at_once};
}

}  // namespace janus::cli
