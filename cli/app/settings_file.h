// The user's own defaults, below the environment and the command line: $XDG_CONFIG_HOME/janus/config.toml.
//
//   model = "~/models/Janus-Pro-1B"     an option of any command, named as on the command line
//   [generate]                          of one command
//   cfg-scale = 4
#pragma once

#include <map>
#include <optional>
#include <string>

namespace janus::cli {

// Table ("" = the top) -> key -> the value as text.
using SettingTables = std::map<std::string, std::map<std::string, std::string>>;

// $JANUS_CONFIG_FILE (set to nothing: none), else janus/config.toml in $XDG_CONFIG_HOME or ~/.config, where ~
// is home_folder(); empty where there is no such file.
std::string settings_path();

// The file at settings_path(), read once. Throws Error where it cannot be read, is no TOML, or holds anything
// but strings, numbers and booleans in at most one level of tables.
const SettingTables& user_settings();

// From here on the table of `command` comes before the top.
void use_settings_of(const std::string& command);
// The value for an option ("cfg-scale"), or nothing.
std::optional<std::string> user_setting(const std::string& option);

// Parses a file's text; `path` is for messages. Which build of it is linked, toml_settings.cc or
// no_settings.cc, is decided in cli/CMakeLists.txt; the latter throws Error that says so.
SettingTables parse_settings(const std::string& text, const std::string& path);

}  // namespace janus::cli
