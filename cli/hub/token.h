// The user's token for private and gated repositories.
#pragma once

#include <functional>
#include <string>

namespace janus::hub {

struct Token {
  std::string text;    // empty = none; a secret, which nothing prints
  std::string source;  // "$HF_TOKEN", or the path of its file, for messages
};

// $HF_TOKEN, $HUGGING_FACE_HUB_TOKEN, or the file that `hf auth login` writes: $HF_TOKEN_PATH, else `token`
// in hugging_face_home(). None at all where $HF_HUB_DISABLE_IMPLICIT_TOKEN is on. A file that is there and
// cannot be read is told to `notice`: most repositories need no token. Throws Error for a token that cannot
// be one.
Token find_token(const std::function<void(const std::string&)>& notice);

}  // namespace janus::hub
