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
  std::function<std::vector<TextRange>(std::string_view)>
      find;  // matches from left to right; may be empty ranges
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  // what matches and what does not change places

  // Cuts every piece by itself.
  void operator()(Pieces& pieces) const;
};

}  // namespace janus
