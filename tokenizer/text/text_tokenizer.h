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
#include "tokenizer/text/text_range.h"

namespace janus {

class TextTokenizer {
 public:
  virtual ~TextTokenizer() = default;

  // Ids of `text`. Special tokens written out in the text become their ids. With `add_begin` the begin token
  // comes first unless the tokenizer's own files say no. Bytes that are not UTF-8 are read as U+FFFD each
  // maximal ill-formed part (Unicode 3.9, "substitution of maximal subparts").
  std::vector<int32_t> encode(std::string_view text, bool add_begin) const {
    return encode(text, add_begin, {});
  }
  // The same, but control tokens that reach into one of the ranges `plain` are text like any other: words
  // that somebody typed cannot become one. `text` must be UTF-8 where there are such ranges, and they
  // of whole characters. A control token
  // is one that a file calls special or gives a role, or an added one that is written as a tag, "<...>";
  // ordinary added tokens, such as letters of DeepSeek's, are found everywhere.
  virtual std::vector<int32_t> encode(std::string_view text, bool add_begin,
                                      std::span<const TextRange> plain) const = 0;
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
  // False where the files say that no begin token is to come first. True without begin_id() means that they
  // do not tell which.
  virtual bool adds_begin() const = 0;
};

// Reads tokenizer.json, or else tokenizer.model, of a model, with what tokenizer_config.json and
// special_tokens_map.json say of the begin, end and pad tokens. The begin token comes first unless
// `add_bos_token` is false: not all who write these files keep that key, and Janus was trained with the
// token. Throws Error naming the files looked for.
std::unique_ptr<TextTokenizer> open_tokenizer(const FileSet& files);

}  // namespace janus
