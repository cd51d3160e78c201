// Names of character properties: Oniguruma's \p{NAME} and what PCRE2 calls it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace janus {

struct CharProperty {
  std::string name;  // for PCRE2's \p{name}
  bool negated = false;
  bool cased = false;  // Oniguruma folds it under (?i), PCRE2 does not
};

// `name` is what stands between the braces: a general category, short or long, a script, or one of a few
// others; case, spaces, - and _ do not matter and a leading ^ negates. Nothing for a name that has another
// meaning in PCRE2 or that is not a name at all; an unknown name is taken for a script, which PCRE2 then
// refuses.
std::optional<CharProperty> oniguruma_property(std::string_view name);

}  // namespace janus
