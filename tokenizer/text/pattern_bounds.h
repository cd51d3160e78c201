// What a pattern of tokenizer.json may ask of Oniguruma. The engine counts its retries, and Regex limits
// them, but some constructs work without a retry; those are kept out before the pattern is compiled.
#pragma once

#include <string_view>

namespace janus {

// Throws Error, naming the construct and its byte, for a pattern that is not UTF-8 or longer than 64 KiB;
// whose groups and classes are nested more than 100 deep; whose repetitions, multiplied where one stands in
// another, come to more than 10,000; and for what no split pattern needs and no retry limit holds back or
// what moves a match: back references, calls of groups, conditions, absent groups, callouts, \K, \X, \y, \Y,
// \c, \C, \M, and options other than i and m. What is left may still be no pattern: the engine says so.
void check_pattern(std::string_view pattern);

}  // namespace janus
