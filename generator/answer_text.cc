#include "generator/answer_text.h"

#include "core/base/utf8.h"

namespace janus {
namespace {

constexpr std::string_view kSpace = " \t\n\r\f\v";

std::string_view without_leading_space(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

std::string_view without_trailing_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

}  // namespace

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
  return emit(without_trailing_space(without_leading_space(text)));
}

std::string AnswerText::finish() {
  const std::string text = to_utf8(tokenizer_->decode(ids_));
  return emit(without_trailing_space(without_leading_space(text)));
}

}  // namespace janus
