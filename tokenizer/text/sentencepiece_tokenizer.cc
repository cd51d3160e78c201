#include "tokenizer/text/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tokenizer/text/added_tokens.h"
#include "tokenizer/text/byte_level.h"
#include "tokenizer/text/sentencepiece_spec.h"

namespace janus {
namespace {

using sentencepiece::SentencePieceProcessor;

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581, a space within pieces

void check_status(const sentencepiece::util::Status& status, const std::string& where, const char* what,
                  const char* remedy = "") {
  if (status.ok()) return;
  std::string reason = status.ToString();
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  // The library begins with a kind of fault, and often has no more than a line of its source:
  // "Internal: ./src/sentencepiece_processor.cc(232) [model_proto->ParseFromArray(...)] ".
  if (const size_t kind = reason.find(": "); kind != std::string::npos) reason.erase(0, kind + 2);
  if (reason.find(".cc(") != std::string::npos) reason = "its bytes are of another kind, or damaged";
  fail("{}: expected {}, found a fault: {}{}", where, what, reason, remedy);
}

std::unique_ptr<SentencePieceProcessor> load(std::string_view model, const std::string& where) {
  check(!model.empty(), "{}: expected a SentencePiece model, found an empty file; download the file again",
        where);
  auto processor = std::make_unique<SentencePieceProcessor>();
  check_status(processor->LoadFromSerializedProto(model), where, "a SentencePiece model",
               "; download the file again");
  return processor;
}

class SentencePieceTokenizer : public TextTokenizer {
 public:
  SentencePieceTokenizer(std::string_view model, const TokenizerSettings& settings, const std::string& where)
      : where_(where), spec_(read_sentencepiece_spec(model)), processor_(load(model, where)) {
    check(!spec_.whitespace_as_suffix,
          "{}: treat_whitespace_as_suffix: expected off (it is not supported), found on; use the tokenizer "
          "files of a released Janus",
          where);
    if (spec_.add_dummy_prefix) continuation_ = load(without_dummy_prefix(model), where);
    size_ = processor_->GetPieceSize();
    for (int32_t id = 0; id < size_; ++id) {
      if (processor_->IsControl(id) || is_user_defined(id)) {
        add_token({processor_->IdToPiece(id), id, processor_->IsControl(id)});
      }
    }
    for (const AddedToken& token : settings.added) add_named(token);
    for (const std::string& text : settings.special_texts) add_named({text, id_of(text).value_or(-1), true});
    find_begin(settings);
    find_control();
  }

  std::vector<int32_t> encode(std::string_view text, bool add_begin,
                              std::span<const TextRange> plain) const override {
    std::vector<int32_t> ids;
    if (add_begin && adds_begin_ && roles_.begin) ids.push_back(*roles_.begin);
    const std::string whole = to_utf8(text);
    const std::string_view all(whole);
    size_t done = 0;
    const auto encode_until = [&](size_t end) {
      encode_words(all.substr(done, end - done), within(plain, done, end), done == 0, ids);
      done = end;
    };
    for (const TokenOrText& part : finder_.split(all, plain)) {
      // The library finds user-defined pieces by itself.
      if (part.token == nullptr || is_user_defined(part.token->id)) continue;
      const auto begin = static_cast<size_t>(part.text.data() - all.data());
      encode_until(begin);
      ids.push_back(part.token->id);
      done = begin + part.text.size();
    }
    encode_until(all.size());
    return ids;
  }

  // As the library does it, but bytes of an unfinished character stay as they are.
  std::string decode(std::span<const int32_t> ids) const override {
    std::string text;
    bool at_start = true;  // a space here is the one that was put before the text
    for (const int32_t id : ids) {
      if (is_special(id)) continue;
      if (const auto added = added_.find(id); added != added_.end() && id >= processor_->GetPieceSize()) {
        text += added->second->content;
      } else if (id >= 0 && id < processor_->GetPieceSize()) {
        append_piece(id, at_start, text);
      }
      if (!text.empty()) at_start = false;
    }
    return text;
  }

  std::optional<int32_t> id_of(std::string_view token) const override {
    if (const auto added = added_by_text_.find(token); added != added_by_text_.end()) return added->second;
    const int32_t id = processor_->PieceToId(token);
    const bool found = id >= 0 && id < processor_->GetPieceSize() && processor_->IdToPiece(id) == token;
    return found ? std::optional(id) : std::nullopt;
  }

  std::string token_of(int32_t id) const override {
    if (id >= 0 && id < processor_->GetPieceSize()) return processor_->IdToPiece(id);
    const auto added = added_.find(id);
    check(added != added_.end(), "token id: expected one of the tokenizer's, below {}, found {}", size_, id);
    return added->second->content;
  }

  bool is_special(int32_t id) const override {
    const auto added = added_.find(id);
    return added != added_.end() && added->second->special;
  }

  int32_t size() const override { return size_; }
  std::optional<int32_t> begin_id() const override { return roles_.begin; }
  std::optional<int32_t> end_id() const override { return roles_.end; }
  std::optional<int32_t> pad_id() const override { return roles_.pad; }
  bool adds_begin() const override { return adds_begin_; }

 private:
  bool is_user_defined(int32_t id) const { return spec_.user_defined.contains(id); }

