// Stands for amx_choice.cc where the compiler knows no AMX.
#include "core/cpu/x86/choice.h"

namespace janus::cpu {

Choice amx_choice() { return {"amx", nullptr, "this build lacks it"}; }

}  // namespace janus::cpu
