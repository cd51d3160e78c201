#include "tokenizer/text/pattern_bounds.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace janus {
namespace {

constexpr size_t kMaxBytes = size_t{64} * 1024;
constexpr size_t kMaxDepth = 100;
constexpr uint64_t kMaxRepeats = 10'000;
// Letters behind a backslash. Those of control characters take the next character, whatever it is.
constexpr std::string_view kControls = "cCM";
constexpr std::string_view kRefused = "123456789kgKXyYcCM";

// Walks over the pattern in the engine's own steps: an escape, a class, the head of a group, a repetition.
class PatternWalk {
 public:
  explicit PatternWalk(std::string_view pattern) : in_(pattern) {}

  void run() {
    while (at_ < in_.size()) {
      if (skip("\\")) {
        escape(kRefused);
      } else if (skip("[")) {
        char_class();
      } else if (skip("(")) {
        open_group();
      } else if (skip(")")) {
        close_group();
      } else if (!interval()) {
        if (!next_is_one_of("*+?")) repeats_ = 1;
        ++at_;
      }
    }
  }

 private:
  bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  bool next_is_one_of(std::string_view characters) const {
    return at_ < in_.size() && characters.find(in_[at_]) != characters.npos;
  }
  bool skip(std::string_view text) {
    if (!next_is(text)) return false;
    at_ += text.size();
    return true;
  }
  [[noreturn]] void refuse(std::string_view what) const {
    fail("expected a pattern within the supported syntax, found {} at byte {}", what, at_);
  }
  void check_depth(size_t depth) const {
    if (depth > kMaxDepth) refuse(fmt::format("groups or classes nested more than {} deep", kMaxDepth));
  }

  // After a backslash. A class may hold some letters that mean more outside of it.
  void escape(std::string_view refused) {
    if (next_is_one_of(refused)) refuse(fmt::format("\\{}", in_[at_]));
    const bool braces = next_is("p{") || next_is("P{") || code_point_in_braces();
    ++at_;
    // What stands in them is no repetition.
    if (braces) at_ = std::min(in_.find('}', at_), in_.size() - 1) + 1;
    repeats_ = 1;
  }
  // Without a digit behind it the brace of \x or \o begins a repetition, or is text.
  bool code_point_in_braces() const {
    if (!next_is("x{") && !next_is("o{")) return false;
    const std::string_view digits = next_is("o") ? "01234567" : "0123456789abcdefABCDEF";
    return at_ + 2 < in_.size() && digits.find(in_[at_ + 2]) != digits.npos;
  }

  // After [: up to and including the ] that ends it.
  void char_class() {
    size_t depth = 0;
    const auto open = [&] {
      check_depth(groups_.size() + ++depth);
      skip("^");
      skip("]");  // one that comes first is text
    };
    open();
    while (depth > 0 && at_ < in_.size()) {
      if (skip("\\")) {
        escape(kControls);
      } else if (next_is("[:")) {
        named_class();
      } else if (skip("[")) {
        open();
      } else if (skip("]")) {
        --depth;
      } else {
        ++at_;
      }
    }
    repeats_ = 1;
  }

  // [:NAME:]. Where it is none the engine guesses what the [ means; nobody else can.
  void named_class() {
    const size_t begin = at_;
    at_ += 2;
    skip("^");
    while (at_ < in_.size() && in_[at_] >= 'a' && in_[at_] <= 'z') ++at_;
    if (at_ - begin > 9 || !skip(":]")) {
      at_ = begin;
      refuse("[: without a name and :] inside of [ ]");
    }
  }

  void open_group() {
    if (next_is("*")) refuse("the group (*");
    if (next_is("?")) group_head();
    groups_.push_back(1);
    check_depth(groups_.size());
    repeats_ = 1;
  }

  void group_head() {
    static constexpr std::array<std::string_view, 6> kKinds = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    if (std::any_of(kKinds.begin(), kKinds.end(), [this](std::string_view kind) { return skip(kind); }))
      return;
    const size_t options_end = in_.find_first_not_of("im-", at_ + 1);
    if (options_end != in_.npos && options_end > at_ + 1 &&
        (in_[options_end] == ')' || in_[options_end] == ':')) {
      at_ = options_end;
      return;
    }
    const size_t name_end = in_.find_first_of(")>", at_);
    if (next_is("?<") && name_end != in_.npos && in_[name_end] == '>') {
      at_ = name_end + 1;
      return;
    }
    refuse(fmt::format("the group ({}", to_utf8(in_.substr(at_, 2))));
  }

  void close_group() {
    repeats_ = groups_.empty() ? 1 : groups_.back();
    if (!groups_.empty()) groups_.pop_back();
    widen_group();
  }

  // {n}, {n,}, {,m} or {n,m}; anything else that starts with { is text.
  bool interval() {
    const size_t close = in_.find('}', at_);
    if (!next_is("{") || close == in_.npos) return false;
    const std::string_view inside = in_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = std::min(inside.find(','), inside.size());
    const auto low = number(inside.substr(0, comma));
    const auto high = number(inside.substr(std::min(comma + 1, inside.size())));
    if (!low || !high || inside.size() < 1 || inside == ",") return false;
    repeats_ *= std::max({*low, *high, uint64_t{1}});
    if (repeats_ > kMaxRepeats) refuse(fmt::format("repetitions of more than {} in all", kMaxRepeats));
    at_ = close + 1;
    widen_group();
    return true;
  }
  // Nothing for what is not made of digits; 0 without any, and what is too large for all larger numbers.
  static std::optional<uint64_t> number(std::string_view digits) {
    if (digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
    uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + std::min<size_t>(digits.size(), 9), value);
    return digits.size() > 9 ? kMaxRepeats + 1 : value;
  }

  void widen_group() {
    if (!groups_.empty()) groups_.back() = std::max(groups_.back(), repeats_);
  }

  std::string_view in_;
  size_t at_ = 0;
  uint64_t repeats_ = 1;          // of what was read last: how often one match may run through it
  std::vector<uint64_t> groups_;  // of each open group: the most repeated of its parts
};

}  // namespace

void check_pattern(std::string_view pattern) {
  check(pattern.size() <= kMaxBytes, "expected a pattern of at most {} bytes, found {}", kMaxBytes,
        pattern.size());
  check(is_utf8(pattern), "expected a pattern in UTF-8, found other bytes");
  PatternWalk(pattern).run();
}

}  // namespace janus
