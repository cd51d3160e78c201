// JSON as this project writes it: one line, keys in the order they were added.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace janus {

using OrderedJson = nlohmann::ordered_json;

// Without the line's end. Bytes that are not UTF-8 (a file's name) become U+FFFD.
std::string to_line(const OrderedJson& record);

}  // namespace janus
