#include "cli/serve/sampling_fields.h"

#include <algorithm>
#include <random>

#include "generator/limits.h"

namespace janus::cli {

uint32_t read_seed(const RequestFields& fields, std::string_view key) {
  const int64_t seed = fields.integer(key, -1, {.low = INT64_MIN, .high = INT64_MAX});
  if (seed > kSeeds.high) {
    refuse_field(fields.path_of(key), kSeeds.expected() + ", or a negative one for a random seed", seed);
  }
  return seed < 0 ? std::random_device{}() : static_cast<uint32_t>(seed);
}

SamplingOptions read_sampling(const RequestFields& fields, const SamplingOptions& defaults) {
  constexpr IntRange kOrAll{.low = -1, .high = kTopK.high};
  SamplingOptions sampling = defaults;
  sampling.temperature =
      static_cast<float>(fields.number("temperature", defaults.temperature, kTemperatures));
  sampling.top_p = static_cast<float>(fields.number("top_p", defaults.top_p, kTopP));
  sampling.top_k = static_cast<int>(std::max<int64_t>(0, fields.integer("top_k", defaults.top_k, kOrAll)));
  sampling.seed = read_seed(fields);
  return sampling;
}

}  // namespace janus::cli
