// What a fuzzer does with a tokenizer, whatever its files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace janus::fuzz {

// Opens the tokenizer of `files`, by name, and turns `text` into ids and back. What comes out is held against
// what tokenizer/text/text_tokenizer.h promises.
void use_tokenizer(const std::map<std::string, std::string>& files, std::string_view text);

}  // namespace janus::fuzz
