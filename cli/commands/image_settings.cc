#include "cli/commands/image_settings.h"

#include "cli/app/command.h"
#include "cli/commands/parameters_text.h"
#include "core/base/json.h"

namespace janus::cli {

ImageText settings_text(const Json& settings) {
  return {{kParametersKeyword, parameters_text(settings)}, {kSettingsKeyword, to_line(settings)}};
}

std::optional<Json> settings_of(const ImageText& text) {
  auto found = text.find(kSettingsKeyword);
  if (found == text.end()) return std::nullopt;
  const Json stored = parse_json_or_discard<Json>(found->second);
  if (!stored.is_object()) return std::nullopt;
  Json settings;
  for (const auto& [key, value] : stored.items()) settings[key == "guidance" ? "cfg_scale" : key] = value;
  return settings;
}

std::string text_setting(const Json& settings, const char* key) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace janus::cli
