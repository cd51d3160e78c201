// The options of commands that go over many images.
#pragma once

#include "cli/app/options.h"
#include "cli/sources/settings.h"

namespace janus::cli {

// What `paths` of such a command may be, for help.
inline constexpr const char* kSourceHelp =
    "folders, pictures, quoted patterns, tar files, .jsonl lists, @LIST of paths";

// Adds --include, --exclude, --null, --image-field, --where, --limit, --shuffle, --shard, --decoders and
// --limit-pixels.
void declare_sources(OptionSet& options, SourceSettings& settings);

}  // namespace janus::cli
