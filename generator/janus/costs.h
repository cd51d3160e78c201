// The bytes and operations of a Janus model's parts, which measured times are compared with.
#pragma once

#include "generator/janus/janus_networks.h"
#include "generator/model.h"

namespace janus {

// Implements Model::cost.
PassCost cost_of(const JanusNetworks& networks, Part part, int64_t tokens, int images);

}  // namespace janus
