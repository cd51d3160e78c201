// What the built-in model cannot do, for people who meet it first.
#pragma once

#include <string>

#include "cli/io/console.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {

// A notice where the built-in model is asked something it was never taught. Nothing for any other model.
void tell_builtin_limits(const ChosenModel& chosen, const std::string& question, Console& console);

}  // namespace janus::cli
