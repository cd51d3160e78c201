// janus-tiny, the small model in a library of its own (janus::builtin_model), for programs that should work
// before anything is downloaded.
#pragma once

#include <memory>

#include "core/checkpoint/file_set.h"
#include "core/tensor/device.h"
#include "generator/model.h"

namespace janus {

// The files of samples/janus-tiny/model, named "janus-tiny (built in)". Throws Error if this build has none.
FileSet builtin_model();

// The model of these files, loaded. Throws Error as builtin_model() and open_model() do.
std::unique_ptr<Model> open_builtin_model(std::shared_ptr<Device> device = open_device("cpu"),
                                          const ModelOptions& options = {});

}  // namespace janus
