// What a SentencePiece model says and the library does not tell.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace janus {

struct SentencePieceSpec {
  bool add_dummy_prefix = true;          // a space before every text
  bool remove_extra_whitespaces = true;  // at the ends and of runs
  bool whitespace_as_suffix = false;     // words end with the space instead of beginning with it
  std::set<int32_t> user_defined;        // pieces that are found in the text before all others
};

// Reads the serialized ModelProto; what is malformed in it is passed over, for the library checks the whole.
SentencePieceSpec read_sentencepiece_spec(std::string_view model);

// `model` with add_dummy_prefix off.
std::string without_dummy_prefix(std::string_view model);

}  // namespace janus
