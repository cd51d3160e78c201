// What clients of AUTOMATIC1111's web UI look up before they ask for images.
#pragma once

#include <string>
#include <vector>

#include "cli/io/json_output.h"
#include "cli/serve/model_host.h"

namespace janus::cli {

// The name of the one way that codes are sampled.
inline constexpr const char* kSampler = "Janus";

Json sd_models(const std::vector<ModelCard>& cards);
Json samplers();
Json upscalers();
Json options(const std::string& model);

}  // namespace janus::cli
