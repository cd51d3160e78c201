// Text of others - answers, names of files, what stands in an image - where a terminal shows it: there
// control characters would move the cursor, set the title, or type for the person.
#pragma once

#include <string>
#include <string_view>

namespace janus::cli {

// Shows as \x1b or \u202e what a terminal would obey and what turns the direction of text: C0 but for line
// ends and tabs, DEL, C1, Unicode's bidirectional controls and its own line ends; as \xff bytes that are no
// UTF-8.
std::string safe_text(std::string_view text);

// The same on one line: line ends are shown as \n, tabs as \x09.
std::string one_line(std::string_view text);

}  // namespace janus::cli
