// Images as a model has them beside pixels: codes in JSON, or latents in NumPy's files.
#pragma once

#include <string>

#include "cli/app/options.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {

// The extension of the files in which a model has images.
std::string coding_extension(bool latents);

// Whether the images of a model are latents. Throws Error where `path` holds, or is to hold, the other kind:
// says what it has and what works instead. Where they are latents, also where it finds no autoencoder for
// them. `latents`: what the path says; either where it says nothing.
bool check_coding(const FoundModel& found, const std::string& path, std::optional<bool> latents,
                  const CommonOptions& common);

}  // namespace janus::cli
