#include "generator/engine/code_guesses.h"

#include <algorithm>

namespace janus {

std::vector<int32_t> CodeGuesses::next(std::span<const int32_t> sampled, int64_t most) {
  const auto begin = static_cast<int64_t>(sampled.size());
  const auto known = std::min<int64_t>(begin - begin_, static_cast<int64_t>(guesses_.size()));
  guesses_.erase(guesses_.begin(), guesses_.begin() + known);
  begin_ = begin;
  const auto at = [&](int64_t place) {
    return place < begin ? sampled[static_cast<size_t>(place)] : guesses_[static_cast<size_t>(place - begin)];
  };
  for (int64_t place = begin + static_cast<int64_t>(guesses_.size()); place < begin + most; ++place) {
    const bool first = place % width_ == 0 && place >= width_;
    guesses_.push_back(at(first ? place - width_ : place - 1));
  }
  return {guesses_.begin(), guesses_.begin() + most};
}

void CodeGuesses::set(int64_t begin, std::span<const int32_t> codes) {
  begin_ = begin;
  guesses_.assign(codes.begin(), codes.end());
}

}  // namespace janus
