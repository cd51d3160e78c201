// {"String": TEXT} or {"Regex": PATTERN}: how tokenizer.json writes what to search for.
#pragma once

#include "core/base/json.h"
#include "tokenizer/text/regex.h"

namespace janus {

// The pattern under `key` of `object`. Throws Error naming file and place.
Regex read_pattern(const JsonObject& object, std::string_view key);

}  // namespace janus
