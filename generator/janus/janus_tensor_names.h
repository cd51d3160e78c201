// Tensors of Janus checkpoints that are stored under names other than their layout's.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.h"
#include "generator/janus/janus_config.h"

namespace janus {

// The layout's name for a stored one: "vqmodel.x" of a model saved without its outermost module is
// "model.vqmodel.x" in the transformers layout. A name that no part has comes back as it is.
std::string name_in_layout(const std::string& name, const JanusNames& names);

// Gives the checkpoint's tensors the layout's names, and the one matrix of tied weights the name of the
// embeddings, whichever it is stored under. Notes in the checkpoint what it did.
void settle_tensor_names(const Checkpoint& checkpoint, const JanusNames& names);

}  // namespace janus
