// How many columns there are to write in.
#pragma once

#include <cstddef>
#include <optional>

namespace janus::cli {

// Columns of a text whose place is not known.
inline constexpr size_t kUsualWidth = 80;

// The columns of the terminal behind a file descriptor; nothing where it is none, or does not say.
std::optional<size_t> terminal_width(int descriptor);
// What help is wrapped at: the terminal of standard output, else $COLUMNS, else kUsualWidth; never more than
// lines can be read at.
size_t help_width();

}  // namespace janus::cli
