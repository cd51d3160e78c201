// Tokens that are looked for in the text itself, before it is split: special tokens and ordinary added ones.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/text/text_range.h"

namespace janus {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool special = false;      // left out when decoding
  bool control = false;      // never made of words that somebody typed
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and behind it
  bool single_word = false;  // counts only where no word character touches it
  bool normalized = true;    // looked for in the normalised text, in normalised form
};

// The largest id a token may have: one more must still be an id.
constexpr int64_t kMaxTokenId = INT32_MAX - 1;

// Whether a token's text reads as a tag: "<|User|>", "<begin_of_image>". Not all files call such tokens
// special.
bool is_tag(std::string_view text);

// One entry of `added_tokens` (tokenizer.json) or `added_tokens_decoder` (tokenizer_config.json), without its
// id. Throws Error naming the place.
AddedToken read_added_token(const nlohmann::json& json, const std::string& where);

// Part of a text: a token, or text to go on with.
struct TokenOrText {
  const AddedToken* token = nullptr;
  std::string_view text;
};

// Finds the tokens of a set in texts: leftmost first, of those the longest.
class TokenFinder {
 public:
  // `text` is what to look for; an empty one is never found, and of two equal ones the first counts. `token`
  // must outlive the finder.
  void add(std::string_view text, const AddedToken& token);
  // `text` cut at the tokens, with their flags applied. `text` must be UTF-8. A token may overlap the white
  // space that the one before has taken, as in the reference. Control tokens that reach into `plain` are
  // text.
  std::vector<TokenOrText> split(std::string_view text, std::span<const TextRange> plain = {}) const;

 private:
  struct Found {
    const AddedToken* token = nullptr;
    size_t length = 0;
  };
  // The longest token at text[at]; `plain` as in split().
  Found longest_at(std::string_view text, size_t at, std::span<const TextRange> plain) const;

  std::array<bool, 256> begins_{};  // whether a text begins with the byte
  // A tree of the texts, byte by byte.
  std::vector<const AddedToken*> tokens_{nullptr};   // of each node: the token that ends there
  std::unordered_map<uint64_t, uint32_t> children_;  // node * 256 + byte -> node
};

}  // namespace janus
