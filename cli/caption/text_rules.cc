#include "cli/caption/text_rules.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/strip.h"
#include "tokenizer/text/letter_case.h"

namespace janus::cli {
namespace {

std::string with_letters(const std::string& text, LetterCase letters) {
  switch (letters) {
    case LetterCase::lower:
      return to_lower(text);
    case LetterCase::upper:
      return to_upper(text);
    case LetterCase::sentence:
      return to_sentence_case(text);
    case LetterCase::keep:
      break;
  }
  return text;
}

// Without the white space that people type around it, unless it is nothing else.
std::string_view cutting_part(const std::string& separator) {
  return is_blank(separator) ? std::string_view(separator) : strip(separator);
}

std::vector<std::string> cut(std::string_view text, const std::string& separator) {
  const std::string_view part = cutting_part(separator);
  std::vector<std::string> tags;
  while (true) {
    const size_t at = text.find(part), line = text.find('\n');
    const size_t end = std::min({at, line, text.size()});
    if (const std::string_view tag = strip(text.substr(0, end)); !tag.empty()) tags.emplace_back(tag);
    if (end == text.size()) return tags;
    text.remove_prefix(end + (end == at ? part.size() : 1));
  }
}

// A list that a model ends as a sentence. An abbreviation keeps its last full stop, too.
void drop_full_stop(std::vector<std::string>& tags) {
  if (tags.empty() || tags.back().back() != '.' || tags.back().find('.') + 1 != tags.back().size()) return;
  tags.back().pop_back();
  if (tags.back().empty()) tags.pop_back();
}

std::string joined(const std::vector<std::string>& tags, const std::string& separator) {
  const bool takes_space = separator == "," || separator == ";";
  return fmt::format("{}", fmt::join(tags, takes_space ? separator + " " : separator));
}

}  // namespace

RuledText ruled_text(const std::string& raw, const TextRules& rules) {
  if (rules.separator.empty()) return {rules.prefix + with_letters(raw, rules.letters) + rules.suffix, {}};
  const std::vector<std::string> first = cut(rules.prefix, rules.separator),
                                 last = cut(rules.suffix, rules.separator);
  std::vector<std::string> tags = cut(raw, rules.separator);
  drop_full_stop(tags);
  for (std::string& tag : tags) tag = with_letters(tag, rules.letters);
  std::set<std::string> trailing;
  for (const std::string& tag : last) trailing.insert(fold_case(tag));

  RuledText result;
  std::set<std::string> seen;
  const auto add = [&](const std::string& tag) {
    if (seen.insert(fold_case(tag)).second) result.tags.push_back(tag);
  };
  for (const std::string& tag : first) add(tag);
  for (const std::string& tag : tags) {
    if (!trailing.contains(fold_case(tag))) add(tag);
  }
  for (const std::string& tag : last) add(tag);
  result.text = joined(result.tags, rules.separator);
  return result;
}

void apply_rules(Json& answer, const TextRules& rules) {
  const char* source = answer.contains("raw_text") ? "raw_text" : "text";
  if (!answer.contains(source) || !answer[source].is_string()) return;
  const std::string raw = answer[source];
  const RuledText ruled = ruled_text(raw, rules);
  Json own = Json::object();
  if (!rules.separator.empty()) own["tags"] = ruled.tags;
  if (!rules.empty()) own["raw_text"] = raw;

  Json renewed = Json::object();
  for (const auto& [key, value] : answer.items()) {
    if (key == "tags" || key == "raw_text") continue;
    renewed[key] = key == "text" ? Json(ruled.text) : value;
    if (key == "finish_reason") renewed.update(own);
  }
  renewed.update(own);
  answer = std::move(renewed);
}

}  // namespace janus::cli
