// What the files beside a tokenizer say of it: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json; and generation_config.json and config.json, which number tokens with a role.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/file_set.h"
#include "tokenizer/text/added_tokens.h"

namespace janus {

// One of the tokens with a role: its text, if a file names it, and the file.
struct NamedToken {
  std::string text;
  std::string where;
};

struct RoleIds {
  std::optional<int32_t> begin, end, pad;
};

struct TokenizerSettings {
  std::optional<NamedToken> begin, end, pad;
  RoleIds numbered;                        // by the model's configs; not read where names are there
  std::optional<bool> add_begin;           // `add_bos_token`
  std::vector<AddedToken> added;           // of `added_tokens_decoder` and added_tokens.json, with their ids
  std::vector<std::string> special_texts;  // of further special tokens: ids are not given with them
};

// Reads those of the files that are there. Throws Error with file and place for what is not as it must be.
TokenizerSettings read_tokenizer_settings(const FileSet& files);

// The tokens with a role. Of each: the one a file names, then the one with DeepSeek's name, then the one a
// file numbers, if it is special: configs hold numbers that no one chose, such as LlamaConfig's 1 and 2.
RoleIds find_roles(const TokenizerSettings& settings,
                   const std::function<std::optional<int32_t>(std::string_view)>& id_of,
                   const std::function<bool(int32_t)>& is_special);

}  // namespace janus
