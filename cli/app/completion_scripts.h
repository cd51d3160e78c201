// The scripts of `janus completion` without what the tables of options say.
#pragma once

namespace janus::cli {

// Formats of fmt, with the parts that completion.cc makes.
// Arguments: patterns, values, options, common, commands.
extern const char* const kBashScript;
// Arguments: summaries, cases, common.
extern const char* const kZshScript;
// As it is.
extern const char* const kFishFunctions;

}  // namespace janus::cli
