#include "tokenizer/text/bpe_model.h"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/per_thread.h"
#include "core/base/utf8.h"
#include "tokenizer/text/added_tokens.h"

namespace janus {
namespace {

constexpr char32_t kCharacterIds = 0x180;  // the byte level ends at U+0143

// Options that change ids and that none of the tokenizers we know of uses.
void refuse_unsupported(const JsonObject& model) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const std::string value = model.string(key, "");
    check(value.empty(), "{}: {}: expected none (it is not supported), found {}", model.where(), key,
          excerpt(value));
  }
  const double dropout = model.number("dropout", 0);
  check(dropout == 0, "{}: dropout: expected 0 (random merges are for training), found {}", model.where(),
        dropout);
}

}  // namespace

// A piece while it is merged: its symbols in a linked list, and the possible merges, best first. One after
// another uses the same memory.
class BpeModel::Word {
 public:
  void begin(const MergeTable& merges, const std::vector<int32_t>& ids) {
    merges_ = &merges;
    symbols_.clear();
    for (const int32_t id : ids) {
      const auto place = static_cast<int32_t>(symbols_.size());
      symbols_.push_back({id, place - 1, place + 1});
    }
    for (size_t i = 0; i + 1 < symbols_.size(); ++i) offer(static_cast<int32_t>(i));
  }

  void merge_all() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.front();
      std::pop_heap(candidates_.begin(), candidates_.end(), std::greater<>());
      candidates_.pop_back();
      if (still_there(best)) join(best);
    }
  }

  void append_to(std::vector<int32_t>& ids) const {
    const auto end = static_cast<int32_t>(symbols_.size());
    for (int32_t i = 0; i < end; i = symbols_[static_cast<size_t>(i)].next) {
      ids.push_back(symbols_[static_cast<size_t>(i)].id);
    }
  }

 private:
  static constexpr int32_t kGone = -1;  // the id of a symbol that its left neighbour has taken in

  struct Symbol {
    int32_t id = 0;
    int32_t previous = 0;  // -1 at the beginning
    int32_t next = 0;      // the number of symbols at the end
  };
  struct Candidate {
    int32_t rank = 0;
    int32_t place = 0;  // of the left symbol
    int32_t id = 0;
    int32_t left = 0;  // the two symbols when it was offered
    int32_t right = 0;
    bool operator>(const Candidate& other) const {
      return std::tie(rank, place) > std::tie(other.rank, other.place);
    }
  };

  Symbol& at(int32_t place) { return symbols_[static_cast<size_t>(place)]; }
  bool inside(int32_t place) const { return place >= 0 && static_cast<size_t>(place) < symbols_.size(); }

  void offer(int32_t place) {
    if (!inside(place) || !inside(at(place).next)) return;
    const int32_t left = at(place).id;
    const int32_t right = at(at(place).next).id;
    const MergeTable::Merge* merge = merges_->find(left, right);
    if (merge == nullptr) return;
    candidates_.push_back({merge->rank, place, merge->id, left, right});
    std::push_heap(candidates_.begin(), candidates_.end(), std::greater<>());
  }

  // An earlier merge may have taken one of the two. As in the reference, two others that make the same token
  // will do.
  bool still_there(const Candidate& candidate) {
    const Symbol& left = at(candidate.place);
    if (left.id == kGone || !inside(left.next)) return false;
    if (left.id == candidate.left && at(left.next).id == candidate.right) return true;
    const MergeTable::Merge* merge = merges_->find(left.id, at(left.next).id);
    return merge != nullptr && merge->id == candidate.id;
  }

  void join(const Candidate& candidate) {
    Symbol& left = at(candidate.place);
    Symbol& right = at(left.next);
    left.id = candidate.id;
    left.next = right.next;
    right.id = kGone;
    if (inside(left.next)) at(left.next).previous = candidate.place;
    offer(left.previous);
    offer(candidate.place);
  }

  const MergeTable* merges_ = nullptr;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> candidates_;  // a heap
};

BpeModel::BpeModel(const nlohmann::json& json, const std::string& where) {
  const JsonObject model(json, where);
  // Old files do not name the type.
  const std::string type = model.string("type", "BPE");
  check(type == "BPE", "{}: type: expected BPE, found {}{}", where, excerpt(type),
        type == "Unigram" ? "; put the tokenizer.model that it was made from in this file's place"
                          : "; use the tokenizer files of a released Janus");
  refuse_unsupported(model);
  fuse_unknown_ = model.boolean("fuse_unk", false);
  byte_fallback_ = model.boolean("byte_fallback", false);
  ignore_merges_ = model.boolean("ignore_merges", false);
  read_vocab(model.required_object("vocab").json(), where + ": vocab");
  check(model.contains("merges"), "{}: merges: expected a list, found no such key; download the file again",
        where);
  read_merges(json["merges"], where + ": merges");
  if (model.contains("unk_token")) {
    const std::string unknown = model.required_string("unk_token");
    unknown_id_ = id_of(unknown);
    check(unknown_id_.has_value(), "{}: unk_token: expected a token of the vocabulary, found {}", where,
          excerpt(unknown));
  }
}

