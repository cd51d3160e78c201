// The files of an autoencoder that stands by itself: a folder as diffusers has it, or one file of weights.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace janus {

// Its folder below that of a model which draws with it.
inline constexpr const char* kVaeFolder = "vae";

// Whether a config.json is of an autoencoder, as diffusers writes it.
bool is_vae_config(const nlohmann::json& config);

// Whether the folder has the config of one.
bool is_vae_folder(const std::string& folder);

// The one among a folder's files that holds the weights: of diffusers' names the first that is there
// (diffusion_pytorch_model.safetensors, .fp16.safetensors, .bin), or else the only *.safetensors. Empty where
// there is none. Throws Error, naming `where`, where several others are there.
std::string choose_vae_weights(const std::vector<std::string>& names, const std::string& where);

// Opens the autoencoder at `path`, a folder or a file in safetensors' or torch's format. Its config is the
// folder's config.json, or the one beside the file where that is an autoencoder's; null where there is none.
// In a folder of another model it is that model's folder `vae`.
// Throws Error as Checkpoint::open does.
Checkpoint open_vae(const std::string& path, const CheckpointOptions& options = {});

}  // namespace janus
