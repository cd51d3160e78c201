// Lists of paths: lines of a file or of standard input, and fields of JSON lines.
#pragma once

#include <functional>
#include <string>

namespace janus::cli {

// Each piece of the file at `path` ("-" for standard input) that `separator` ends, empty ones left out, until
// `on_piece` says false or `stopped` true. Throws Error if it cannot be read.
void read_pieces(const std::string& path, char separator,
                 const std::function<bool(std::string piece)>& on_piece,
                 const std::function<bool()>& stopped);

// The text in field `field` of a JSON line; else what was found in its place goes into `found`.
bool read_field(const std::string& line, const std::string& field, std::string& text, std::string& found);

}  // namespace janus::cli
