// What a generated image says of how it was made: written by all that generate images, read by `janus info`,
// `score` and `generate --from`.
#pragma once

#include <optional>
#include <string>

#include "core/base/json_line.h"
#include "generator/engine/request.h"
#include "vision/image_file.h"

namespace janus {

// Keyword of the settings as one JSON object, for programs: {"prompt", "negative_prompt" where there is one,
// "seed", "cfg_scale", "temperature", "top_k", "top_p", "special_tokens": true where the prompt was read so,
// "width", "height", "upscale" where it was enlarged, "quality" of JPEG and WebP, and the keys of
// provenance_json()}. The seed is the image's own: with the other settings it gives this image alone. Beside
// it, under kParametersKeyword, stands the same for people (generator/parameters_text.h).
inline constexpr const char* kSettingsKeyword = "janus";

// The settings that a request holds, up to its special tokens, with decimal numbers as its caller gave them.
// Its guidance must be there, and its steps where it is drawn by flow.
OrderedJson request_settings(const ImageRequest& request);

// What made an answer or an image.
struct Provenance {
  std::string model, fingerprint;
  std::string type;  // that was asked for while loading
  std::string device;
};
// {"model", "model_fingerprint", "type", "device", "version"}, as records and settings have it.
OrderedJson provenance_json(const Provenance& provenance);

ImageText settings_text(const OrderedJson& settings);
// The settings in an image's text, or nothing if it holds none that are whole. Those of earlier versions come
// under today's keys.
std::optional<OrderedJson> settings_of(const ImageText& text);
// The text `key` of the settings; empty where they have none.
std::string text_setting(const OrderedJson& settings, const char* key);

}  // namespace janus
