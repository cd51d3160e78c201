// Weights that are no plain numbers of a model: quantised by other programs, or adapters beside the weights.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/checkpoint/file_set.h"
#include "core/checkpoint/stored_tensor.h"

namespace janus {

// Throws Error naming the method, if config.json or a file of its own in the folder says that another program
// has quantised the weights (GPTQ, AWQ, bitsandbytes, fp8, compressed-tensors, torchao, HQQ, quanto, MLX
// ...).
void check_not_quantized(const FileSet& files, const nlohmann::json& config);

// Throws Error if names or types of tensors tell the same, or an adapter that was not merged.
void check_plain(const std::map<std::string, StoredTensor>& tensors, const std::string& where);

// Takes the prefixes of training programs out of tensor names ("_orig_mod.", "module.", "base_model.model."),
// wherever they stand. Returns what was taken out, as names "a., b."; empty where nothing was. Throws Error,
// naming `where`, if two names become one.
std::string strip_wrappers(std::map<std::string, StoredTensor>& tensors, const std::string& where);

}  // namespace janus
