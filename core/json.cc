#include "core/json.h"

#include <cmath>

#include "core/error.h"

namespace janus {
namespace {

constexpr int kDeepest = 100;

// At most the first part of a value, for messages.
std::string excerpt(const nlohmann::json& json) {
  std::string text = json.is_structured()
                         ? json.type_name()
                         : json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

int64_t checked_integer(const nlohmann::json& json, int64_t least, int64_t most, bool* valid) {
  int64_t value = 0;
  *valid = json.is_number();
  if (json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) *valid = false;
  if (!*valid) return 0;
  if (json.is_number_float()) {
    const double number = json.get<double>();
    *valid = std::trunc(number) == number && std::abs(number) < 0x1p53;
    if (*valid) value = static_cast<int64_t>(number);
  } else {
    value = json.get<int64_t>();
  }
  *valid = *valid && value >= least && value <= most;
  return value;
}

std::string range_text(int64_t least, int64_t most) {
  return fmt::format("a whole number from {} to {}", least, most);
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  const auto guard_depth = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    check(depth <= kDeepest, "{}: expected JSON nested at most {} deep, found deeper", where, kDeepest);
    return true;
  };
  try {
    return nlohmann::json::parse(text, guard_depth);
  } catch (const nlohmann::json::parse_error& error) {
    fail("{}: expected JSON, found a fault at byte {}; restore the file", where, error.byte);
  } catch (const nlohmann::json::exception&) {
    fail("{}: expected JSON, found a value out of range; restore the file", where);
  }
}

JsonObject::JsonObject(const nlohmann::json& json, std::string where)
    : json_(&json), where_(std::move(where)) {
  check(json.is_object(), "{}: expected a JSON object, found {}", where_, excerpt(json));
}

const nlohmann::json* JsonObject::find(std::string_view key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::wrong(std::string_view key, std::string_view expected, const nlohmann::json& found) const {
  fail("{}: {}: expected {}, found {}", where_, key, expected, excerpt(found));
}

int64_t JsonObject::integer(std::string_view key, int64_t fallback, int64_t least, int64_t most) const {
  return contains(key) ? required_integer(key, least, most) : fallback;
}

int64_t JsonObject::required_integer(std::string_view key, int64_t least, int64_t most) const {
  const nlohmann::json* value = find(key);
  check(value != nullptr, "{}: {}: expected {}, found no such key", where_, key, range_text(least, most));
  bool valid = false;
  const int64_t number = checked_integer(*value, least, most, &valid);
  if (!valid) wrong(key, range_text(least, most), *value);
  return number;
}

double JsonObject::number(std::string_view key, double fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) wrong(key, "a number", *value);
  return value->get<double>();
}

bool JsonObject::boolean(std::string_view key, bool fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) wrong(key, "true or false", *value);
  return value->get<bool>();
}

std::string JsonObject::string(std::string_view key, std::string fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) wrong(key, "a text", *value);
  return value->get<std::string>();
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return JsonObject(*value, fmt::format("{}: {}", where_, key));
}

JsonObject JsonObject::required_object(std::string_view key) const {
  const auto value = object(key);
  check(value.has_value(), "{}: {}: expected a JSON object, found no such key", where_, key);
  return *value;
}

std::vector<double> JsonObject::numbers(std::string_view key) const {
  std::vector<double> result;
  const nlohmann::json* value = find(key);
  if (value == nullptr) return result;
  if (!value->is_array()) wrong(key, "a list of numbers", *value);
  for (const nlohmann::json& item : *value) {
    if (!item.is_number()) wrong(key, "a list of numbers", item);
    result.push_back(item.get<double>());
  }
  return result;
}

std::vector<int64_t> JsonObject::integers(std::string_view key, int64_t least, int64_t most) const {
  std::vector<int64_t> result;
  const nlohmann::json* value = find(key);
  if (value == nullptr) return result;
  if (!value->is_array()) wrong(key, "a list of whole numbers", *value);
  for (const nlohmann::json& item : *value) {
    bool valid = false;
    result.push_back(checked_integer(item, least, most, &valid));
    if (!valid) wrong(key, "a list, each " + range_text(least, most), item);
  }
  return result;
}

}  // namespace janus
