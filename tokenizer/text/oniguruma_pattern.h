// The split patterns of tokenizer.json are written for the regular expression engine Oniguruma; we match with
// PCRE2. The two agree on most of the syntax and differ in what some of it means.
#pragma once

#include <string>
#include <string_view>

namespace janus {

// `pattern` (UTF-8) as a PCRE2 pattern with the same matches, to be compiled with PCRE2_UTF | PCRE2_UCP |
// PCRE2_MULTILINE and line feed as the newline. What differs and is rewritten: `$` and `^` stand at every
// line, \s \d \w \b follow Unicode's own definitions, \h is a hexadecimal digit, `{1,3}+` repeats instead of
// being possessive, (?i) reaches to the end of its group, \p{Han} is the script and not its extensions.
// Groups do not capture. Throws Error, naming the construct and its place, for what is not supported: back
// references, nested and intersected classes, options other than i.
std::string oniguruma_to_pcre2(std::string_view pattern);

}  // namespace janus
