#include "tokenizer/text/added_tokens.h"

#include <algorithm>

#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tokenizer/text/char_class.h"

namespace janus {
namespace {

uint64_t child_key(uint32_t node, char byte) { return uint64_t{node} * 256 + static_cast<uint8_t>(byte); }

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  const bool word_before = begin > 0 && is_word(utf8_back(text.substr(0, begin)).code_point);
  const bool word_behind = end < text.size() && is_word(utf8_front(text.substr(end)).code_point);
  return !word_before && !word_behind;
}

size_t white_space_before(std::string_view text, size_t begin) {
  while (begin > 0) {
    const Utf8Char last = utf8_back(text.substr(0, begin));
    if (!is_white_space(last.code_point)) break;
    begin -= last.length;
  }
  return begin;
}

size_t white_space_behind(std::string_view text, size_t end) {
  while (end < text.size()) {
    const Utf8Char next = utf8_front(text.substr(end));
    if (!is_white_space(next.code_point)) break;
    end += next.length;
  }
  return end;
}

}  // namespace

bool is_tag(std::string_view text) { return text.size() > 2 && text.front() == '<' && text.back() == '>'; }

AddedToken read_added_token(const nlohmann::json& json, const std::string& where) {
  const JsonObject object(json, where);
  AddedToken token;
  token.content = object.required_string("content");
  token.special = object.boolean("special", false);
  token.lstrip = object.boolean("lstrip", false);
  token.rstrip = object.boolean("rstrip", false);
  token.single_word = object.boolean("single_word", false);
  token.normalized = object.boolean("normalized", !token.special);
  return token;
}

void TokenFinder::add(std::string_view text, const AddedToken& token) {
  if (text.empty()) return;
  begins_[static_cast<uint8_t>(text[0])] = true;
  uint32_t node = 0;
  for (const char byte : text) {
    const auto [child, added] =
        children_.try_emplace(child_key(node, byte), static_cast<uint32_t>(tokens_.size()));
    if (added) tokens_.push_back(nullptr);
    node = child->second;
  }
  if (tokens_[node] == nullptr) tokens_[node] = &token;
}

TokenFinder::Found TokenFinder::longest_at(std::string_view text, size_t at,
                                           std::span<const TextRange> plain) const {
  Found found;
  uint32_t node = 0;
  for (size_t i = at; i < text.size(); ++i) {
    const auto child = children_.find(child_key(node, text[i]));
    if (child == children_.end()) break;
    node = child->second;
    const AddedToken* token = tokens_[node];
    if (token == nullptr || (token->control && overlaps(plain, at, i + 1))) continue;
    found = {token, i + 1 - at};
  }
  return found;
}

std::vector<TokenOrText> TokenFinder::split(std::string_view text, std::span<const TextRange> plain) const {
  std::vector<TokenOrText> parts;
  size_t done = 0;  // what lies before is in `parts`
  for (size_t at = 0; at < text.size() && !children_.empty();) {
    if (!begins_[static_cast<uint8_t>(text[at])]) {
      ++at;
      continue;
    }
    const Found found = longest_at(text, at, plain);
    if (found.token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + found.length;
    at = end;
    // A match that does not count still hides what overlaps it, as in the reference.
    if (found.token->single_word && !stands_alone(text, begin, end)) continue;
    if (found.token->lstrip) {
      begin = std::max(white_space_before(text, begin), done);
      if (begin >= end) continue;  // all of it is white space that the token before has taken
    }
    if (found.token->rstrip) end = white_space_behind(text, end);
    if (done < begin) parts.push_back({nullptr, text.substr(done, begin - done)});
    parts.push_back({found.token, text.substr(begin, end - begin)});
    done = end;
  }
  if (done < text.size()) parts.push_back({nullptr, text.substr(done)});
  return parts;
}

}  // namespace janus
