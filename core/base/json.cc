#include "core/base/json.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "core/base/error.h"

namespace janus {
namespace {

// nlohmann's parser needs no stack, but its copy, comparison and output recurse once a level.
constexpr size_t kDeepest = 100;
// Of at most some 100 bytes each. The largest file of a model, tokenizer.json, has some 400,000.
constexpr size_t kMostValues = 4'000'000;
// Keys that stand in order are looked for one after the other.
constexpr size_t kMostOrderedKeys = 10'000;

std::string place(std::string_view text, size_t byte) {  // byte counts from 1
  const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

// "syntax error while parsing value - invalid literal" of nlohmann's long message. What it read last is left
// out: it may hold anything, and the place is told.
std::string reason(std::string_view text) {
  const size_t column = text.find("column ");
  const size_t begin = column != text.npos ? text.find(": ", column) : text.find("] ");
  if (begin != text.npos) text.remove_prefix(begin + 2);
  return std::string(text.substr(0, std::min<size_t>(text.find("; last read"), 100)));
}

// Builds the value while nlohmann reads. Its own parser with a callback could watch depth and keys too, but
// looks through a whole object at the end of each inner one: minutes for a file of many tensors.
template <typename Json>
class Builder : public Json::json_sax_t {
 public:
  using Binary = typename Json::binary_t;

  Builder(std::string_view text, const std::string& where, DuplicateKeys duplicates)
      : text_(text), where_(where), duplicates_(duplicates) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string& /*text*/) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Binary& value) override { return add(std::move(value)); }
  bool start_object(size_t /*size*/) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(size_t /*size*/) override { return open(Json::array()); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    check(duplicates_ == DuplicateKeys::last_wins || !open_.back()->contains(name),
          "{}: expected each key once, found {} twice", where_, excerpt(name));
    constexpr bool kOrdered = std::is_same_v<Json, nlohmann::ordered_json>;
    check(!kOrdered || open_.back()->size() < kMostOrderedKeys,
          "{}: expected at most {} keys in an object, found more", where_, kMostOrderedKeys);
    slot_ = &(*open_.back())[name];
    return true;
  }
  bool parse_error(size_t byte, const std::string& /*token*/,
                   const typename Json::exception& error) override {
    fail("{}: {}: expected JSON, found a fault: {}", where_, place(text_, byte), reason(error.what()));
  }

 private:
  bool add(Json value) {
    check(++values_ <= kMostValues, "{}: expected JSON of at most {} values, found more", where_,
          kMostValues);
    if (!open_.empty() && open_.back()->is_array()) slot_ = &open_.back()->emplace_back();
    *slot_ = std::move(value);
    return true;
  }
  bool open(Json container) {
    check(open_.size() < kDeepest, "{}: expected JSON nested at most {} deep, found deeper", where_,
          kDeepest);
    add(std::move(container));
    open_.push_back(slot_);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& where_;
  DuplicateKeys duplicates_;
  Json root_;
  Json* slot_ = &root_;      // where the next value goes, outside arrays
  std::vector<Json*> open_;  // containers, outermost first
  size_t values_ = 0;
};

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

// A message with what to do at its end.
std::string ended(std::string message, const std::string& remedy) {
  return remedy.empty() ? message : std::move(message) + "; " + remedy;
}

std::string range_text(int64_t least, int64_t most) {
  return fmt::format("a whole number from {} to {}", least, most);
}

}  // namespace

template <typename Json>
Json parse_json(std::string_view text, const std::string& where, DuplicateKeys duplicates,
                const std::string& remedy) {
  try {
    check(!text.empty(), "{}: expected JSON, found an empty file", where);
    Builder<Json> builder(text, where, duplicates);
    Json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
  } catch (const Error& error) {
    throw Error(ended(error.what(), remedy));
  }
}

template <typename Json>
Json parse_json_or_discard(std::string_view text) {
  try {
    return parse_json<Json>(text, "JSON");
  } catch (const Error&) {
    return Json(Json::value_t::discarded);
  }
}

template nlohmann::json parse_json(std::string_view, const std::string&, DuplicateKeys, const std::string&);
template nlohmann::ordered_json parse_json(std::string_view, const std::string&, DuplicateKeys,
                                           const std::string&);
template nlohmann::json parse_json_or_discard(std::string_view);
template nlohmann::ordered_json parse_json_or_discard(std::string_view);

bool is_json(std::string_view text) { return nlohmann::json::accept(text.begin(), text.end()); }

bool scan_json(std::string_view text, nlohmann::json_sax<nlohmann::json>& sax) {
  return nlohmann::json::sax_parse(text.begin(), text.end(), &sax);
}

std::string excerpt(const nlohmann::json& json, size_t longest) {
  if (json.is_object()) return "an object";
  if (json.is_array() && json.size() > 8) return fmt::format("an array of {}", json.size());
  std::string text = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

JsonObject::JsonObject(const nlohmann::json& json, std::string where, std::string remedy)
    : json_(&json), where_(std::move(where)), remedy_(std::move(remedy)) {
  if (!json.is_object())
    throw Error(ended(fmt::format("{}: expected a JSON object, found {}", where_, excerpt(json)), remedy_));
}

const nlohmann::json* JsonObject::find(std::string_view key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::wrong(std::string_view key, std::string_view expected, const nlohmann::json& found) const {
  throw Error(
      ended(fmt::format("{}: {}: expected {}, found {}", where_, key, expected, excerpt(found)), remedy_));
}

void JsonObject::absent(std::string_view key, std::string_view expected) const {
  throw Error(ended(fmt::format("{}: {}: expected {}, found no such key", where_, key, expected), remedy_));
}

int64_t JsonObject::integer(std::string_view key, int64_t fallback, int64_t least, int64_t most) const {
  return contains(key) ? required_integer(key, least, most) : fallback;
}

int64_t JsonObject::required_integer(std::string_view key, int64_t least, int64_t most) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) absent(key, range_text(least, most));
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

std::string JsonObject::required_string(std::string_view key) const {
  if (!contains(key)) absent(key, "a text");
  return string(key, {});
}

std::string JsonObject::choice(std::string_view key, std::initializer_list<const char*> choices,
                               std::string_view remedy) const {
  const std::string found = string(key, *choices.begin());
  check(std::find(choices.begin(), choices.end(), found) != choices.end(),
        "{}: {}: expected \"{}\", found {}; {}", where_, key, fmt::join(choices, "\" or \""), excerpt(found),
        remedy);
  return found;
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return JsonObject(*value, fmt::format("{}: {}", where_, key), remedy_);
}

JsonObject JsonObject::required_object(std::string_view key) const {
  const auto value = object(key);
  if (!value) absent(key, "a JSON object");
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
