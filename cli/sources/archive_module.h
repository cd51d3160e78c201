// The module libjanus_archive.so, which holds libarchive and is opened with the first archive
// (cli/sources/open_archive.cc): a program that reads none should not wait for libarchive's own libraries.
#pragma once

#include "cli/sources/archive.h"

namespace janus::cli {

inline constexpr const char* kArchiveModule = "archive";
// The name holds what program and module must agree on: the types of cli/sources/archive.h. Counted up with
// their changes.
inline constexpr const char* kArchiveModuleEntry = "janus_archive_module_2";
#define janus_archive_module janus_archive_module_2

}  // namespace janus::cli

// Gives the module's own read_archive().
extern "C" [[gnu::visibility("default")]] void janus_archive_module(
    decltype(&janus::cli::read_archive)& read_archive);
