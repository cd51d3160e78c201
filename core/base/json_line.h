// JSON as this project writes it: one line, keys in the order they were added.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace janus {

using OrderedJson = nlohmann::ordered_json;

// Without the line's end. Bytes that are not UTF-8 (a file's name) become U+FFFD. What a terminal would obey,
// or what turns the direction of text (core/base/control_chars.h), is written as \u009b.
std::string to_line(const OrderedJson& record);

// The same in several lines, indented by two spaces, for people.
std::string to_indented(const OrderedJson& record);

// The same as to_line, but with C0 alone escaped: what hashes in records of all versions are made of.
std::string to_hashed_line(const OrderedJson& record);

}  // namespace janus
