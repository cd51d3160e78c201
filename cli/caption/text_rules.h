// What is done to an answer's text for a training set: tags cut out of it, trigger words, letters. None of it
// is part of what the model is asked, so records keep the model's own text, and are derived from it anew
// where the rules change.
#pragma once

#include <string>
#include <vector>

#include "cli/io/json_output.h"

namespace janus::cli {

enum class LetterCase { keep, lower, upper, sentence };

struct TextRules {
  std::string separator = {};  // between tags, as it was given; empty = the text is not cut
  std::string prefix = {}, suffix = {};
  LetterCase letters = LetterCase::keep;  // of the model's words alone

  bool empty() const {
    return separator.empty() && prefix.empty() && suffix.empty() && letters == LetterCase::keep;
  }
};

struct RuledText {
  std::string text;
  std::vector<std::string> tags;  // where the text is cut
};

// Cut: the tags between separators and at line ends, without white space at their ends and the full stop at
// the end of all, each once (large and small letters are the same; the first one stays). Prefix and suffix
// are cut alike and give the first and the last tags, which the answer's do not repeat. The text is all of
// them, joined by the separator; a space follows a comma or semicolon.
// Not cut: prefix, text and suffix as they are, one behind the other.
RuledText ruled_text(const std::string& raw, const TextRules& rules);

// Makes "text" of an answer's record by the rules: of "raw_text", or of "text" where there is none. Under
// rules it gets "tags", where they cut, and "raw_text"; both stand behind "finish_reason".
void apply_rules(Json& answer, const TextRules& rules);

}  // namespace janus::cli
