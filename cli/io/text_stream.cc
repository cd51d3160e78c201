#include "cli/io/text_stream.h"

namespace janus::cli {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\f\v";

}  // namespace

void TextStream::add(std::string_view piece) {
  if (!begun_) piece.remove_prefix(std::min(piece.find_first_not_of(kWhiteSpace), piece.size()));
  size_t end = piece.find_last_not_of(kWhiteSpace) + 1;  // 0 where there is nothing else
  if (end > 0) {
    console_.result(waiting_ + std::string(piece.substr(0, end)));
    waiting_.clear();
    begun_ = true;
  }
  if (begun_) waiting_ += piece.substr(end);
}

void TextStream::end() { console_.result(begun_ ? "\n" : waiting_ + "\n"); }

}  // namespace janus::cli
