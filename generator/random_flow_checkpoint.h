// The random checkpoint of JanusFlow-1.3B's sizes, with SDXL's autoencoder inside.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "generator/random_tensors.h"

namespace janus {

void add_random_flow(RandomTensors& tensors);
nlohmann::json random_flow_config();
// Its other files: the autoencoder's config.
std::map<std::string, std::string> random_flow_files();

}  // namespace janus
