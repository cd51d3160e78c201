#include "cli/caption/record_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/json.h"

namespace janus::cli {
namespace {

constexpr size_t kMostShown = 80;    // bytes of a text
constexpr size_t kSharedShown = 20;  // of what two texts have in common, before they differ

void add(std::string& list, const std::string& text) { list += (list.empty() ? "" : ", ") + text; }

// Where a character of UTF-8 begins, at or before `at`.
size_t character_at(const std::string& text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return std::min(at, text.size());
}

// `text` as JSON has it, on one line; of a long one, the part around place `at`.
std::string excerpt(const std::string& text, size_t at) {
  if (text.size() <= kMostShown) return to_line(Json(text));
  const size_t begin = character_at(text, at > kSharedShown ? at - kSharedShown : 0);
  const size_t end = character_at(text, begin + kMostShown);
  return fmt::format("{}{}{}", begin > 0 ? "..." : "", to_line(Json(text.substr(begin, end - begin))),
                     end < text.size() ? "..." : "");
}

std::string shown(const Json& value, size_t at) {
  if (value.is_null()) return "none";
  return value.is_string() ? excerpt(value.get<std::string>(), at) : to_line(value);
}

size_t first_difference(const Json& a, const Json& b) {
  if (!a.is_string() || !b.is_string()) return 0;
  const auto &first = a.get_ref<const std::string&>(), &second = b.get_ref<const std::string&>();
  const auto place = std::mismatch(first.begin(), first.end(), second.begin(), second.end()).first;
  return static_cast<size_t>(place - first.begin());
}

void compare(const std::string& name, const Json& expected, const Json& found, Difference& difference) {
  if (expected == found) return;
  const size_t at = first_difference(expected, found);
  add(difference.expected, name + " " + shown(expected, at));
  add(difference.found, name + " " + shown(found, at));
}

Json at(const Json& object, const char* key) {
  const auto value = object.find(key);
  return value == object.end() ? Json() : *value;
}

// Each of several questions by its name.
void compare_prompts(const Json& expected, const Json& found, Difference& difference) {
  if (!expected.is_object() || !found.is_object()) return compare("prompts", expected, found, difference);
  Json names = expected;
  names.update(found);
  for (const auto& [name, prompt] : names.items())
    compare("prompt " + name, at(expected, name.c_str()), at(found, name.c_str()), difference);
}

}  // namespace

Difference difference_of(std::string_view line, const CaptionSettings& settings, const RunFacts& run) {
  const Json record = parse_json_or_discard<Json>(line);
  Difference difference;
  if (!record.is_object() || !record.contains("model_fingerprint")) return difference;
  const Json asked = made_by(settings, run);
  const auto both = [&](const char* key, const char* name) {
    compare(name, at(asked, key), at(record, key), difference);
  };
  if (at(asked, "model_fingerprint") != at(record, "model_fingerprint")) {
    for (const auto& [text, facts] : {std::pair{&difference.expected, &asked}, {&difference.found, &record}})
      add(*text, fmt::format("model {} (fingerprint {})", shown(at(*facts, "model"), 0),
                             shown(at(*facts, "model_fingerprint"), 0)));
  }
  both("type", "type");
  both("prompt", "prompt");
  compare_prompts(at(asked, "prompts"), at(record, "prompts"), difference);
  both("max_tokens", "--max-tokens");
  compare("--special-tokens", asked.contains("special_tokens"), record.contains("special_tokens"),
          difference);
  both("temperature", "--temperature");
  // Greedy answers do not depend on them.
  if (at(asked, "temperature") == 0 || at(record, "temperature") == 0) return difference;
  for (const auto& [key, name] : {std::pair{"top_k", "--top-k"}, {"top_p", "--top-p"}, {"seed", "--seed"}})
    both(key, name);
  return difference;
}

}  // namespace janus::cli
