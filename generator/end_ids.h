// The tokens that end an answer.
#pragma once

#include <cstdint>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {

// The ids that generation_config.json and config.json name as `eos_token_id`, a number or a list, behind the
// tokenizer's own end token. tokenizer: null where there is none. A 2 in the config of the decoder alone does
// not count where the tokenizer has no special token there: LlamaConfig writes it by itself. Throws Error
// that names file and key for what is no id of the model's `vocab_size`.
std::vector<int32_t> read_end_ids(const Checkpoint& checkpoint, const TextTokenizer* tokenizer,
                                  int64_t vocab_size);

}  // namespace janus
