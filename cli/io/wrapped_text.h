// Text in lines of a given width, broken at spaces; a word that is longer stands on a line of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace janus::cli {

// Columns that UTF-8 text takes on a terminal, a column a character.
size_t columns_of(std::string_view text);

// `text`, a paragraph, that begins at column `at`; lines after the first are indented by `indent`. No line
// end after the last.
std::string wrapped(std::string_view text, size_t width, size_t at = 0, size_t indent = 0);

// A command line for a shell, whose lines end in a backslash where they go on; never broken within quotes.
// Each line is indented by `indent`, those that go on by more.
std::string wrapped_command(std::string_view command, size_t width, size_t indent);

// `form` and what is said of it in a second column that begins at `column`, or below it where there is no
// room beside. With the line's end.
std::string wrapped_row(const std::string& form, std::string_view text, size_t width, size_t column);

// Whole lines as they are written in notes: those that begin with a space are rows of two columns, or by
// themselves; those between them are paragraphs, each up to a line that ends in a colon or an empty one.
std::string wrapped_notes(std::string_view notes, size_t width);

// Columns of text, as wide as they need; with the line's ends. width: 0 = any; where the rows are wider, the
// first cell of each stands on a line of its own and the others, below it, are wrapped.
std::string table_of(const std::vector<std::vector<std::string>>& rows, size_t width);

}  // namespace janus::cli
