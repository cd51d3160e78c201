// Implements memory_need() for the Janus family.
#pragma once

#include "generator/memory_need.h"

namespace janus {

MemoryNeed janus_memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                             const ModelOptions& options, const Work& work);

}  // namespace janus
