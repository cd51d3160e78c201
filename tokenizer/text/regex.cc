#include "tokenizer/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "core/base/error.h"
#include "tokenizer/text/oniguruma_pattern.h"
#include "tokenizer/text/utf8.h"

namespace janus {
namespace {

// Steps of one search: far more than real texts take (`\s+$` on 100,000 blanks and a letter stays below), and
// a pattern that backtracks without end is stopped within a second or two.
constexpr uint32_t kMatchLimit = 50'000'000;
constexpr uint32_t kHeapLimitKib = 64 * 1024;
constexpr size_t kJitStackBytes = size_t{1} << 20;

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};

// What a search writes to: one for each thread, for all patterns.
struct Scratch {
  std::unique_ptr<pcre2_match_data, Destroy<pcre2_match_data_free>> match{
      pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, Destroy<pcre2_match_context_free>> context{
      pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_jit_stack, Destroy<pcre2_jit_stack_free>> jit_stack{
      pcre2_jit_stack_create(32 * 1024, kJitStackBytes, nullptr)};

  Scratch() {
    check(match && context && jit_stack, "regular expression: out of memory");
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_heap_limit(context.get(), kHeapLimitKib);
    pcre2_jit_stack_assign(context.get(), nullptr, jit_stack.get());
  }
};

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct Regex::Code {
  std::unique_ptr<pcre2_code, Destroy<pcre2_code_free>> compiled;

  Code(std::string_view pattern, uint32_t options) {
    const std::unique_ptr<pcre2_compile_context, Destroy<pcre2_compile_context_free>> context(
        pcre2_compile_context_create(nullptr));
    check(context != nullptr, "regular expression: out of memory");
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE place = 0;
    compiled.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                 options | PCRE2_UTF, &error, &place, context.get()));
    check(compiled != nullptr, "expected a regular expression, found a fault: {}", message_of(error));
    // Where there is no compiler for this machine the interpreter does the same, slower.
    pcre2_jit_compile(compiled.get(), PCRE2_JIT_COMPLETE);
  }
};

Regex::Regex(std::string_view pattern)
    : Regex(std::make_shared<const Code>(oniguruma_to_pcre2(pattern),
                                         PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C)) {}

Regex Regex::literal(std::string_view text) {
  return Regex(std::make_shared<const Code>(text, PCRE2_LITERAL));
}

std::vector<TextRange> Regex::find_all(std::string_view text) const {
  thread_local const Scratch scratch;
  const PCRE2_SIZE* place = pcre2_get_ovector_pointer(scratch.match.get());
  std::vector<TextRange> matches;
  size_t from = 0;
  while (from <= text.size()) {
    const int result =
        pcre2_match(code_->compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                    PCRE2_NO_UTF_CHECK, scratch.match.get(), scratch.context.get());
    if (result == PCRE2_ERROR_NOMATCH) break;
    check(result >= 0, "text of {} bytes: expected a split pattern that ends, found: {}; shorten the text",
          text.size(), message_of(result));
    const TextRange match{place[0], place[1]};
    if (match.begin == match.end && !matches.empty() && matches.back().end == match.end) {
      if (from == text.size()) break;
      from += utf8_front(text.substr(from)).length;
      continue;
    }
    matches.push_back(match);
    from = match.end;
  }
  return matches;
}

std::string Regex::replace_all(std::string_view text, std::string_view content) const {
  std::string result;
  size_t copied = 0;
  for (const TextRange& match : find_all(text)) {
    result += text.substr(copied, match.begin - copied);
    result += content;
    copied = match.end;
  }
  return result += text.substr(copied);
}

}  // namespace janus
