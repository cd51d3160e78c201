// How tokens and codes are sampled, as Python's numbers say it.
#pragma once

#include <cstdint>

#include "core/nn/sampler.h"

namespace janus::python {

struct Sampling {
  double temperature = 0, top_p = 1;
  int64_t top_k = 0, seed = 0;

  // Throws RequestError for numbers that mean nothing.
  SamplingOptions options() const;
};

}  // namespace janus::python
