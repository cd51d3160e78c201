// The times of a request, under the keys that the program's records have.
#pragma once

#include <nanobind/nanobind.h>

#include "generator/results.h"

namespace janus::python {

// {"vision_ms", "prefill_ms", ...}, without the parts that did not run.
nanobind::dict timings_dict(const Timings& timings);

}  // namespace janus::python
