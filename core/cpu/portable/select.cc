// The choice of kernels where the build has the baseline alone.
#include <cstdlib>
#include <string_view>

#include "core/base/error.h"
#include "core/cpu/kernels.h"

namespace janus::cpu {
namespace baseline {
extern const Kernels kKernels;
}

const Kernels& kernels() {
  const char* wanted = std::getenv("JANUS_ISA");
  check(wanted == nullptr || std::string_view(wanted) == "baseline",
        "JANUS_ISA={}: expected baseline; set it so, or unset JANUS_ISA", wanted);
  return baseline::kKernels;
}

}  // namespace janus::cpu
