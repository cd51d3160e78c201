#include "core/cpu/x86/amx_support.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace janus::cpu {
namespace {

constexpr uint32_t kOsSavesState = 1U << 27;                              // leaf 1, c
constexpr uint32_t kBf16 = 1U << 22, kTile = 1U << 24, kInt8 = 1U << 25;  // leaf 7, d
constexpr int kTileShapes = 17, kTileData = 18;                           // of the state that a system saves

uint32_t features_1c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 ? c : 0;
}

uint32_t features_7d() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 ? d : 0;
}

uint64_t enabled_state() {
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

// Linux gives tiles from 5.16 on, to who asks (Documentation/arch/x86/xstate.rst). It refuses where a thread
// has an alternative signal stack with no room for them, and a filter of system calls may refuse, too.
bool request_tiles() {
  constexpr long kGetPermission = 0x1022, kRequestPermission = 0x1023;  // ARCH_*_XCOMP_PERM
  uint64_t given = 0;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0 &&
         syscall(SYS_arch_prctl, kGetPermission, &given) == 0 && (given >> kTileData & 1) != 0;
}

}  // namespace

AmxProber amx_prober() { return {features_1c, features_7d, enabled_state, request_tiles}; }

const char* missing_for_amx(const AmxProber& prober) {
  constexpr uint32_t kNeeded = kBf16 | kTile | kInt8;
  if ((prober.features_7d() & kNeeded) != kNeeded) return "this processor lacks it";
  constexpr uint64_t kState = uint64_t{1} << kTileShapes | uint64_t{1} << kTileData;
  if ((prober.features_1c() & kOsSavesState) == 0 || (prober.enabled_state() & kState) != kState) {
    return "the system or its hypervisor has not turned it on";
  }
  return prober.request_tiles() ? nullptr : "the system does not let this process use it";
}

}  // namespace janus::cpu
