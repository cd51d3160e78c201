// Settings that come as a JSON object: a line of a list of prompts, or what an image says of itself.
#pragma once

#include <string>

#include "cli/generate/work_list.h"
#include "core/base/json.h"

namespace janus::cli {

// Whether the object may have the key: a setting, or what else the settings of images and records tell.
bool is_known_key(const std::string& key);
// The settings among them, for messages.
std::string setting_keys();

// Reads the settings into `item`, where those that the object lacks stay as they are. `remedy` ends messages.
// Throws Error that begins with object.where() for values that are none of the setting's.
void read_settings(const JsonObject& object, const std::string& remedy, WorkItem& item);

}  // namespace janus::cli
