// The device that --device chooses for a model.
#pragma once

#include <memory>

#include "cli/app/options.h"
#include "cli/io/console.h"
#include "cli/model/memory_check.h"
#include "core/tensor/device.h"

namespace janus::cli {

struct ChosenDevice {
  std::shared_ptr<Device> device;
  int images_at_once = 0;  // as Work has it
};

// Opens it and asks whether the work fits, before anything is loaded. `auto` takes a card where the model
// fits into its memory, and else the CPU, which a notice says. Throws Error where it does not fit.
ChosenDevice choose_device(const CommonOptions& options, MemoryQuestion question, Console& console);

}  // namespace janus::cli
