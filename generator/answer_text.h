// An answer's text as its tokens arrive: whole characters only, no white space at the ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/text/text_tokenizer.h"

namespace janus {

class AnswerText {
 public:
  explicit AnswerText(const TextTokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // Returns the text that `id` makes certain; an unfinished character or trailing white space waits for the
  // next.
  std::string push(int32_t id);
  // Returns what still waits: an unfinished character becomes U+FFFD, trailing white space is dropped.
  std::string finish();

  // All pieces together.
  const std::string& text() const { return emitted_; }

 private:
  std::string emit(std::string_view certain);

  const TextTokenizer* tokenizer_;
  std::vector<int32_t> ids_;
  std::string emitted_;
};

}  // namespace janus
