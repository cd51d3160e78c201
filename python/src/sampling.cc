#include "python/src/sampling.h"

#include "generator/limits.h"
#include "python/src/errors.h"

namespace janus::python {

SamplingOptions Sampling::options() const {
  return as<RequestError>([&] {
    kTemperatures.check("temperature", temperature);
    kTopP.check("top_p", top_p);
    kTopK.check("top_k", top_k);
    kSeeds.check("seed", seed);
    return SamplingOptions{.temperature = static_cast<float>(temperature),
                           .top_k = static_cast<int>(top_k),
                           .top_p = static_cast<float>(top_p),
                           .seed = static_cast<uint32_t>(seed)};
  });
}

}  // namespace janus::python
