// What a person is told where no model was named.
#pragma once

#include <string>

#include "cli/app/options.h"
#include "cli/io/console.h"

namespace janus::cli {

// The name of the model inside the program: as -m takes it, and as notices and records give it. A folder of
// that name is `./janus-tiny`.
inline constexpr const char* kBuiltinName = "janus-tiny";

// Whether -m `model` means the one inside the program: by its name, or because nothing is given.
bool is_builtin(const std::string& model);
// As given, or kBuiltinName.
std::string name_of_model(const std::string& model);

// Notes on standard error, where no model is given, that it is the built-in one; `limits` is what that one
// cannot do, if it matters here. As --builtin-notice says: once an hour at most, remembered by a file in
// $XDG_STATE_HOME/janus or ~/.local/state/janus; where none can be written, every time.
void tell_builtin(const CommonOptions& options, Console& console, const std::string& limits = {});

}  // namespace janus::cli
