// Stands for core/cpu/x86/amx_choice.cc: the kernels of AMX as they are, for a processor whose lack of them
// trap.cc makes up for.
#include <signal.h>

#include "core/cpu/x86/choice.h"

namespace janus::cpu {
namespace amx {
extern const Kernels kKernels;
}
namespace amx_trap {
void on_illegal_instruction(int, siginfo_t*, void* context);
}
namespace {

[[maybe_unused]] const bool kInstalled = [] {
  struct sigaction action {};
  action.sa_sigaction = amx_trap::on_illegal_instruction;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr) == 0;
}();

}  // namespace

Choice amx_choice() { return {"amx", &amx::kKernels, nullptr}; }

}  // namespace janus::cpu
