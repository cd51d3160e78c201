// Paths as people type them, and as terminals type files that are dragged into them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace janus::cli {

// The words of `text` as a shell takes them: 'a b', "a b" and a\ b are one word. With `split` false it is one
// word, whose quotes and backslashes are taken the same way. Nothing where a quote is not closed.
std::optional<std::vector<std::string>> shell_words(std::string_view text, bool split);

// What a word names: ~ and ~user at the beginning are folders, file:// URLs are paths.
std::string located(const std::string& word);

// Whether there is a file at `path`.
bool is_file(const std::string& path);

// The existing files that `text` names: it may be a path as it is, with spaces and all; a path that is
// quoted, or begins with ~, or is a file:// URL; or several of those. Where nothing of this is there, the one
// path that it most likely means.
std::vector<std::string> typed_inputs(const std::string& text);
// The one path that `text` names, there or not.
std::string typed_path(const std::string& text);

}  // namespace janus::cli
