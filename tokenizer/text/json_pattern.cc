#include "tokenizer/text/json_pattern.h"

#include "core/base/error.h"

namespace janus {

Regex read_pattern(const JsonObject& object, std::string_view key) {
  const JsonObject pattern = object.required_object(key);
  if (pattern.contains("String")) return Regex::literal(pattern.required_string("String"));
  check(pattern.contains("Regex"), "{}: expected String or Regex, found {}; download the file again",
        pattern.where(), pattern.json().empty() ? "nothing" : excerpt(pattern.json().begin().key()));
  const std::string text = pattern.required_string("Regex");
  try {
    return Regex(text);
  } catch (const Error& error) {
    fail("{}: Regex {}: {}", pattern.where(), excerpt(text), error.what());
  }
}

}  // namespace janus
