#include "tokenizer/text/tokenizer_settings.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/text/json_list.h"

namespace janus {
namespace {

constexpr const char* kConfigFile = "tokenizer_config.json";
constexpr const char* kMapFile = "special_tokens_map.json";
constexpr const char* kAddedFile = "added_tokens.json";

// A token is written as its text or as an object with flags.
std::string token_text(const nlohmann::json& json, const std::string& where) {
  if (json.is_string()) return json.get<std::string>();
  return JsonObject(json, where).required_string("content");
}

void read_role(const JsonObject& file, const char* key, std::optional<NamedToken>* role) {
  if (role->has_value() || !file.contains(key)) return;
  const std::string where = fmt::format("{}: {}", file.where(), key);
  *role = NamedToken{token_text(file.json().at(key), where), where};
}

// Tokens of any role ("image_token") and of the lists. Not the unknown token: written out, it is text.
void read_special_texts(const JsonObject& file, std::vector<std::string>* texts) {
  for (const auto& [key, value] : file.json().items()) {
    const bool token = value.is_string() || (value.is_object() && value.contains("content"));
    if (token && key.ends_with("_token") && key != "unk_token") {
      texts->push_back(token_text(value, fmt::format("{}: {}", file.where(), key)));
    }
  }
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    // Newer files may have an object here, with names for the tokens; those stand at roles as well.
    if (!file.contains(key) || !file.json().at(key).is_array()) continue;
    for_each_item(file, key,
                  [&](const auto& item, const auto& place) { texts->push_back(token_text(item, place)); });
  }
}

// {"100000": {"content": ..., flags}}
void read_added_decoder(const JsonObject& file, std::vector<AddedToken>* added) {
  const auto decoder = file.object("added_tokens_decoder");
  if (!decoder) return;
  for (const auto& [key, value] : decoder->json().items()) {
    const std::string where = fmt::format("{}: {}", decoder->where(), key);
    AddedToken token = read_added_token(value, where);
    const char* end = key.data() + key.size();
    const auto [read_to, error] = std::from_chars(key.data(), end, token.id);
    check(error == std::errc() && read_to == end && token.id >= 0 && token.id <= kMaxTokenId,
          "{}: expected an id from 0 to {}, found {}", decoder->where(), kMaxTokenId, excerpt(key));
    added->push_back(std::move(token));
  }
}

// {"<image>": 32000}
void read_added_file(const JsonObject& file, std::vector<AddedToken>* added) {
  for (const auto& [text, value] : file.json().items()) {
    AddedToken token;
    token.content = text;
    token.id = static_cast<int32_t>(file.required_integer(text, 0, kMaxTokenId));
    const auto same = [&](const AddedToken& other) { return other.content == token.content; };
    if (std::none_of(added->begin(), added->end(), same)) added->push_back(std::move(token));
  }
}

// A number, or the first of a list. What is neither is for the model's own reader to refuse.
void read_number(const nlohmann::json& json, const char* key, std::optional<int32_t>* role) {
  if (!json.is_object() || !json.contains(key)) return;
  const nlohmann::json& value = json[key].is_array() && !json[key].empty() ? json[key].front() : json[key];
  const int64_t id = value.is_number_integer() ? value.get<int64_t>() : -1;
  if (!*role && id >= 0 && id <= kMaxTokenId) *role = static_cast<int32_t>(id);
}

void read_numbers(const nlohmann::json& json, RoleIds* roles) {
  read_number(json, "bos_token_id", &roles->begin);
  read_number(json, "eos_token_id", &roles->end);
  read_number(json, "pad_token_id", &roles->pad);
}

RoleIds read_role_numbers(const FileSet& files) {
  RoleIds roles;
  for (const char* name : {"generation_config.json", "config.json"}) {
    if (!files.contains(name)) continue;
    const nlohmann::json json = files.json(name);
    read_numbers(json, &roles);
    for (const char* section : {"text_config", "language_config"}) {
      if (json.is_object() && json.contains(section)) read_numbers(json[section], &roles);
    }
  }
  return roles;
}

}  // namespace

TokenizerSettings read_tokenizer_settings(const FileSet& files) {
  TokenizerSettings settings;
  for (const char* name : {kConfigFile, kMapFile}) {
    if (!files.contains(name)) continue;
    const nlohmann::json json = files.json(name);
    const JsonObject file(json, files.path(name));
    read_role(file, "bos_token", &settings.begin);
    read_role(file, "eos_token", &settings.end);
    read_role(file, "pad_token", &settings.pad);
    read_special_texts(file, &settings.special_texts);
    if (name == kMapFile) continue;
    if (file.contains("add_bos_token")) settings.add_begin = file.boolean("add_bos_token", true);
    read_added_decoder(file, &settings.added);
  }
  if (files.contains(kAddedFile)) {
    const nlohmann::json json = files.json(kAddedFile);
    read_added_file(JsonObject(json, files.path(kAddedFile)), &settings.added);
  }
  if (!settings.begin || !settings.end) settings.numbered = read_role_numbers(files);
  return settings;
}

RoleIds find_roles(const TokenizerSettings& settings,
                   const std::function<std::optional<int32_t>(std::string_view)>& id_of,
                   const std::function<bool(int32_t)>& is_special) {
  const auto find = [&](const std::optional<NamedToken>& named, std::string_view deepseek,
                        std::optional<int32_t> numbered) {
    auto id = named ? id_of(named->text) : std::nullopt;
    if (!id) id = id_of(deepseek);
    if (!id && numbered && is_special(*numbered)) id = numbered;
    return id;
  };
  return {find(settings.begin, "<｜begin▁of▁sentence｜>", settings.numbered.begin),
          find(settings.end, "<｜end▁of▁sentence｜>", settings.numbered.end),
          find(settings.pad, "<｜▁pad▁｜>", settings.numbered.pad)};
}

}  // namespace janus
