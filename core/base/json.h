// The one way this project reads JSON: parsing with the place of the fault, and typed keys with their ranges.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace janus {

// What a second value under one key is: Python's readers let it win, safetensors forbids it.
enum class DuplicateKeys { last_wins, refuse };

// What to do about a file that a person may have written, or fetched.
inline constexpr const char* kMendFile = "correct the file, or download it again";

// Parses `text`; `where` names it in messages. Json: nlohmann::json, or nlohmann::ordered_json, which keeps
// the keys in their order. Throws Error with line and column of the first fault, and for what takes more than
// it may: nesting deeper than 100, more than 4 million values, or 10,000 keys in an object of which the order
// is kept. remedy: ends the message; empty = the caller ends it.
template <typename Json = nlohmann::json>
Json parse_json(std::string_view text, const std::string& where,
                DuplicateKeys duplicates = DuplicateKeys::last_wins, const std::string& remedy = {});

// The same; a discarded value where it would throw.
template <typename Json = nlohmann::json>
Json parse_json_or_discard(std::string_view text);

// Whether `text` is JSON, however deep or large.
bool is_json(std::string_view text);

// Hands what `text` holds to `sax` one after the other, without a value in memory. False for a fault, and
// where `sax` says so.
bool scan_json(std::string_view text, nlohmann::json_sax<nlohmann::json>& sax);

// A value in one short line of ASCII, for messages.
std::string excerpt(const nlohmann::json& json, size_t longest = 60);

// An object whose keys are read with their types. A key that is absent or null gives the fallback; one of
// another type or out of range throws Error with file, key, expected and found. Refers to the JSON, which
// must outlive it.
class JsonObject {
 public:
  // Throws Error unless `json` is an object. `where` is the file and, within it, the path of the object.
  // remedy: ends all messages; empty = the caller ends them.
  JsonObject(const nlohmann::json& json, std::string where, std::string remedy = kMendFile);

  const std::string& where() const { return where_; }
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  int64_t integer(std::string_view key, int64_t fallback, int64_t least, int64_t most) const;
  int64_t required_integer(std::string_view key, int64_t least, int64_t most) const;
  double number(std::string_view key, double fallback) const;
  bool boolean(std::string_view key, bool fallback) const;
  std::string string(std::string_view key, std::string fallback) const;
  std::string required_string(std::string_view key) const;
  // One of `choices`, the first where the key is absent. Throws Error for another text, with what to do.
  std::string choice(std::string_view key, std::initializer_list<const char*> choices,
                     std::string_view remedy) const;
  // Nothing where the key is absent or null.
  std::optional<JsonObject> object(std::string_view key) const;
  JsonObject required_object(std::string_view key) const;
  // Numbers of an array; empty where the key is absent.
  std::vector<double> numbers(std::string_view key) const;
  std::vector<int64_t> integers(std::string_view key, int64_t least, int64_t most) const;

  const nlohmann::json& json() const { return *json_; }

 private:
  const nlohmann::json* find(std::string_view key) const;  // null where absent or JSON null
  [[noreturn]] void wrong(std::string_view key, std::string_view expected, const nlohmann::json& found) const;
  [[noreturn]] void absent(std::string_view key, std::string_view expected) const;

  const nlohmann::json* json_;
  std::string where_, remedy_;
};

}  // namespace janus
