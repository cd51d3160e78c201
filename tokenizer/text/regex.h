// Regular expressions as the Python package `tokenizers` understands them: Oniguruma's own syntax on UTF-8.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/text/text_range.h"

namespace janus {

// A compiled pattern. Immutable; one object may be used by several threads at once.
class Regex {
 public:
  // `pattern` in Oniguruma's syntax, within the bounds of check_pattern (pattern_bounds.h). Throws Error with
  // the reason; the caller says where the pattern stands.
  explicit Regex(std::string_view pattern);
  // Matches exactly `text`.
  static Regex literal(std::string_view text);

  // All matches from left to right, as the find_iter of `tokenizers` gives them: none overlap, and an empty
  // match right behind another match does not count. `text` must be UTF-8. Throws Error when the pattern
  // takes more steps or more memory on this text than the limits (a pattern that backtracks without end).
  std::vector<TextRange> find_all(std::string_view text) const;
  // The same, appended to `matches`.
  void find_all(std::string_view text, std::vector<TextRange>& matches) const;
  // `text` with `content` in place of each match. Throws Error where that takes more than 16 MiB and more
  // than eight times the text.
  std::string replace_all(std::string_view text, std::string_view content) const;

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}

  std::shared_ptr<const Code> code_;
};

}  // namespace janus
