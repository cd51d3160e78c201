// The `post_processor` of tokenizer.json, as far as it concerns one text: which ids it puts before it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace janus {

// The ids before the text, of the first TemplateProcessing in `json`; nothing if there is none. What a
// template puts behind the text is left to the callers. Throws Error for a type that is not supported, naming
// it.
std::optional<std::vector<int32_t>> read_begin_template(const nlohmann::json& json, const std::string& where);

}  // namespace janus
