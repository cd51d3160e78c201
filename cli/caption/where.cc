#include "cli/caption/where.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>

namespace janus::cli {
namespace {

constexpr std::array<const char*, 5> kFields{"width", "height", "bytes", "pixels", "aspect"};
// Longer ones first: ">" would match the beginning of ">=".
constexpr std::array<const char*, 6> kOperators{">=", "<=", "==", "!=", ">", "<"};
constexpr const char* kExpected =
    "conditions like width>=512, joined by \"and\", on width, height, bytes, pixels or aspect";

std::string without_spaces(const std::string& text) {
  std::string kept;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept),
               [](char c) { return c != ' ' && c != '\t'; });
  return kept;
}

std::optional<Condition> read_condition(const std::string& given) {
  const std::string text = without_spaces(given);
  Condition condition;
  for (const char* field : kFields) {
    if (text.rfind(field, 0) == 0) condition.field = field;
  }
  if (condition.field.empty()) return std::nullopt;
  size_t at = condition.field.size();
  for (const char* op : kOperators) {
    if (condition.op.empty() && text.compare(at, std::string(op).size(), op) == 0) condition.op = op;
  }
  at += condition.op.size();
  const auto [stop, fault] = std::from_chars(text.data() + at, text.data() + text.size(), condition.value);
  const bool whole = fault == std::errc() && stop == text.data() + text.size();
  if (condition.op.empty() || !whole || !std::isfinite(condition.value)) return std::nullopt;
  return condition;
}

double fact(const ImageFacts& facts, const std::string& field) {
  const auto width = static_cast<double>(facts.width), height = static_cast<double>(facts.height);
  if (field == "width") return width;
  if (field == "height") return height;
  if (field == "bytes") return static_cast<double>(facts.bytes);
  if (field == "pixels") return width * height;
  return width / height;
}

}  // namespace

bool Condition::holds(const ImageFacts& facts) const {
  const double found = fact(facts, field);
  if (op == ">=") return found >= value;
  if (op == "<=") return found <= value;
  if (op == "==") return found == value;
  if (op == "!=") return found != value;
  if (op == ">") return found > value;
  return found < value;
}

std::string read_conditions(const std::string& text, std::vector<Condition>& conditions) {
  const std::string word = " and ";
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(word, at), text.size());
    const std::optional<Condition> condition = read_condition(text.substr(at, end - at));
    if (!condition) return kExpected;
    conditions.push_back(*condition);
    at = end + word.size();
  }
  return {};
}

}  // namespace janus::cli
