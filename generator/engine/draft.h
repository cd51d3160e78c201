// Guesses of the words of an answer that come next: what followed the last words where they stood before, in
// the prompt or in the answer.
// Source: prompt lookup decoding, transformers, generation/candidate_generator.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace janus {

// Up to `most` tokens that followed the latest earlier place of the longest run of tokens, of three or two,
// that `prompt` with `sampled` behind it ends with. None where there is no such place.
std::vector<int32_t> draft_tokens(std::span<const int32_t> prompt, std::span<const int32_t> sampled,
                                  int64_t most);

}  // namespace janus
