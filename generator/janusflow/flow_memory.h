// Implements memory_need() for JanusFlow.
#pragma once

#include "generator/memory_need.h"

namespace janus {

MemoryNeed flow_memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                            const ModelOptions& options, const Work& work);

}  // namespace janus
