// The tokenizer of a tokenizer.model, by the library SentencePiece. A build without it has this function all
// the same and refuses by name (no_sentencepiece.cc).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/text/text_tokenizer.h"
#include "tokenizer/text/tokenizer_settings.h"

namespace janus {

// `model` is the file's content, `where` its path. Ids are those of the Python package `sentencepiece`.
//
// Tokens written out in a text: user-defined pieces are the library's own business. Control pieces, and
// tokens that the files beside name, are cut out first, leftmost, of those the longest; what lies between
// them is encoded piece by piece, and the space that some models put before a text stands at its very
// beginning alone. The begin token comes first unless `add_bos_token` says no. Throws Error for a model that
// cannot be read or has an option that is not supported.
std::unique_ptr<TextTokenizer> open_sentencepiece(std::string_view model, const TokenizerSettings& settings,
                                                  const std::string& where);

}  // namespace janus
