#include "cli/io/text_stream.h"

#include "core/base/strip.h"

namespace janus::cli {
void TextStream::add(std::string_view piece) {
  if (!begun_) piece = strip_left(piece);
  const size_t end = strip_right(piece).size();
  if (end > 0) {
    console_.result(waiting_ + std::string(piece.substr(0, end)));
    waiting_.clear();
    begun_ = true;
  }
  if (begun_) waiting_ += piece.substr(end);
}

void TextStream::end() { console_.result(begun_ ? "\n" : waiting_ + "\n"); }

}  // namespace janus::cli
