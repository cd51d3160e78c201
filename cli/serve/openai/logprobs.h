// Log-probabilities as OpenAI's chats write them.
#pragma once

#include <cstdint>
#include <span>

#include "cli/io/json_output.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus::cli {

// [{"token", "logprob", "bytes", "top_logprobs": [...]}, ...]. before: the id of the token before them, -1
// for none: a tokenizer may write a word otherwise where it begins a text.
Json logprobs_json(const TextTokenizer& tokenizer, std::span<const SampledToken> tokens, int32_t before);

}  // namespace janus::cli
