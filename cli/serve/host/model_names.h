// What requests may call the models of the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace janus::cli {

struct ModelNames {
  std::string model;                // as -m has it; empty: the built-in one
  std::string name;                 // the one that is shown
  std::vector<std::string> others;  // that it answers to as well
};

// models: those of -m, in order; none: the built-in one. aliases: "NAME=MODEL", where MODEL is one of -m or
// its name, or NAME alone for the first. Throws Error where two models would have one name, or an alias names
// none.
std::vector<ModelNames> name_models(const std::vector<std::string>& models,
                                    const std::vector<std::string>& aliases);

// The place of the model that `asked` means: the first where it is empty. A tag ":latest" is passed over.
std::optional<size_t> find_model(const std::vector<ModelNames>& models, std::string asked);

}  // namespace janus::cli
