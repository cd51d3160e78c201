// Checkpoints of the released sizes with random weights, made in memory: what a benchmark runs on before
// anyone downloads gigabytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace janus {

// "janus-1.3b", "janus-pro-1b", "janus-pro-7b", "janusflow-1.3b".
std::vector<std::string> random_checkpoint_names();

// bf16 weights, normally distributed so that activations keep their size through the layers; no tokenizer.
// JanusFlow's autoencoder is inside. The same `seed` gives the same weights. Throws Error naming the known
// sizes for another name.
Checkpoint random_checkpoint(std::string_view name, uint64_t seed = 0);

// The bytes of memory that it takes, asked before it is made.
int64_t random_checkpoint_bytes(std::string_view name);

}  // namespace janus
