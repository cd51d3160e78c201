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
  check(!model.is_null(), "{}: model: expected a BPE model, found none; download the file again", where);
  return model;
}

// A symbol for spaces that the vocabulary lacks would lose them. transformers 5 writes such files where it
// takes DeepSeek's tokenizer, whose vocabulary is of bytes, for Llama's.
void check_spaces(const BpeModel& model, const PreTokenizer& pre_tokenizer, const std::string& where) {
  const std::string& symbol = pre_tokenizer.space_symbol();
  if (symbol.empty() || model.id_of(symbol)) return;
  constexpr const char* kByteSpace = "\xC4\xA0";  // U+0120
  check(!model.id_of(kByteSpace),
        "{}: pre_tokenizer: expected ByteLevel, as the vocabulary is one of bytes, found Metaspace, which "
        "loses all spaces; transformers 5 wrote this file after it had opened the model with LlamaTokenizer: "
        "take the tokenizer.json of the model it comes from",
        where);
  fail(
      "{}: pre_tokenizer: expected a Metaspace symbol of the vocabulary, found {}; take the tokenizer.json "
      "of the model it comes from",
      where, excerpt(symbol));
}

}  // namespace

ByteBpeTokenizer::ByteBpeTokenizer(const nlohmann::json& json, const TokenizerSettings& settings,
                                   const std::string& where)
    : model_(model_of(json, where), where + ": model"),
      normalizer_(part(json, "normalizer", where), where + ": normalizer"),
      pre_tokenizer_(part(json, "pre_tokenizer", where), where + ": pre_tokenizer"),
      decoder_(part(json, "decoder", where), where + ": decoder") {
  check_spaces(model_, pre_tokenizer_, where);
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
  for (const std::string& text : settings.special_texts) {
    const auto id = is_tag(text) ? model_.id_of(text) : std::nullopt;
    if (id && !added_by_text_.contains(text))
      add_token({.content = text, .id = *id, .special = true, .normalized = false}, where);
  }
  find_begin(json, settings, where);
  find_control(settings);
}

void ByteBpeTokenizer::add_token(const AddedToken& token, const std::string& where) {
  if (token.content.empty()) return;
  const auto known = id_of(token.content);
  check(!known || *known == token.id,
        "{}: expected the id of {} in the vocabulary, {}, found {}; take all tokenizer files from one model",
        where, excerpt(token.content), known.value_or(0), token.id);
  const std::string* holder = find_token(token.id);
  check(
      holder == nullptr || *holder == token.content,
      "{}: expected an id of its own for {}, found {}, which is {}; take all tokenizer files from one model",
      where, excerpt(token.content), token.id, excerpt(holder == nullptr ? "" : *holder));
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
  roles_ = find_roles(
      settings, [this](std::string_view text) { return id_of(text); },
      [this](int32_t id) { return is_special(id); });
  const auto from_template =
      read_begin_template(part(json, "post_processor", where), where + ": post_processor");
  for (const int32_t id : from_template.value_or(std::vector<int32_t>{})) {
    check(find_token(id) != nullptr, "{}: post_processor: expected ids of tokens, found {}", where, id);
  }
  if (from_template && !from_template->empty() && !roles_.begin) roles_.begin = from_template->front();
  adds_begin_ = settings.add_begin.value_or(true);
  if (!adds_begin_) return;
  if (from_template && !from_template->empty()) {
    const auto named = settings.begin ? id_of(settings.begin->text) : std::nullopt;
    const bool agree =
        !named || std::find(from_template->begin(), from_template->end(), *named) != from_template->end();
    if (!agree) {
      fail("{}: post_processor: expected the begin token of {}, {}, found {}; take both files of one model",
           where, settings.begin->where, excerpt(settings.begin->text),
           excerpt(*find_token(from_template->front())));
    }
    begin_ids_ = *from_template;
    return;
  }
  if (settings.add_begin.value_or(false)) {
    check(roles_.begin.has_value(),
          "{}: expected the begin token {} that add_bos_token asks for, found none; download the tokenizer's "
          "files again",
          where, settings.begin ? excerpt(settings.begin->text) : "(bos_token)");
  }
  if (roles_.begin) begin_ids_ = {*roles_.begin};
}

