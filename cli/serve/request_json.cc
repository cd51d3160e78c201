#include "cli/serve/request_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/json.h"
#include "core/base/strip.h"

namespace janus::cli {

nlohmann::json parse_body(std::string_view body) {
  nlohmann::json json;
  as_bad_request({}, [&] { json = parse_json(body, "body"); });
  if (!json.is_object()) {
    throw ApiError(400, fmt::format("body: expected a JSON object, found {}", excerpt(json)));
  }
  return json;
}

void refuse_field(const std::string& param, std::string_view expected, const nlohmann::json& found,
                  std::string_view remedy) {
  throw ApiError(400,
                 fmt::format("{}: expected {}, found {}{}{}", param, expected, excerpt(found),
                             remedy.empty() ? "" : "; ", remedy),
                 {}, param);
}

RequestFields::RequestFields(const nlohmann::json& json, std::string path)
    : json_(&json), path_(std::move(path)) {
  if (!json.is_object()) refuse_field(path_.empty() ? "body" : path_, "a JSON object", json);
}

const nlohmann::json* RequestFields::find(std::string_view key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

std::string RequestFields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::string RequestFields::text(std::string_view key, std::string fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) refuse_field(path_of(key), "a text", *value);
  return value->get<std::string>();
}

std::string RequestFields::required_text(std::string_view key) const {
  const std::string value = text(key);
  if (is_blank(value)) {
    const std::string path = path_of(key);
    throw ApiError(
        400, fmt::format("{}: expected words, found {}", path, value.empty() ? "none" : "white space alone"),
        {}, path);
  }
  return value;
}

bool RequestFields::boolean(std::string_view key, bool fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse_field(path_of(key), "true or false", *value);
  return value->get<bool>();
}

int64_t RequestFields::integer(std::string_view key, int64_t fallback, IntRange range) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  // A client's language may write 1 as 1.0.
  const double number = value->is_number() ? value->get<double>() : NAN;
  const bool whole = std::abs(number) < 0x1p53 && std::trunc(number) == number;
  if (!whole || !range.holds(static_cast<int64_t>(number))) {
    refuse_field(path_of(key), range.expected(), *value);
  }
  return static_cast<int64_t>(number);
}

double RequestFields::number(std::string_view key, double fallback, const RealRange& range) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number() || !range.holds(value->get<double>())) {
    refuse_field(path_of(key), range.expected(), *value);
  }
  return value->get<double>();
}

std::vector<std::string> RequestFields::texts(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return {};
  if (value->is_string()) return {value->get<std::string>()};
  std::vector<std::string> all;
  each(key, [&](const nlohmann::json& item, const std::string& path) {
    if (!item.is_string()) refuse_field(path, "a text", item);
    all.push_back(item.get<std::string>());
  });
  return all;
}

std::string RequestFields::choice(std::string_view key, std::initializer_list<const char*> choices) const {
  const std::string found = text(key, *choices.begin());
  if (std::find(choices.begin(), choices.end(), found) == choices.end()) {
    refuse_field(path_of(key), fmt::format("one of {}", fmt::join(choices, ", ")), found);
  }
  return found;
}

std::optional<RequestFields> RequestFields::object(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return RequestFields(*value, path_of(key));
}

}  // namespace janus::cli
