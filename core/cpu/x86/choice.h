// What select.cc chooses from.
#pragma once

#include "core/cpu/kernels.h"

namespace janus::cpu {

struct Choice {
  const char* name;
  const Kernels* kernels;  // null where the build has none
  const char* missing;     // what this machine or this build lacks; null where the kernels run here
};

// The kernels of AMX (amx_choice.cc, or no_amx.cc where the compiler cannot make them). What beside AMX they
// need is not asked.
Choice amx_choice();

}  // namespace janus::cpu
