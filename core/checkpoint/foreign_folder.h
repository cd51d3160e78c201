// What a folder is that is no model's, told by the names in it: so that an error says what to do with it.
#pragma once

#include "core/checkpoint/file_set.h"

namespace janus {

// For a folder without config.json. Throws Error naming what it holds instead (an adapter, a training
// checkpoint, another program's export, the model one level below) and what to do.
[[noreturn]] void fail_without_config(const FileSet& files);

// The same for a folder with config.json that has no file of weights.
[[noreturn]] void fail_without_weights(const FileSet& files);

// Throws Error if a PEFT adapter lies in the folder: the weights beside it lack what it learned.
void check_no_adapter(const FileSet& files);

}  // namespace janus
