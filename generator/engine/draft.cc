#include "generator/engine/draft.h"

#include <algorithm>

namespace janus {

std::vector<int32_t> draft_tokens(std::span<const int32_t> prompt, std::span<const int32_t> sampled,
                                  int64_t most) {
  if (most <= 0) return {};
  std::vector<int32_t> all(prompt.begin(), prompt.end());
  all.insert(all.end(), sampled.begin(), sampled.end());
  for (const int64_t length : {3, 2}) {
    if (static_cast<int64_t>(all.size()) <= length) continue;
    const auto last = all.end() - length;
    // The run itself is passed over: it ends one token before the end.
    const auto found = std::find_end(all.begin(), all.end() - 1, last, all.end());
    if (found == all.end() - 1) continue;
    const auto begin = found + length;
    return {begin, begin + std::min<int64_t>(most, all.end() - begin)};
  }
  return {};
}

}  // namespace janus
