// What the parts of a Janus model read and compute: the arithmetic that measured times are held against.
#pragma once

#include "generator/janus/janus_networks.h"
#include "generator/model.h"

namespace janus {

// As Model::cost.
PassCost cost_of(const JanusNetworks& networks, Part part, int64_t tokens, int images);

}  // namespace janus
