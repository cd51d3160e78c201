// Where the autoencoder is that a family of models draws with (JanusFlow: that of SDXL, a model of its own).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace janus {

// The repository of the released one.
inline constexpr const char* kVaeRepository = "stabilityai/sdxl-vae";

// Where to look: `chosen` if it is given; else among the model's own weights (janus quantize puts it there);
// else in the folder `vae` beside them; else `cached`.
struct VaePlaces {
  std::string chosen = {};  // a folder, a file of weights, or a GGUF file that holds one
  std::string cached = {};  // a folder; empty where the cache has none
  std::string cache = {};   // the cache's name, for messages; empty where nobody looked into one
  // What mends it where none is found, or nothing is at `chosen`.
  std::string advice =
      "put the files of stabilityai/sdxl-vae into a folder vae beside the model, or choose one";
};

// One that was found.
struct VaeSource {
  enum class Origin { chosen, inside, beside, cached };

  Checkpoint checkpoint;  // its own: names and notes are the autoencoder's
  std::string path;       // its folder or file; the model's where it is inside that
  Origin origin = Origin::chosen;
  double scaling_factor = 0;  // where it has been held against a model (LatentCoder); else 0
};
// "chosen", "inside", "beside", "cached".
const char* name_of(VaeSource::Origin origin);

// Looks for the autoencoder of `model`: nothing where there is none in any place. Reads nothing but headers.
// Throws Error where the place that counts has something else, or a damaged one.
std::optional<VaeSource> find_vae(const Checkpoint& model, const VaePlaces& places,
                                  const CheckpointOptions& options = {});
// The same; throws Error, with the places and `places.advice`, where there is none.
VaeSource need_vae(const Checkpoint& model, const VaePlaces& places);

// Before the names of an autoencoder's tensors and files among those of a model.
inline constexpr const char* kVaeTensors = "vae.";
inline constexpr const char* kVaeFiles = "vae/";

}  // namespace janus
