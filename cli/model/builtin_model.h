// The model that is part of the program: `janus` works without any download.
#pragma once

#include "core/checkpoint/file_set.h"

namespace janus {

// The files of samples/janus-tiny/model, named "janus-tiny (built in)". Throws Error if this build has none.
FileSet builtin_model();

}  // namespace janus
