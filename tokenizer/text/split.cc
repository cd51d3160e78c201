#include "tokenizer/text/split.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

struct Part {
  TextRange range;
  bool matched = false;
};

// The matches and what lies between them; they cover the piece.
std::vector<Part> parts_of(const std::vector<TextRange>& matches, size_t length, bool invert) {
  std::vector<Part> parts;
  size_t end = 0;
  for (const TextRange& match : matches) {
    if (match.begin != end) parts.push_back({{end, match.begin}, invert});
    parts.push_back({match, !invert});
    end = match.end;
  }
  if (end != length) parts.push_back({{end, length}, invert});
  return parts;
}

// Whether `part` joins the one before it, in the order of the walk. A run of matches joins only its first to
// the neighbour ("--" behind a word: the first dash goes with the word).
bool joins(SplitBehavior behavior, bool matched, bool previous_matched) {
  if (behavior == SplitBehavior::contiguous) return matched == previous_matched;
  return matched && !previous_matched;
}

std::vector<TextRange> merge(std::vector<Part> parts, SplitBehavior behavior) {
  std::vector<TextRange> result;
  const bool backwards = behavior == SplitBehavior::merged_with_next;
  bool previous_matched = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[backwards ? parts.size() - 1 - i : i];
    if (behavior == SplitBehavior::removed) {
      if (!part.matched) result.push_back(part.range);
    } else if (!result.empty() && joins(behavior, part.matched, previous_matched)) {
      if (backwards) {
        result.back().begin = part.range.begin;
      } else {
        result.back().end = part.range.end;
      }
    } else {
      result.push_back(part.range);
    }
    previous_matched = part.matched;
  }
  if (backwards) std::reverse(result.begin(), result.end());
  return result;
}

}  // namespace

SplitBehavior split_behavior_from_name(const std::string& name, const std::string& where) {
  static constexpr std::array<std::pair<std::string_view, SplitBehavior>, 5> kNames = {{
      {"Removed", SplitBehavior::removed},
      {"Isolated", SplitBehavior::isolated},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous},
  }};
  for (const auto& [known, behavior] : kNames) {
    if (known == name) return behavior;
  }
  fail("{}: behavior: expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous, found {}",
       where, excerpt(name));
}

void Splitter::cut(std::string_view text, size_t begin, std::vector<TextRange>& matches,
                   std::vector<TextRange>& ranges) const {
  matches.clear();
  find(text, matches);
  const auto add = [&](size_t from, size_t to) {
    if (from < to) ranges.push_back({begin + from, begin + to});
  };
  if (behavior == SplitBehavior::isolated) {  // most patterns: every part stays
    size_t end = 0;
    for (const TextRange& match : matches) {
      add(end, match.begin);
      add(match.begin, match.end);
      end = match.end;
    }
    add(end, text.size());
    return;
  }
  for (const TextRange& range : merge(parts_of(matches, text.size(), invert), behavior)) {
    add(range.begin, range.end);
  }
}

void Splitter::operator()(Pieces& pieces) const {
  std::vector<TextRange> ranges;
  ranges.reserve(pieces.ranges.size());
  std::vector<TextRange> matches;
  for (const TextRange& piece : pieces.ranges) cut(pieces.piece(piece), piece.begin, matches, ranges);
  pieces.ranges = std::move(ranges);
}

}  // namespace janus
