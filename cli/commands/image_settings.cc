#include "cli/commands/image_settings.h"

#include <fmt/format.h>

namespace janus::cli {
namespace {

std::string readable(const Json& settings) {
  auto get = [&](const char* key) {
    const Json& value = settings.at(key);
    return value.is_string() ? value.get<std::string>() : to_line(value);
  };
  // Other image tools read it in this place, under this name.
  const std::string negative =
      settings.contains("negative_prompt") ? "\nNegative prompt: " + get("negative_prompt") : "";
  return fmt::format(
      "{}{}\nSeed: {}, CFG scale: {}, Temperature: {}, Top-k: {}, Top-p: {}, Size: {}x{}, Model: {}, Type: "
      "{}, Device: {}, Version: janus {}",
      get("prompt"), negative, get("seed"), get("guidance"), get("temperature"), get("top_k"), get("top_p"),
      get("width"), get("height"), get("model"), get("type"), get("device"), get("version"));
}

}  // namespace

ImageText settings_text(const Json& settings) {
  return {{kParametersKeyword, readable(settings)}, {kSettingsKeyword, to_line(settings)}};
}

std::optional<Json> settings_of(const ImageText& text) {
  auto found = text.find(kSettingsKeyword);
  if (found == text.end()) return std::nullopt;
  Json settings = Json::parse(found->second, nullptr, false);
  if (!settings.is_object()) return std::nullopt;
  return settings;
}

std::string text_setting(const Json& settings, const char* key) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace janus::cli
