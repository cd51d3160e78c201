// Looks through the weights of a checkpoint for damage.
#pragma once

#include "core/checkpoint/checkpoint.h"

namespace janus {

// Reads every weight once. Throws Error that names the first with an element that is infinite or not a
// number, and its file.
void check_finite_tensors(const Checkpoint& checkpoint);

}  // namespace janus
