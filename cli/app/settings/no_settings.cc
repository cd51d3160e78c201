// The build without toml++.
#include "cli/app/settings_file.h"
#include "core/base/error.h"

namespace janus::cli {

SettingTables parse_settings(const std::string& /*text*/, const std::string& path) {
  fail(
      "settings, {}: expected a build of janus with toml++, found one without (JANUS_TOML=OFF); set "
      "JANUS_CONFIG_FILE "
      "to nothing, or build the preset release",
      path);
}

}  // namespace janus::cli
