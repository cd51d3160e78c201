// The choice of kernels on x86-64.
#include <cpuid.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "core/base/error.h"
#include "core/cpu/x86/choice.h"

namespace janus::cpu {
namespace baseline {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avxvnni {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}
namespace avx512vnni {
extern const Kernels kKernels;
}

namespace {

// (gcc 12 has no name for it in __builtin_cpu_supports.)
bool has_avxvnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & 1U << 4) != 0;
}

constexpr const char* kLacks = "this processor lacks it";

// Slowest first.
std::array<Choice, 6> choices() {
  __builtin_cpu_init();
  // Every processor with AVX2 and FMA has F16C, which clang 14 cannot ask for.
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512dq");
  const bool has_vnni = has_avx512 && __builtin_cpu_supports("avx512vnni");
  const auto choice = [](const Kernels& kernels, bool runs) {
    return Choice{kernels.name, &kernels, runs ? nullptr : kLacks};
  };
  return {choice(baseline::kKernels, true),
          choice(avx2::kKernels, has_avx2),
          choice(avxvnni::kKernels, has_avx2 && has_avxvnni()),
          choice(avx512::kKernels, has_avx512),
          choice(avx512vnni::kKernels, has_vnni),
          has_vnni ? amx_choice() : Choice{"amx", nullptr, kLacks}};
}

}  // namespace

const Kernels& kernels() {
  const char* wanted = std::getenv("JANUS_ISA");
  const Kernels* chosen = nullptr;
  // Asked once: a virtual machine takes long over each cpuid, and every weight asks for the kernels.
  static const std::array<Choice, 6> known = choices();
  for (const Choice& choice : known) {
    if (wanted == nullptr ? choice.missing == nullptr : choice.name == std::string_view(wanted)) {
      check(choice.missing == nullptr, "JANUS_ISA={}: {}; unset JANUS_ISA", wanted, choice.missing);
      chosen = choice.kernels;
    }
  }
  check(
      chosen != nullptr,
      "JANUS_ISA={}: expected baseline, avx2, avxvnni, avx512, avx512vnni or amx; set one of these, or unset "
      "JANUS_ISA",
      wanted);
  return *chosen;
}

}  // namespace janus::cpu
