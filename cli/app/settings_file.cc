#include "cli/app/settings_file.h"

#include <cstdlib>
#include <filesystem>

#include "cli/io/text_input.h"
#include "core/base/error.h"
#include "core/base/home_folder.h"

namespace janus::cli {
namespace {

std::string chosen_command;

}  // namespace

std::string settings_path() {
  if (const char* path = std::getenv("JANUS_CONFIG_FILE")) return expand_home(path);
  const char* folder = std::getenv("XDG_CONFIG_HOME");
  const std::string home = home_folder();
  std::filesystem::path path;
  // The XDG specification has relative paths ignored.
  if (folder != nullptr && *folder == '/') {
    path = folder;
  } else if (home.starts_with('/')) {
    path = std::filesystem::path(home) / ".config";
  } else {
    return {};
  }
  path = path / "janus" / "config.toml";
  std::error_code fault;
  return std::filesystem::exists(path, fault) ? path.string() : "";
}

const SettingTables& user_settings() {
  static const SettingTables tables = [] {
    const std::string path = settings_path();
    return path.empty() ? SettingTables{} : parse_settings(read_text(path, "settings"), path);
  }();
  return tables;
}

void use_settings_of(const std::string& command) { chosen_command = command; }

std::optional<std::string> user_setting(const std::string& option) {
  const SettingTables& tables = user_settings();
  for (const std::string& name : {chosen_command, std::string()}) {
    const auto table = tables.find(name);
    if (table == tables.end()) continue;
    const auto found = table->second.find(option);
    if (found != table->second.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace janus::cli
