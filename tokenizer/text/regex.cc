#include "tokenizer/text/regex.h"

#include <oniguruma.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>

#include "core/base/error.h"
#include "core/base/per_thread.h"
#include "core/base/utf8.h"
#include "tokenizer/text/match_cache.h"
#include "tokenizer/text/pattern_bounds.h"

namespace janus {
namespace {

// Steps (the engine's retries) that every search has; nearly all need fewer. One that needs more starts anew
// with four times as many, and those are counted: all searches of one text together may take kMaxSteps, a
// second or two. A step passes over a part of the text at most once, so the time is bounded, by the square of
// the text's length at the very worst.
constexpr uint64_t kFreeSteps = 4096;
constexpr uint64_t kMaxSteps = 50'000'000;
// Places to go back to: a run of as many characters can be matched by one repetition. About 200 MB.
constexpr unsigned kMaxStack = 1U << 22;

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
void free_region(OnigRegion* region) { onig_region_free(region, 1); }

const OnigUChar* bytes_of(const char* text) { return reinterpret_cast<const OnigUChar*>(text); }

std::string message_of(int code, OnigErrorInfo* info = nullptr) {
  if (code > 0)
    return "the engine cannot compile it";  // 6.9.8 says so of some look-behinds, without a reason
  std::array<OnigUChar, ONIG_MAX_ERROR_MESSAGE_LEN> text{};
  const int length = info == nullptr ? onig_error_code_to_str(text.data(), code)
                                     : onig_error_code_to_str(text.data(), code, info);
  return to_utf8({reinterpret_cast<const char*>(text.data()), static_cast<size_t>(length)});
}

// What a search writes to: one for each thread, for all patterns.
class Scratch {
 public:
  Scratch() {
    if (!region_ || !limits_) throw std::bad_alloc();
    onig_set_match_stack_limit_size_of_match_param(limits_.get(), kMaxStack);
  }
  OnigRegion* region() const { return region_.get(); }
  OnigMatchParam* limits() const { return limits_.get(); }
  MatchCache& cache() { return cache_; }
  void set_steps(uint64_t steps) {
    if (steps == steps_) return;
    steps_ = steps;
    onig_set_retry_limit_in_match_of_match_param(limits(), steps);
    onig_set_retry_limit_in_search_of_match_param(limits(), steps);
  }

 private:
  std::unique_ptr<OnigRegion, Destroy<free_region>> region_{onig_region_new()};
  std::unique_ptr<OnigMatchParam, Destroy<onig_free_match_param>> limits_{onig_new_match_param()};
  uint64_t steps_ = 0;
  MatchCache cache_;
};

Scratch& scratch_of_this_thread() {
  static const PerThread<Scratch> scratch;
  return scratch.get();
}

}  // namespace

struct Regex::Code {
  std::unique_ptr<regex_t, Destroy<onig_free>> compiled;
  uint32_t number = 0;  // from 1 on, in the order of compiling

  Code(std::string_view pattern, OnigSyntaxType* syntax) {
    // The engine sets up its tables at the first pattern and promises nothing of two at once.
    static std::mutex one_at_a_time;
    static uint32_t count = 0;
    const std::scoped_lock lock(one_at_a_time);
    number = ++count;
    OnigEncoding encoding = ONIG_ENCODING_UTF8;
    onig_initialize(&encoding, 1);
    regex_t* code = nullptr;
    OnigErrorInfo info{};
    // Only whole matches are asked for, so groups without a name need not be remembered.
    const int result = onig_new(&code, bytes_of(pattern.data()), bytes_of(pattern.data() + pattern.size()),
                                ONIG_OPTION_DONT_CAPTURE_GROUP, encoding, syntax, &info);
    if (result != ONIG_NORMAL)
      fail("expected a regular expression, found a fault: {}", message_of(result, &info));
    compiled.reset(code);
  }

  // The next match at or after `from`, or nothing (false). Adds to `spent` what it takes beyond kFreeSteps.
  bool find(std::string_view text, size_t from, TextRange& match, uint64_t& spent) const {
    Scratch& scratch = scratch_of_this_thread();
    const OnigUChar* begin = bytes_of(text.data());
    const OnigUChar* end = begin + text.size();
    for (uint64_t steps = kFreeSteps;; steps *= 4) {
      scratch.set_steps(steps);
      const int result = onig_search_with_param(compiled.get(), begin, end, begin + from, end,
                                                scratch.region(), ONIG_OPTION_NONE, scratch.limits());
      if (result == ONIG_MISMATCH) return false;
      if (result == ONIGERR_MEMORY) throw std::bad_alloc();
      if (result >= 0) break;
      const bool too_few =
          result == ONIGERR_RETRY_LIMIT_IN_MATCH_OVER || result == ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER;
      spent += steps;
      check(too_few && spent < kMaxSteps,
            "text of {} bytes: expected a split pattern that ends, found: {}; shorten the text", text.size(),
            message_of(result));
    }
    match = {static_cast<size_t>(scratch.region()->beg[0]), static_cast<size_t>(scratch.region()->end[0])};
    return true;
  }
};

Regex::Regex(std::string_view pattern) {
  check_pattern(pattern);
  // `tokenizers` takes the default of the crate onig, which is the engine's own default.
  code_ = std::make_shared<const Code>(pattern, ONIG_SYNTAX_ONIGURUMA);
}

Regex Regex::literal(std::string_view text) {
  return Regex(std::make_shared<const Code>(text, ONIG_SYNTAX_ASIS));
}

std::vector<TextRange> Regex::find_all(std::string_view text) const {
  std::vector<TextRange> matches;
  find_all(text, matches);
  return matches;
}

void Regex::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  MatchCache& cache = scratch_of_this_thread().cache();
  const MatchCache::Key key(code_->number, text);
  const MatchCache::Found known = cache.find(key);
  if (known == MatchCache::Found::whole_text) matches.push_back({0, text.size()});
  if (known != MatchCache::Found::unknown) return;
  const size_t first = matches.size();
  TextRange match;
  uint64_t spent = 0;
  for (size_t from = 0; from <= text.size() && code_->find(text, from, match, spent); from = match.end) {
    const bool empty = match.begin == match.end;
    if (!empty || matches.size() == first || matches.back().end != match.end) matches.push_back(match);
    if (empty) match.end += match.end < text.size() ? utf8_front(text.substr(match.end)).length : 1;
  }
  if (matches.size() == first) {
    cache.add(key, MatchCache::Found::nothing);
  } else if (matches.size() == first + 1 && matches[first].begin == 0 && matches[first].end == text.size()) {
    cache.add(key, MatchCache::Found::whole_text);
  }
}

std::string Regex::replace_all(std::string_view text, std::string_view content) const {
  constexpr size_t kMostBytes = size_t{16} << 20, kMostGrowth = 8;
  const size_t most = std::max(kMostBytes, kMostGrowth * text.size());
  std::string result;
  size_t copied = 0;
  for (const TextRange& match : find_all(text)) {
    result += text.substr(copied, match.begin - copied);
    result += content;
    copied = match.end;
    check(result.size() <= most,
          "text, {} bytes: expected at most {} bytes once patterns are replaced in it, found more; use the "
          "tokenizer "
          "files of a released Janus",
          text.size(), most);
  }
  return result += text.substr(copied);
}

}  // namespace janus
