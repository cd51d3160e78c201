#include "tokenizer/text/byte_bpe.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tokenizer/text/begin_template.h"
#include "tokenizer/text/json_list.h"
#include "tokenizer/text/piece_memo.h"

namespace janus {
namespace {

const nlohmann::json& part(const nlohmann::json& file, const char* key, const std::string& where) {
  static const nlohmann::json none;
  check(file.is_object(), "{}: expected a tokenizer, found {}", where, excerpt(file));
  const auto found = file.find(key);
  return found == file.end() ? none : *found;
}

const nlohmann::json& model_of(const nlohmann::json& file, const std::string& where) {
  const nlohmann::json& model = part(file, "model", where);
  check(!model.is_null(), "{}: model: expected a BPE model, found none", where);
  return model;
}

}  // namespace

ByteBpeTokenizer::ByteBpeTokenizer(const nlohmann::json& json, const TokenizerSettings& settings,
                                   const std::string& where)
    : model_(model_of(json, where), where + ": model"),
      normalizer_(part(json, "normalizer", where), where + ": normalizer"),
      pre_tokenizer_(part(json, "pre_tokenizer", where), where + ": pre_tokenizer"),
      decoder_(part(json, "decoder", where), where + ": decoder") {
  size_ = model_.largest_id() + 1;
  if (!part(json, "added_tokens", where).is_null()) {
    for_each_item(JsonObject(json, where), "added_tokens", [this](const auto& item, const auto& place) {
      AddedToken token = read_added_token(item, place);
      token.id = static_cast<int32_t>(JsonObject(item, place).required_integer("id", 0, kMaxTokenId));
      add_token(token, place);
    });
  }
  // What the file beside adds; what both hold is taken from the tokenizer itself.
  for (const AddedToken& token : settings.added) {
    if (!id_of(token.content)) add_token(token, where);
  }
  find_begin(json, settings, where);
}

void ByteBpeTokenizer::add_token(const AddedToken& token, const std::string& where) {
  if (token.content.empty()) return;
  const auto known = id_of(token.content);
  check(!known || *known == token.id, "{}: expected the id of {} in the vocabulary, {}, found {}", where,
        excerpt(token.content), known.value_or(0), token.id);
  const std::string* holder = find_token(token.id);
  check(holder == nullptr || *holder == token.content,
        "{}: expected an id of its own for {}, found {}, which is {}", where, excerpt(token.content),
        token.id, excerpt(holder == nullptr ? "" : *holder));
  if (added_by_id_.contains(token.id)) return;
  const AddedToken& added = added_.emplace_back(token);
  added_by_text_.emplace(added.content, &added);
  added_by_id_.emplace(added.id, &added);
  size_ = std::max(size_, added.id + 1);
  if (added.normalized) {
    normalized_finder_.add(normalizer_(to_utf8(added.content)), added);
  } else {
    raw_finder_.add(added.content, added);
  }
}

void ByteBpeTokenizer::find_begin(const nlohmann::json& json, const TokenizerSettings& settings,
                                  const std::string& where) {
  roles_ = find_roles(settings, [this](std::string_view text) { return id_of(text); });
  const auto from_template =
      read_begin_template(part(json, "post_processor", where), where + ": post_processor");
  for (const int32_t id : from_template.value_or(std::vector<int32_t>{})) {
    check(find_token(id) != nullptr, "{}: post_processor: expected ids of tokens, found {}", where, id);
  }
  if (from_template && !from_template->empty() && !roles_.begin) roles_.begin = from_template->front();
  if (!settings.add_begin.value_or(true)) return;
  if (from_template && !from_template->empty()) {
    begin_ids_ = *from_template;
    return;
  }
  // Llama's tokenizers put the begin token first by themselves, unless the file beside says no.
  if (settings.add_begin.value_or(false)) {
    check(roles_.begin.has_value(), "{}: expected the begin token {} that add_bos_token asks for, found none",
          where, settings.begin ? excerpt(settings.begin->text) : "(bos_token)");
  }
  const bool asked = settings.add_begin.value_or(settings.is_llama && !from_template);
  if (asked && roles_.begin) begin_ids_ = {*roles_.begin};
}

std::vector<int32_t> ByteBpeTokenizer::encode(std::string_view text, bool add_begin) const {
  std::vector<int32_t> ids;
  if (add_begin) ids = begin_ids_;
  std::string repaired;
  if (!is_utf8(text)) {
    repaired = to_utf8(text);
    text = repaired;
  }
  for (const TokenOrText& part : raw_finder_.split(text)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
    } else {
      encode_text(part.text, ids);
    }
  }
  return ids;
}

void ByteBpeTokenizer::encode_text(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string normalized = normalizer_(std::string(text));
  for (const TokenOrText& part : normalized_finder_.split(normalized)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
      continue;
    }
    const Pieces pieces = pre_tokenizer_(std::string(part.text));
    PieceMemo memo(pieces.ranges.size());
    for (const TextRange& range : pieces.ranges) {
      const std::string_view piece = pieces.piece(range);
      PieceMemo::Entry* entry = memo.find(piece);
      const size_t first = ids.size();
      if (entry != nullptr && entry->piece == piece) {
        for (size_t i = entry->begin; i < entry->end; ++i) ids.push_back(ids[i]);
      } else {
        model_.encode(piece, ids);
        if (entry != nullptr) *entry = {piece, first, ids.size()};
      }
    }
  }
}

std::string ByteBpeTokenizer::decode(std::span<const int32_t> ids) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) {
    const std::string* token = find_token(id);
    if (token != nullptr && !is_special(id)) tokens.push_back(*token);
  }
  return decoder_(std::move(tokens));
}

std::optional<int32_t> ByteBpeTokenizer::id_of(std::string_view token) const {
  const auto added = added_by_text_.find(token);
  return added != added_by_text_.end() ? std::optional(added->second->id) : model_.id_of(token);
}

const std::string* ByteBpeTokenizer::find_token(int32_t id) const {
  const auto added = added_by_id_.find(id);
  return added != added_by_id_.end() ? &added->second->content : model_.token_of(id);
}

std::string ByteBpeTokenizer::token_of(int32_t id) const {
  const std::string* token = find_token(id);
  check(token != nullptr, "token id: expected one of the tokenizer's, below {}, found {}", size_, id);
  return *token;
}

bool ByteBpeTokenizer::is_special(int32_t id) const {
  const auto added = added_by_id_.find(id);
  return added != added_by_id_.end() && added->second->special;
}

int32_t ByteBpeTokenizer::size() const { return size_; }

}  // namespace janus
