// POST /tokenize and /detokenize: text and ids, in the shapes of llama-server's.
#pragma once

#include "cli/io/json_output.h"
#include "cli/serve/request_json.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus::cli {

// {"content", "add_special": false, "parse_special": true, "with_pieces": false} -> {"tokens"}: ids, or with
// pieces {"id", "piece"}, a piece that is no whole characters as an array of its bytes.
Json tokenize_json(const TextTokenizer& tokenizer, const RequestFields& request);

// {"tokens"} -> {"content"}, in which special tokens are spelled out. Throws ApiError (400) for an id that no
// token has.
Json detokenize_json(const TextTokenizer& tokenizer, const RequestFields& request);

}  // namespace janus::cli
