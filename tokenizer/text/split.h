// Cutting pieces at matches, in the ways tokenizer.json names.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/text/pre_tokenizer.h"

namespace janus {

// What becomes of the part that matched.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

// "Isolated" and so on. `where` is for the message of an unknown name.
SplitBehavior split_behavior_from_name(const std::string& name, const std::string& where);

struct Splitter {
  // Appends the matches from left to right; may be empty ranges.
  std::function<void(std::string_view, std::vector<TextRange>&)> find;
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  // what matches and what does not change places

  // Cuts every piece by itself.
  void operator()(Pieces& pieces) const;

 private:
  // Appends the parts of `text`, which begins at `begin`, to `ranges`. `matches` is memory to work with.
  void cut(std::string_view text, size_t begin, std::vector<TextRange>& matches,
           std::vector<TextRange>& ranges) const;
};

}  // namespace janus
