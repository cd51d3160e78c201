// What tells one model from another, wherever it lies and however its path is spelled.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.h"

namespace janus {

// 16 hexadecimal digits of what decides the answers of the model in `checkpoint`: the files beside the
// weights that loading reads (configuration, tokenizer, image settings), and of every tensor its name, stored
// type, shape and a sample of its bytes, so that a model trained on from another differs from it. The same
// for a copy under another path, in other shards or in another container of the same names and types. Reads
// little of the weights. Of a checkpoint that no model was loaded from yet: loading renames tensors.
std::string model_fingerprint(const Checkpoint& checkpoint);

}  // namespace janus
