// Text <-> token ids. Two formats behind one interface; special tokens are found by their text, never by
// number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace janus {

class TextTokenizer {
 public:
  virtual ~TextTokenizer() = default;

  // Ids of `text`. Special tokens written out in the text become their ids. With `add_begin` the begin token
  // comes first where the tokenizer's own files say so. Bytes that are not UTF-8 are read as U+FFFD each
  // maximal ill-formed part (Unicode 3.9, "substitution of maximal subparts").
  virtual std::vector<int32_t> encode(std::string_view text, bool add_begin) const = 0;
  // Text of `ids`; special tokens and ids that no token has are left out. May end in the middle of a
  // character, and holds bytes that are not UTF-8 where the tokens do (Utf8Stream makes whole characters of
  // it). The text of the first n ids is the beginning of the text of all, so it can be shown as it grows.
  virtual std::string decode(std::span<const int32_t> ids) const = 0;

  // The id of a special or ordinary token by its exact text.
  virtual std::optional<int32_t> id_of(std::string_view token) const = 0;
  // The exact text of one token as stored, special or not. Throws Error for an id that is not there.
  virtual std::string token_of(int32_t id) const = 0;
  virtual bool is_special(int32_t id) const = 0;
  // One more than the largest id.
  virtual int32_t size() const = 0;

  virtual std::optional<int32_t> begin_id() const = 0;
  virtual std::optional<int32_t> end_id() const = 0;
  virtual std::optional<int32_t> pad_id() const = 0;
};

// Reads tokenizer.json, or else tokenizer.model, of a model, with what tokenizer_config.json and
// special_tokens_map.json say of the begin, end and pad tokens. Throws Error naming the files looked for.
std::unique_ptr<TextTokenizer> open_tokenizer(const FileSet& files);

}  // namespace janus
