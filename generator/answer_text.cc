#include "generator/answer_text.h"

#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus {
std::string AnswerText::emit(std::string_view certain) {
  if (certain.size() <= emitted_.size()) return {};
  std::string piece(certain.substr(emitted_.size()));
  emitted_ += piece;
  return piece;
}

std::string AnswerText::push(int32_t id) {
  ids_.push_back(id);
  // A tokenizer may join neighbours when it decodes, so each time the whole answer is decoded: answers are
  // short.
  Utf8Stream characters;
  const std::string text = characters.push(tokenizer_->decode(ids_));
  return emit(strip(text));
}

std::string AnswerText::finish() {
  const std::string text = to_utf8(tokenizer_->decode(ids_));
  return emit(strip(text));
}

}  // namespace janus
