// Whether a model fits into memory, asked before it is loaded: open_model() itself takes what it needs, and
// the system ends a process that takes more than there is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/base/machine_memory.h"
#include "core/tensor/device.h"
#include "generator/memory_need.h"

namespace janus {

// What does not fit does so once other things have gone.
struct NotEnoughMemory : Error {
  using Error::Error;
};

// What may be changed so that a model fits.
enum class MemoryChange { new_tokens, rows, type, device };
// Says a change as the caller's user makes it: "--type q8_0".
using MemoryWords = std::function<std::string(MemoryChange change, const std::string& value)>;
// With the names of Work and ModelOptions: "type q8_0".
std::string memory_words(MemoryChange change, const std::string& value);

// What is asked about.
struct MemoryQuestion {
  const Checkpoint& checkpoint;
  std::string model;   // for messages
  std::string device;  // its name
  ModelOptions options;
  Work work;
  bool in_memory = false;  // the checkpoint's own bytes are there already, in no file
  MemoryWords words = memory_words;
};

struct MemoryAnswer {
  std::string warning;     // or empty
  int images_at_once = 0;  // so many fit side by side; 0: as many as the device likes
};

// Throws NotEnoughMemory with the numbers, and the change that makes it fit, where what cannot be given back
// (converted weights, cache, scratch) is more than `machine` has, with the fewest images side by side: the
// system would end the process. Mapped weights it can give back, so where only these are too much, that is a
// warning of the same form.
MemoryAnswer check_memory(const MemoryQuestion& question, const MachineMemory& machine);

// Throws NotEnoughMemory where `bytes` are more than `machine` has: of what, and what to do about it.
void check_room(int64_t bytes, const std::string& what, const std::string& advice,
                const MachineMemory& machine);

// Whom the choice of a device tells: everybody, or those who ask for details. Either may be empty.
struct DeviceListeners {
  std::function<void(const std::string&)> notice = {}, detail = {};
};

struct FittingDevice {
  std::shared_ptr<Device> device;
  int images_at_once = 0;  // as Work has it
};

// Opens the device of question.device and asks whether the work fits, before anything is loaded. "auto" takes
// a GPU where the model fits into its memory, and else the CPU, which a notice says. Throws Error where
// there is no such device, and NotEnoughMemory.
FittingDevice open_fitting_device(MemoryQuestion question, const DeviceOptions& options = {},
                                  const DeviceListeners& listeners = {});

}  // namespace janus
