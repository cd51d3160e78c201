#include "core/base/error.h"
#include "tokenizer/text/sentencepiece_tokenizer.h"

namespace janus {

std::unique_ptr<TextTokenizer> open_sentencepiece(std::string_view, const TokenizerSettings&,
                                                  const std::string& where) {
  fail(
      "{}: expected a build of janus with SentencePiece to read it, found one without; build with "
      "-DJANUS_SENTENCEPIECE=ON or put a tokenizer.json beside it",
      where);
}

}  // namespace janus
