// What every family asks and checks when it loads its weights.
#pragma once

#include <string>

#include "generator/model.h"

namespace janus {

// Tells options.progress how much of the weights has been read.
LoadOptions load_options(const Checkpoint& checkpoint, const ModelOptions& options);

// Throws Error where the decoder at the scope `decoder` is stored in a smaller type than the one to make of
// it: numbers that were rounded away do not come back.
void check_not_smaller(const Checkpoint& checkpoint, WeightType type, const std::string& decoder);

}  // namespace janus
