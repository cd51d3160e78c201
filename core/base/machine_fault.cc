#include "core/base/machine_fault.h"

namespace janus {

void fail_of_system(int fault, const std::string& message) {
  if (is_machine_fault(fault)) throw MachineFault(message);
  throw Error(message);
}

}  // namespace janus
