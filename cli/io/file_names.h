// Names that the program makes for its outputs, and the folders they go to.
#pragma once

#include <string>
#include <string_view>

namespace janus::cli {

// Whether `path` names a folder: one that is there, or by a "/" at its end one to be made.
bool is_folder_name(const std::string& path);
// Makes `folder`, with those around it that are missing. Throws Error with the system's reason.
void make_folders(const std::string& folder);

// `text` as part of a file's name: letters and digits of every script stay, all else becomes "-", once;
// at most 60 characters and 180 bytes, cut between words where there are any. "image" where nothing stays.
std::string name_from_text(std::string_view text);
// The name of the file at `path` without folder and extension; "stdin" for "-".
std::string name_from_input(const std::string& path);

}  // namespace janus::cli
