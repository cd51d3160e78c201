#include "tokenizer/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tokenizer/text/char_class.h"
#include "tokenizer/text/json_list.h"
#include "tokenizer/text/json_pattern.h"

namespace janus {
namespace {

std::string normal_form(const std::string& text, unsigned options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                               static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                               static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, std::free);
  check(length >= 0, "text of {} bytes: normalising it failed: {}", text.size(), utf8proc_errmsg(length));
  return {reinterpret_cast<const char*>(mapped), static_cast<size_t>(length)};
}

// Calls change(code point, result) for every character.
template <typename Change>
std::string each_char(std::string_view text, Change change) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    change(next.code_point, result);
    text.remove_prefix(next.length);
  }
  return result;
}

std::string lowercase(const std::string& text) {
  return each_char(text, [](char32_t c, std::string& result) {
    // The one character whose lower case is two: i and a dot above.
    if (c == 0x130) {
      result += "i\xCC\x87";
    } else {
      append_utf8(result, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  });
}

std::string strip_accents(const std::string& text) {
  return each_char(text, [](char32_t c, std::string& result) {
    if (!is_mark(c)) append_utf8(result, c);
  });
}

std::string strip(std::string_view text, bool left, bool right) {
  size_t begin = text.size();
  size_t end = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char next = utf8_front(text.substr(at));
    if (!is_white_space(next.code_point)) {
      begin = std::min(begin, at);
      end = at + next.length;
    }
    at += next.length;
  }
  if (!left) begin = 0;
  if (!right) end = text.size();
  return std::string(begin < end ? text.substr(begin, end - begin) : std::string_view());
}

}  // namespace

Normalizer::Normalizer(const nlohmann::json& json, const std::string& where) {
  if (!json.is_null()) add(json, where);
}

void Normalizer::add(const nlohmann::json& json, const std::string& where) {
  static const std::map<std::string, unsigned> kForms = {
      {"NFC", UTF8PROC_STABLE | UTF8PROC_COMPOSE},
      {"NFD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE},
      {"NFKC", UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
      {"NFKD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT},
  };
  const JsonObject object(json, where);
  const std::string type = object.required_string("type");
  if (type == "Sequence") {
    for_each_item(object, "normalizers", [this](const auto& item, const auto& place) { add(item, place); });
  } else if (const auto form = kForms.find(type); form != kForms.end()) {
    steps_.emplace_back(
        [options = form->second](const std::string& text) { return normal_form(text, options); });
  } else if (type == "Lowercase") {
    steps_.emplace_back(lowercase);
  } else if (type == "StripAccents") {
    steps_.emplace_back(strip_accents);
  } else if (type == "Strip") {
    steps_.emplace_back([left = object.boolean("strip_left", true),
                         right = object.boolean("strip_right", true)](const std::string& text) {
      return strip(text, left, right);
    });
  } else if (type == "Prepend") {
    steps_.emplace_back([prefix = object.required_string("prepend")](const std::string& text) {
      return text.empty() ? text : prefix + text;
    });
  } else if (type == "Replace") {
    steps_.emplace_back([pattern = read_pattern(object, "pattern"),
                         content = object.required_string("content")](const std::string& text) {
      return pattern.replace_all(text, content);
    });
  } else {
    fail(
        "{}: expected a normalizer among Sequence, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, "
        "Prepend, Replace, found {}; use the tokenizer files of a released Janus",
        where, excerpt(type));
  }
}

std::string Normalizer::operator()(std::string text) const {
  for (const Step& step : steps_) text = step(std::move(text));
  return text;
}

}  // namespace janus
