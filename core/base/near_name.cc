#include "core/base/near_name.h"

#include <algorithm>

namespace janus {
namespace {

// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
size_t slips(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string near_name(const std::string& word, const std::vector<std::string>& names) {
  constexpr size_t kLongestWord = 64;  // nobody mistypes more
  if (word.size() > kLongestWord) return {};
  std::string nearest;
  size_t fewest = 0;
  for (const std::string& name : names) {
    const size_t count = slips(word, name);
    // A third of the letters wrong is another word. A beginning that was cut short counts, too.
    const bool near = count <= std::max<size_t>(1, name.size() / 3) ||
                      (word.size() >= 4 && name.compare(0, word.size(), word) == 0);
    if (near && (nearest.empty() || count < fewest)) {
      nearest = name;
      fewest = count;
    }
  }
  return nearest;
}

}  // namespace janus
