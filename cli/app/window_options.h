// The options of how many codes or tokens one pass of the decoder reads: declared here for every command that
// generates or answers. They change how long it takes, never what comes out.
#pragma once

#include "cli/app/options.h"
#include "generator/engine/engine_options.h"

namespace janus::cli {

// --parallel: EngineOptions::image_window.
void declare_parallel(OptionSet& options, int& target);
// --draft: EngineOptions::answer_window.
void declare_draft(OptionSet& options, int& target);

}  // namespace janus::cli
