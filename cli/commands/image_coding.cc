#include "cli/commands/image_coding.h"

#include "cli/model/vae_places.h"
#include "core/base/error.h"

namespace janus::cli {

std::string coding_extension(bool latents) { return latents ? ".npy" : ".json"; }

bool check_coding(const FoundModel& found, const std::string& path, std::optional<bool> latents,
                  const CommonOptions& common) {
  const bool has_latents = draws_latents(found.checkpoint.config());
  check(
      !has_latents || latents.value_or(true),
      "model {}: expected one that has images as codes, for {}, found the family janusflow, whose images are "
      "latents; name a .npy file of these, or take a Janus or Janus-Pro model",
      found.name, path);
  check(has_latents || !latents.value_or(false),
        "model {}: expected one that has images as latents, for {}, found the family janus, whose images are "
        "codes; name a .json file of these, or take a JanusFlow model",
        found.name, path);
  if (has_latents) check_draws(found.checkpoint, {.vae = vae_places(common.vae)});
  return has_latents;
}

}  // namespace janus::cli
