// The JSON of requests: every field with its type and range, and what is wrong as an ApiError that names it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/serve/api_error.h"
#include "core/base/range.h"

namespace janus::cli {

// The object that a request's body is. Throws ApiError (400) for anything else, with the place of the fault.
nlohmann::json parse_body(std::string_view body);

// Throws ApiError (400) for the field `param`: "PARAM: expected EXPECTED, found ...; REMEDY".
[[noreturn]] void refuse_field(const std::string& param, std::string_view expected,
                               const nlohmann::json& found, std::string_view remedy = {});

// What `check` throws as Error, as an ApiError (400) for the field `param`.
template <typename Check>
void as_bad_request(const std::string& param, const Check& check) {
  try {
    check();
  } catch (const ApiError&) {
    throw;
  } catch (const Error& error) {
    throw ApiError(400, error.what(), {}, param);
  }
}

// An object of a request. A field that is absent or null gives the fallback, unknown ones are passed over,
// and one of another type or out of range throws ApiError (400). Refers to the JSON, which must outlive it.
class RequestFields {
 public:
  // `path` stands before the names of its fields: "messages[0]"; empty for the body itself. Throws ApiError
  // unless `json` is an object.
  explicit RequestFields(const nlohmann::json& json, std::string path = {});

  // Null where the field is absent or null.
  const nlohmann::json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  // "messages[0].content".
  std::string path_of(std::string_view key) const;

  std::string text(std::string_view key, std::string fallback = {}) const;
  // Not blank, either.
  std::string required_text(std::string_view key) const;
  bool boolean(std::string_view key, bool fallback = false) const;
  int64_t integer(std::string_view key, int64_t fallback, IntRange range) const;
  // As the command line reads numbers, so that both mean the same.
  double number(std::string_view key, double fallback, const RealRange& range) const;
  // One text or a list of them; empty where the field is absent.
  std::vector<std::string> texts(std::string_view key) const;
  // One of `choices`, the first where the field is absent.
  std::string choice(std::string_view key, std::initializer_list<const char*> choices) const;
  // Nothing where the field is absent.
  std::optional<RequestFields> object(std::string_view key) const;
  // Calls `take` with each element of a list and its path.
  template <typename Take>
  void each(std::string_view key, const Take& take) const {
    const nlohmann::json* list = find(key);
    if (list == nullptr) return;
    if (!list->is_array()) refuse_field(path_of(key), "a list", *list);
    for (size_t i = 0; i < list->size(); ++i) take((*list)[i], path_of(key) + "[" + std::to_string(i) + "]");
  }

  const nlohmann::json& json() const { return *json_; }

 private:
  const nlohmann::json* json_;
  std::string path_;
};

}  // namespace janus::cli
