// Stands for core/cpu/x86/amx_choice.cc: the kernels of AMX on the stand-in of its tiles, which run wherever
// the vectors beside them do.
#include "core/cpu/x86/choice.h"

namespace janus::cpu {
namespace amx_stand_in {
extern const Kernels kKernels;
}

Choice amx_choice() { return {"amx", &amx_stand_in::kKernels, nullptr}; }

}  // namespace janus::cpu
