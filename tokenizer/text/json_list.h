// Lists of JSON, each item with its place for messages.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {

// Calls visit(item, "WHERE: KEY[i]") for the items of the list under `key`, in order. Throws Error if it is
// not a list.
template <typename Visit>
void for_each_item(const JsonObject& object, const std::string& key, Visit visit) {
  const auto list = object.json().find(key);
  check(list != object.json().end() && list->is_array(),
        "{}: {}: expected a list, found {}; download the file again", object.where(), key,
        list == object.json().end() ? "no such key" : excerpt(*list));
  size_t i = 0;
  for (const nlohmann::json& item : *list) visit(item, fmt::format("{}: {}[{}]", object.where(), key, i++));
}

}  // namespace janus
