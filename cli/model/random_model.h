// Models of random weights, for measurements.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.h"

namespace janus::cli {

// The random checkpoint that --config names. Throws Error before it is made where it does not fit into
// memory: the system would end the process.
Checkpoint random_model(const std::string& config);

}  // namespace janus::cli
