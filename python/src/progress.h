// Progress of work that runs without Python's lock.
#pragma once

#include <nanobind/nanobind.h>

#include "generator/results.h"

namespace janus::python {

// Tells a Python function (phase, done, total), or nobody where it is None; Ctrl-C, and what the function
// raises, ends the work.
Progress progress_to(nanobind::object function);

}  // namespace janus::python
