// What became of a piece that has been seen before: most pieces of a text are words that come again.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace janus {

// A table of the newest pieces and where the result of each stands in the caller's own list. It lives no
// longer than the text that the pieces are views of.
class PieceMemo {
 public:
  struct Entry {
    std::string_view piece;
    size_t begin = 0;  // of the result, in a list of the caller's
    size_t end = 0;
  };

  // For about `count` pieces; few are not worth a table.
  explicit PieceMemo(size_t count) : entries_(count < kFewest ? 0 : std::bit_ceil(std::min(count, kMost))) {}

  // The place of `piece`, which holds it (entry->piece == piece) or another one, to be replaced. Null for a
  // long piece.
  Entry* find(std::string_view piece) {
    if (entries_.empty() || piece.size() > kLongest) return nullptr;
    return &entries_[std::hash<std::string_view>()(piece) & (entries_.size() - 1)];
  }

 private:
  static constexpr size_t kFewest = 16;
  static constexpr size_t kMost = size_t{1} << 14;
  static constexpr size_t kLongest = 48;  // bytes

  std::vector<Entry> entries_;
};

}  // namespace janus