void BpeModel::read_vocab(const nlohmann::json& json, const std::string& where) {
  const JsonObject vocab(json, where);
  ids_.reserve(json.size());
  tokens_.reserve(json.size());
  for (const auto& [token, value] : json.items()) {
    const auto id = static_cast<int32_t>(vocab.required_integer(token, 0, kMaxTokenId));
    const auto entry = ids_.emplace(token, id).first;
    const auto [other, added] = tokens_.emplace(id, &entry->first);
    if (!added) {
      fail("{}: expected each id once, found {} for {} and for {}", where, id, excerpt(*other->second),
           excerpt(token));
    }
    largest_id_ = std::max(largest_id_, id);
  }
  character_ids_.assign(kCharacterIds, -1);
  for (char32_t c = 0; c < kCharacterIds; ++c) {
    std::string character;
    append_utf8(character, c);
    character_ids_[c] = id_of(character).value_or(-1);
  }
}

void BpeModel::read_merges(const nlohmann::json& json, const std::string& where) {
  check(json.is_array(), "{}: expected a list, found {}", where, excerpt(json));
  check(json.size() < INT32_MAX, "{}: expected fewer merges, found {}", where, json.size());
  merges_.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    const nlohmann::json& item = json[i];
    if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
      add_merge(item[0].get_ref<const std::string&>(), item[1].get_ref<const std::string&>(), i, where);
      continue;
    }
    const std::string_view text = item.is_string() ? item.get_ref<const std::string&>() : std::string_view();
    const size_t space = text.find(' ');
    if (space == text.npos || text.find(' ', space + 1) != text.npos) {
      fail("{}[{}]: expected two tokens as \"a b\" or [\"a\", \"b\"], found {}", where, i, excerpt(item));
    }
    add_merge(text.substr(0, space), text.substr(space + 1), i, where);
  }
}

void BpeModel::add_merge(std::string_view left, std::string_view right, size_t rank,
                         const std::string& where) {
  const auto id = [&](std::string_view token) {
    const auto found = id_of(token);
    if (!found) fail("{}[{}]: expected tokens of the vocabulary, found {}", where, rank, excerpt(token));
    return *found;
  };
  // A pair that is listed twice has the rank of its last place, as in the reference.
  merges_.set(id(left), id(right), {static_cast<int32_t>(rank), id(std::string(left) += right)});
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  if (ignore_merges_) {
    if (const auto whole = id_of(piece)) {
      ids.push_back(*whole);
      return;
    }
  }
  struct Scratch {
    std::vector<int32_t> symbols;
    Word word;
  };
  static const PerThread<Scratch> scratch;
  auto& [symbols, word] = scratch.get();
  symbols.clear();
  characters(piece, symbols);
  word.begin(merges_, symbols);
  word.merge_all();
  word.append_to(ids);
}

void BpeModel::characters(std::string_view piece, std::vector<int32_t>& ids) const {
  bool unknown_waits = false;
  while (!piece.empty()) {
    const Utf8Char next = utf8_front(piece);
    const std::string_view character = piece.substr(0, next.length);
    piece.remove_prefix(character.size());
    if (const auto id = id_of_character(character, next.code_point)) {
      if (unknown_waits) ids.push_back(*unknown_id_);
      unknown_waits = false;
      ids.push_back(*id);
    } else if (byte_fallback_ && add_bytes(character, ids)) {
      // The reference leaves a waiting unknown token behind these bytes.
    } else if (unknown_id_) {
      if (unknown_waits && !fuse_unknown_) ids.push_back(*unknown_id_);
      unknown_waits = true;
    }
  }
  if (unknown_waits) ids.push_back(*unknown_id_);
}

std::optional<int32_t> BpeModel::id_of_character(std::string_view character, char32_t code_point) const {
  if (code_point >= kCharacterIds) return id_of(character);
  const int32_t id = character_ids_[code_point];
  return id < 0 ? std::nullopt : std::optional(id);
}

bool BpeModel::add_bytes(std::string_view character, std::vector<int32_t>& ids) const {
  std::array<int32_t, 4> found{};
  for (size_t i = 0; i < character.size(); ++i) {
    const auto id = id_of(fmt::format("<0x{:02X}>", static_cast<uint8_t>(character[i])));
    if (!id) return false;
    found[i] = *id;
  }
  ids.insert(ids.end(), found.begin(), found.begin() + static_cast<int64_t>(character.size()));
  return true;
}

std::optional<int32_t> BpeModel::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* BpeModel::token_of(int32_t id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : found->second;
}

}  // namespace janus
