#include "core/base/json_line.h"

#include <fmt/format.h>

#include <string_view>

#include "core/base/control_chars.h"
#include "core/base/utf8.h"

namespace janus {
namespace {

std::string dumped(const OrderedJson& record, int indent) {
  return record.dump(indent, ' ', false, nlohmann::detail::error_handler_t::replace);
}

// JSON holds such characters in strings alone, where an escape means the same.
std::string escaped(std::string json) {
  constexpr std::string_view kLeads = "\x7f\xc2\xd8\xe2";  // the first bytes of all that are meant
  size_t at = json.find_first_of(kLeads);
  if (at == json.npos) return json;
  std::string safe;
  size_t copied = 0;
  for (; at != json.npos; at = json.find_first_of(kLeads, at)) {
    const Utf8Char next = utf8_front(std::string_view(json).substr(at));
    if (is_control(next.code_point) || turns_or_ends_lines(next.code_point)) {
      safe.append(json, copied, at - copied);
      safe += fmt::format("\\u{:04x}", static_cast<unsigned>(next.code_point));
      copied = at + next.length;
    }
    at += next.length;
  }
  return safe.append(json, copied);
}

}  // namespace

std::string to_line(const OrderedJson& record) { return escaped(dumped(record, -1)); }
std::string to_indented(const OrderedJson& record) { return escaped(dumped(record, 2)); }
std::string to_hashed_line(const OrderedJson& record) { return dumped(record, -1); }

}  // namespace janus
