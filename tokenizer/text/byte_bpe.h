// The tokenizer of a tokenizer.json whose model is byte pair encoding, as the Python package `tokenizers`
// 0.23 reads it. Unicode properties are those of the installed Oniguruma and utf8proc.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "tokenizer/text/added_tokens.h"
#include "tokenizer/text/bpe_model.h"
#include "tokenizer/text/normalizer.h"
#include "tokenizer/text/pre_tokenizer.h"
#include "tokenizer/text/text_tokenizer.h"
#include "tokenizer/text/token_decoder.h"
#include "tokenizer/text/tokenizer_settings.h"

namespace janus {

class ByteBpeTokenizer : public TextTokenizer {
 public:
  // `json` is the parsed file, `where` its path. Throws Error, naming file and place, for whatever in it is
  // not as it must be or not supported.
  ByteBpeTokenizer(const nlohmann::json& json, const TokenizerSettings& settings, const std::string& where);

  using TextTokenizer::encode;
  std::vector<int32_t> encode(std::string_view text, bool add_begin,
                              std::span<const TextRange> plain) const override;
  std::string decode(std::span<const int32_t> ids) const override;
  std::optional<int32_t> id_of(std::string_view token) const override;
  std::string token_of(int32_t id) const override;
  bool is_special(int32_t id) const override;
  int32_t size() const override;
  std::optional<int32_t> begin_id() const override { return roles_.begin; }
  std::optional<int32_t> end_id() const override { return roles_.end; }
  std::optional<int32_t> pad_id() const override { return roles_.pad; }
  bool adds_begin() const override { return adds_begin_; }

 private:
  void add_token(const AddedToken& token, const std::string& where);
  void find_begin(const nlohmann::json& json, const TokenizerSettings& settings, const std::string& where);
  void find_control(const TokenizerSettings& settings);
  // `text` is free of tokens that are looked for in the text as it is given. at_start: it begins the whole.
  void encode_text(std::string_view text, std::span<const TextRange> plain, bool at_start,
                   std::vector<int32_t>& ids) const;
  void encode_piece(std::string_view piece, bool plain, std::vector<int32_t>& ids) const;
  // Where the parts `plain` of `text` lie in it when it is normalised; rather too much than too little.
  std::vector<TextRange> in_normalized(std::string_view text, std::span<const TextRange> plain,
                                       std::string_view normalized) const;
  const std::string* find_token(int32_t id) const;

  BpeModel model_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  TokenDecoder decoder_;
  std::deque<AddedToken> added_;  // the finders point into it
  std::map<std::string, const AddedToken*, std::less<>> added_by_text_;
  std::map<int32_t, const AddedToken*> added_by_id_;
  TokenFinder raw_finder_;            // in the text as it is given
  TokenFinder normalized_finder_;     // in normalised text
  std::set<int32_t> merged_control_;  // control tokens that the model, too, might make of a text
  RoleIds roles_;
  bool adds_begin_ = true;
  std::vector<int32_t> begin_ids_;  // before a text that is to begin with the begin token
  int32_t size_ = 0;
};

}  // namespace janus