  void add_named(const AddedToken& token) {
    if (token.id < 0 || token.content.empty()) return;
    const auto known = id_of(token.content);
    check(!known || *known == token.id,
          "{}: expected the id of {} that the files beside it name, {}, found {}; take all tokenizer files "
          "from one model",
          where_, excerpt(token.content), token.id, known.value_or(0));
    const bool taken = token.id < processor_->GetPieceSize() || added_.contains(token.id);
    check(known.has_value() || !taken,
          "{}: expected an id of its own for the added token {}, found {}, which is {}; take all tokenizer "
          "files from one model",
          where_, excerpt(token.content), token.id, taken ? excerpt(token_of(token.id)) : "");
    add_token(token);
  }

  void add_token(const AddedToken& token) {
    if (const auto known = added_.find(token.id); known != added_.end()) {
      known->second->special |= token.special;
      return;
    }
    AddedToken& added = tokens_.emplace_back(token);
    added_.emplace(added.id, &added);
    added_by_text_.emplace(added.content, added.id);
    finder_.add(added.content, added);
    size_ = std::max(size_, added.id + 1);
  }

  void find_begin(const TokenizerSettings& settings) {
    roles_ = find_roles(
        settings, [this](std::string_view text) { return id_of(text); },
        [this](int32_t id) { return is_special(id); });
    const auto own = [](std::optional<int32_t>& role, int32_t id) {
      if (!role && id >= 0) role = id;
    };
    own(roles_.begin, processor_->bos_id());
    own(roles_.end, processor_->eos_id());
    own(roles_.pad, processor_->pad_id());
    check(roles_.begin || !settings.add_begin.value_or(false),
          "{}: expected the begin token that add_bos_token asks for, found none; download the tokenizer's "
          "files again",
          where_);
    adds_begin_ = settings.add_begin.value_or(true);
  }

  void find_control() {
    for (AddedToken& token : tokens_) {
      const bool has_role = token.id == roles_.begin || token.id == roles_.end || token.id == roles_.pad;
      token.control = token.special || has_role || is_tag(token.content);
      const bool of_library = token.id < processor_->GetPieceSize() && !processor_->IsControl(token.id);
      if (token.control && of_library) library_control_.insert(token.id);
    }
  }

  // The library finds and merges tokens by itself, and in normalised text, where other characters may spell
  // them. Control tokens that it makes of bytes in `plain` are cut behind their first character.
  void encode_words(std::string_view text, std::span<const TextRange> plain, bool at_start,
                    std::vector<int32_t>& ids) const {
    if (text.empty()) return;
    const SentencePieceProcessor& processor = at_start || !continuation_ ? *processor_ : *continuation_;
    sentencepiece::ImmutableSentencePieceText encoded;
    check_status(processor.Encode(text, encoded.mutable_proto()), where_, "a text that can be encoded");
    std::vector<size_t> cuts;
    for (const auto& piece : encoded.pieces()) {
      if (!library_control_.contains(static_cast<int32_t>(piece.id()))) continue;
      if (!overlaps(plain, piece.begin(), piece.end())) continue;
      const size_t cut = piece.begin() + utf8_front(text.substr(piece.begin())).length;
      if (cut < text.size()) cuts.push_back(cut);
    }
    if (cuts.empty()) {
      for (const auto& piece : encoded.pieces()) ids.push_back(static_cast<int32_t>(piece.id()));
      return;
    }
    cuts.push_back(text.size());
    size_t done = 0;
    for (const size_t cut : cuts) {
      encode_words(text.substr(done, cut - done), within(plain, done, cut), at_start && done == 0, ids);
      done = cut;
    }
  }

  void append_piece(int32_t id, bool& at_start, std::string& text) const {
    if (processor_->IsUnknown(id)) {
      text += unknown_surface();
      return;
    }
    const std::string& stored = processor_->IdToPiece(id);
    if (processor_->IsByte(id)) {
      text += from_byte_fallback(stored).value_or('?');  // the library loads no model with other texts
      return;
    }
    std::string_view piece = stored;
    if (at_start && (spec_.add_dummy_prefix || spec_.remove_extra_whitespaces) &&
        piece.starts_with(kSpaceSymbol)) {
      piece.remove_prefix(kSpaceSymbol.size());
      // One space was put there; with remove_extra_whitespaces, none of the following is the text's own
      // either.
      if (!spec_.remove_extra_whitespaces) at_start = false;
    }
    while (!piece.empty()) {
      const size_t space = piece.find(kSpaceSymbol);
      text += piece.substr(0, space);
      if (space == piece.npos) break;
      text += ' ';
      piece.remove_prefix(space + kSpaceSymbol.size());
    }
  }

  std::string unknown_surface() const {
    std::string surface;
    check_status(processor_->Decode(std::vector<int>{processor_->unk_id()}, &surface), where_,
                 "an unknown token");
    return surface;
  }

  std::string where_;
  SentencePieceSpec spec_;
  std::unique_ptr<SentencePieceProcessor> processor_;
  std::unique_ptr<SentencePieceProcessor>
      continuation_;                      // without the space before a text; null: as processor_
  std::deque<AddedToken> tokens_;         // control, user-defined and named ones
  std::map<int32_t, AddedToken*> added_;  // into tokens_
  std::map<std::string, int32_t, std::less<>> added_by_text_;
  TokenFinder finder_;
  std::set<int32_t> library_control_;  // ids of control tokens that the library finds or makes by itself
  RoleIds roles_;
  bool adds_begin_ = false;
  int32_t size_ = 0;
};

}  // namespace

std::unique_ptr<TextTokenizer> open_sentencepiece(std::string_view model, const TokenizerSettings& settings,
                                                  const std::string& where) {
  return std::make_unique<SentencePieceTokenizer>(model, settings, where);
}

}  // namespace janus
