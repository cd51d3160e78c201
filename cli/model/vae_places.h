// Where the autoencoder is looked for that JanusFlow draws with.
#pragma once

#include <string>

#include "generator/vae_source.h"

namespace janus::cli {

// What mends it where none is found.
std::string how_to_get_vae();

// `chosen` as --vae has it: a path, a leading ~ or ~name being a home folder, or else owner/repo[@revision]
// of the hub's cache; empty where it is not given. The cache's own copy comes last. Nothing is opened.
VaePlaces vae_places(const std::string& chosen);

}  // namespace janus::cli
