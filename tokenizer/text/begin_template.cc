#include "tokenizer/text/begin_template.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/text/added_tokens.h"
#include "tokenizer/text/json_list.h"

namespace janus {
namespace {

// {"single": [{"SpecialToken": {"id": NAME}}, {"Sequence": ...}], "special_tokens": {NAME: {"ids": [...]}}}
std::vector<int32_t> ids_before_text(const JsonObject& object) {
  std::vector<int32_t> ids;
  bool before = true;
  for_each_item(object, "single", [&](const auto& item, const auto& place) {
    const JsonObject part(item, place);
    before = before && part.contains("SpecialToken");
    if (!before) return;
    const std::string name = part.required_object("SpecialToken").required_string("id");
    const JsonObject special = object.required_object("special_tokens").required_object(name);
    for (const int64_t id : special.integers("ids", 0, kMaxTokenId)) ids.push_back(static_cast<int32_t>(id));
  });
  return ids;
}

}  // namespace

std::optional<std::vector<int32_t>> read_begin_template(const nlohmann::json& json,
                                                        const std::string& where) {
  if (json.is_null()) return std::nullopt;
  const JsonObject object(json, where);
  const std::string type = object.required_string("type");
  if (type == "TemplateProcessing") return ids_before_text(object);
  if (type == "ByteLevel") return std::nullopt;  // concerns offsets alone
  check(type == "Sequence",
        "{}: expected a post-processor among Sequence, TemplateProcessing, ByteLevel, found {}; use the "
        "tokenizer files of a released Janus",
        where, excerpt(type));
  std::optional<std::vector<int32_t>> first;
  for_each_item(object, "processors", [&](const auto& item, const auto& place) {
    auto ids = read_begin_template(item, place);
    if (!first) first = std::move(ids);
  });
  return first;
}

}  // namespace janus
