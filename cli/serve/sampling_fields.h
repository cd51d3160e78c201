// The fields of requests that say how words or codes are sampled: the options of the command line in JSON.
#pragma once

#include "cli/serve/request_json.h"
#include "core/nn/sampler.h"

namespace janus::cli {

// Reads temperature, top_p, top_k (-1 = all, as 0) and seed, in the ranges of the command line. Where there
// is no seed, or a negative one, it is random.
SamplingOptions read_sampling(const RequestFields& fields, const SamplingOptions& defaults);

// The seed under `key`, as above.
uint32_t read_seed(const RequestFields& fields, std::string_view key = "seed");

}  // namespace janus::cli
