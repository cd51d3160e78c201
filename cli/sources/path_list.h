// Lists of paths: lines of a file or of standard input, and fields of JSON lines.
#pragma once

#include <functional>
#include <string>

#include "cli/io/json_output.h"

namespace janus::cli {

// What ends an entry of a list.
enum class EntryEnd { line, zero };

// Bytes of an entry at most: of a path, which is longer than systems take, so that one too long is the fault
// of its line alone, and of a JSON line, whose other fields are kept.
inline constexpr size_t kLongestPath = size_t{1} << 16;
inline constexpr size_t kLongestRecord = size_t{1} << 24;

// Each entry of the file at `path` ("-" for standard input), empty ones left out, until `on_entry` says false
// or `stopped` true. Lines are text as TextDecoder reads it; what zero bytes end is taken as it is. Throws
// Error if it cannot be read, or is no list of the kind: one with an entry of more than `longest` bytes is
// none.
void read_entries(const std::string& path, EntryEnd end, size_t longest,
                  const std::function<bool(std::string entry)>& on_entry,
                  const std::function<bool()>& stopped);

// The path in field `field` of a JSON line, and the line's other fields, null if there are none. False, with
// what was found in place of such a line in `found`.
bool read_item(const std::string& line, const std::string& field, std::string& path, Json& others,
               std::string& found);

}  // namespace janus::cli
