#include "core/cpu/x86/amx_support.h"
#include "core/cpu/x86/choice.h"

namespace janus::cpu {
namespace amx {
extern const Kernels kKernels;
}

Choice amx_choice() { return {"amx", &amx::kKernels, missing_for_amx(amx_prober())}; }

}  // namespace janus::cpu
