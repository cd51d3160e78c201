// What a generated PNG says of how it was made: written by `generate`, read by `info`.
#pragma once

#include <optional>
#include <string>

#include "cli/io/json_output.h"
#include "vision/image_file.h"

namespace janus::cli {

// PNG keyword of the settings as one JSON object, for programs: {"prompt", "negative_prompt" where there is
// one, "seed", "guidance", "temperature", "top_k", "top_p", "width", "height", "model", "type", "device",
// "version"}, and "special_tokens": true where the prompt was read so. The seed is the image's own: with the
// other settings it gives this image alone.
inline constexpr const char* kSettingsKeyword = "janus";

ImageText settings_text(const Json& settings);
// The settings in a PNG's text, or nothing if it holds none that are whole.
std::optional<Json> settings_of(const ImageText& text);
// The text `key` of the settings; empty where they have none.
std::string text_setting(const Json& settings, const char* key);

}  // namespace janus::cli
