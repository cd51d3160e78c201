// The device that --device chooses for a model.
#pragma once

#include "cli/app/options.h"
#include "cli/io/console.h"
#include "generator/memory_check.h"

namespace janus::cli {

// As open_fitting_device, with question.device and words by the options of the command line; notices and
// details go to the console.
FittingDevice choose_device(const CommonOptions& options, MemoryQuestion question, Console& console);

}  // namespace janus::cli
