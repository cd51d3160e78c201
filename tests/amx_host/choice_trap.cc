// Stands for core/cpu/x86/amx_choice.cc: the kernels of AMX as they are, for a processor whose lack of them
// trap.cc makes up for.
#include "core/cpu/x86/choice.h"

namespace janus::cpu {
namespace amx {
extern const Kernels kKernels;
}

Choice amx_choice() { return {"amx", &amx::kKernels, nullptr}; }

}  // namespace janus::cpu
