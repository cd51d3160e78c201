// Where the model lies that a user names: a path, or the hub's cache.
#pragma once

#include <string>

#include "cli/io/console.h"

namespace janus::cli {

// How to get a model of real size, for notices and errors.
inline constexpr const char* kGetModel = "janus pull deepseek-community/Janus-Pro-1B, then -m Janus-Pro-1B";

// Where the model that -m names lies: at that path if there is anything, with a leading ~ or ~name for a home
// folder, else, if it is owner/repo[@revision], in the hub's cache; repo[@revision] alone is enough where one
// repository there has that name. Throws Error that says how to get it
// where it is in neither, or in the cache in part. `console` is told which snapshot is taken where no ref
// says so.
std::string model_path(const std::string& model, Console& console);

}  // namespace janus::cli