void ByteBpeTokenizer::find_control(const TokenizerSettings& settings) {
  const auto& named = settings.special_texts;
  for (AddedToken& token : added_) {
    const bool has_role = token.id == roles_.begin || token.id == roles_.end || token.id == roles_.pad;
    token.control = token.special || has_role || is_tag(token.content) ||
                    std::find(named.begin(), named.end(), token.content) != named.end();
    if (token.control && model_.token_of(token.id) != nullptr) merged_control_.insert(token.id);
  }
}

std::vector<int32_t> ByteBpeTokenizer::encode(std::string_view text, bool add_begin,
                                              std::span<const TextRange> plain) const {
  std::vector<int32_t> ids;
  if (add_begin) ids = begin_ids_;
  std::string repaired;
  if (!is_utf8(text)) {
    repaired = to_utf8(text);
    text = repaired;
  }
  for (const TokenOrText& part : raw_finder_.split(text, plain)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
      continue;
    }
    const auto begin = static_cast<size_t>(part.text.data() - text.data());
    encode_text(part.text, within(plain, begin, begin + part.text.size()), begin == 0, ids);
  }
  return ids;
}

void ByteBpeTokenizer::encode_text(std::string_view text, std::span<const TextRange> plain, bool at_start,
                                   std::vector<int32_t>& ids) const {
  const std::string normalized = normalizer_(std::string(text));
  const std::vector<TextRange> moved = in_normalized(text, plain, normalized);
  for (const TokenOrText& part : normalized_finder_.split(normalized, moved)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
      continue;
    }
    const Pieces pieces =
        pre_tokenizer_(std::string(part.text), at_start && part.text.data() == normalized.data());
    PieceMemo memo(pieces.ranges.size());
    for (const TextRange& range : pieces.ranges) {
      const std::string_view piece = pieces.piece(range);
      PieceMemo::Entry* entry = memo.find(piece);
      const size_t first = ids.size();
      if (entry != nullptr && entry->piece == piece) {
        for (size_t i = entry->begin; i < entry->end; ++i) ids.push_back(ids[i]);
      } else {
        encode_piece(piece, !plain.empty(), ids);
        if (entry != nullptr) *entry = {piece, first, ids.size()};
      }
    }
  }
}

void ByteBpeTokenizer::encode_piece(std::string_view piece, bool plain, std::vector<int32_t>& ids) const {
  const size_t first = ids.size();
  model_.encode(piece, ids);
  const auto merged = [this](int32_t id) { return merged_control_.contains(id); };
  if (!plain || merged_control_.empty() ||
      std::none_of(ids.begin() + static_cast<int64_t>(first), ids.end(), merged))
    return;
  // Single characters do not make a token of several.
  ids.resize(first);
  while (!piece.empty()) {
    const size_t length = utf8_front(piece).length;
    model_.encode(piece.substr(0, length), ids);
    piece.remove_prefix(length);
  }
}

std::vector<TextRange> ByteBpeTokenizer::in_normalized(std::string_view text,
                                                       std::span<const TextRange> plain,
                                                       std::string_view normalized) const {
  if (normalizer_.empty()) return {plain.begin(), plain.end()};
  std::vector<TextRange> moved;
  for (const TextRange& range : plain) {
    const std::string before = normalizer_(std::string(text.substr(0, range.begin)));
    const std::string behind = normalizer_(std::string(text.substr(range.end)));
    const auto begin = std::mismatch(before.begin(), before.end(), normalized.begin(), normalized.end());
    const auto end = std::mismatch(behind.rbegin(), behind.rend(), normalized.rbegin(), normalized.rend());
    const auto from = static_cast<size_t>(begin.second - normalized.begin());
    const auto to = static_cast<size_t>(normalized.rend() - end.second);
    moved.push_back({std::min(from, to), std::max(from, to)});
  }
  return moved;
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
