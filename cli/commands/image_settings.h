// What a generated image says of how it was made: written by `generate` and `chat`, read by `info`, `score`
// and `generate --from`.
#pragma once

#include <optional>
#include <string>

#include "cli/io/json_output.h"
#include "vision/image_file.h"

namespace janus::cli {

// Keyword of the settings as one JSON object, for programs: {"prompt", "negative_prompt" where there is one,
// "seed", "cfg_scale", "temperature", "top_k", "top_p", "special_tokens": true where the prompt was read so,
// "width", "height", "upscale" where it was enlarged, "quality" of JPEG and WebP, and the keys of
// provenance_json()}. The seed is the image's own: with the other settings it gives this image alone. Beside
// it, under kParametersKeyword, stands the same for people (cli/commands/parameters_text.h).
inline constexpr const char* kSettingsKeyword = "janus";

ImageText settings_text(const Json& settings);
// The settings in an image's text, or nothing if it holds none that are whole. Those of earlier versions come
// under today's keys.
std::optional<Json> settings_of(const ImageText& text);
// The text `key` of the settings; empty where they have none.
std::string text_setting(const Json& settings, const char* key);

}  // namespace janus::cli
