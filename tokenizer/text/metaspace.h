// What the pre-tokenizer and the decoder Metaspace of tokenizer.json share.
#pragma once

#include <string>

#include "core/base/json.h"

namespace janus {

struct Metaspace {
  enum class Prepend { first, always, never };
  std::string symbol;  // stands for a space: one character
  // Whether a text that does not begin with the symbol gets one: the first part of what is encoded, every
  // part between added tokens, or none.
  Prepend prepend = Prepend::always;
};

// Files of old name no scheme but `add_prefix_space`. Throws Error for another scheme, and for a symbol that
// is not one character.
Metaspace read_metaspace(const JsonObject& object);

}  // namespace janus
