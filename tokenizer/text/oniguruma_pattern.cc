#include "tokenizer/text/oniguruma_pattern.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.h"
#include "tokenizer/text/oniguruma_property.h"
#include "tokenizer/text/utf8.h"

namespace janus {
namespace {

// As items of a class. White_Space and its complement, and Oniguruma's word characters (which, below U+0100,
// are a table of its own with the superscript digits and the fractions).
constexpr std::string_view kSpace =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kNotSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff})";
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";
constexpr std::string_view kHexDigit = "0-9A-Fa-f";

constexpr int kMaxDepth = 100;     // of groups: the translator recurses
constexpr int kMaxRepeat = 65535;  // PCRE2's own limit
constexpr std::string_view kEnd = "the end of the pattern";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string literal(char32_t code_point) {
  return fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(code_point));
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string translate() {
    alternatives();
    if (!done()) refuse("an unmatched )");
    return std::move(out_);
  }

 private:
  bool done() const { return at_ == in_.size(); }
  bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  bool skip(std::string_view text) {
    if (!next_is(text)) return false;
    at_ += text.size();
    return true;
  }
  [[noreturn]] void refuse(std::string_view what) const {
    fail("expected a pattern of the supported syntax, found {} at byte {}", what, at_);
  }
  char32_t take_char() {
    if (done()) refuse(kEnd);
    const Utf8Char next = utf8_front(in_.substr(at_));
    at_ += next.length;
    return next.code_point;
  }
  void put_class(std::string_view items, bool negated = false) {
    out_ += fmt::format("[{}{}]", negated ? "^" : "", items);
  }

  // Everything up to the ) of the enclosing group or the end.
  void alternatives() {
    if (++depth_ > kMaxDepth) refuse(fmt::format("groups nested more than {} deep", kMaxDepth));
    while (!done() && !next_is(")")) {
      if (skip("|")) {
        out_ += '|';
        continue;
      }
      const size_t begin = out_.size();
      atom();
      quantifiers(begin);
    }
    --depth_;
  }

  void atom() {
    if (skip("(")) return group();
    if (skip("[")) return char_class();
    if (skip("\\")) return escape();
    if (skip(".")) {
      out_ += '.';
    } else if (skip("^")) {
      out_ += '^';
    } else if (skip("$")) {
      out_ += '$';
    } else if (next_is("*") || next_is("+") || next_is("?")) {
      refuse("a quantifier with nothing before it");
    } else {
      out_ += literal(take_char());
    }
  }

  void group() {
    static constexpr std::array<std::string_view, 6> kKinds = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [this](auto k) { return next_is(k); });
    const bool outer_ignore_case = ignore_case_;
    if (kind != kKinds.end()) {
      at_ += kind->size();
      out_ += fmt::format("({}", *kind);
    } else if (skip("?i)") || skip("?-i)")) {
      // Reaches over the alternatives to the end of the enclosing group, whose ) is not ours to take.
      ignore_case_ = in_[at_ - 3] == '?';
      out_ += ignore_case_ ? "(?i:" : "(?-i:";
      alternatives();
      out_ += ')';
      ignore_case_ = outer_ignore_case;
      return;
    } else if (skip("?i:") || skip("?-i:")) {
      ignore_case_ = in_[at_ - 3] == '?';
      out_ += ignore_case_ ? "(?i:" : "(?-i:";
    } else if (next_is("?") && !named_group()) {
      refuse(fmt::format("the group ({}", in_.substr(at_, 2)));
    } else {
      out_ += "(?:";
    }
    alternatives();
    if (!skip(")")) refuse(kEnd);
    out_ += ')';
    ignore_case_ = outer_ignore_case;
  }

  bool named_group() {
    const size_t close = in_.find('>', at_);
    if (!next_is("?<") || close == in_.npos) return false;
    const std::string_view name = in_.substr(at_ + 2, close - at_ - 2);
    const auto plain = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), plain)) return false;
    at_ = close + 1;
    return true;
  }

  // Quantifiers after the atom whose translation starts at `begin`. A second one repeats the repetition.
  void quantifiers(size_t begin) {
    bool quantified = false;
    while (const auto base = quantifier()) {
      if (quantified) {
        out_.insert(begin, "(?:");
        out_ += ')';
      }
      out_ += *base;
      const bool interval = base->front() == '{';
      const bool fixed = interval && base->find(',') == base->npos;
      if (!fixed && skip("?")) {
        out_ += '?';
      } else if (!interval && skip("+")) {
        out_ += '+';
      }
      quantified = true;
    }
  }

  std::optional<std::string> quantifier() {
    if (skip("*")) return "*";
    if (skip("+")) return "+";
    if (skip("?")) return "?";
    return interval();
  }

  // {n}, {n,}, {,m} or {n,m}; anything else that starts with { is text.
  std::optional<std::string> interval() {
    const size_t close = in_.find('}', at_);
    if (!next_is("{") || close == in_.npos) return std::nullopt;
    const std::string_view inside = in_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = inside.find(',');
    const std::string_view low = inside.substr(0, comma);
    const std::string_view high = comma == inside.npos ? low : inside.substr(comma + 1);
    const auto digits = [](std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); };
    if (!digits(low) || !digits(high) || (low.empty() && high.empty())) return std::nullopt;
    const int least = low.empty() ? 0 : number(low);
    const int most = high.empty() ? kMaxRepeat : number(high);
    if (least > most) refuse("a repetition whose least number is above its largest");
    at_ = close + 1;
    if (comma == inside.npos) return fmt::format("{{{}}}", least);
    return high.empty() ? fmt::format("{{{},}}", least) : fmt::format("{{{},{}}}", least, most);
  }

  int number(std::string_view digits) const {
    int value = 0;
    for (const char c : digits) {
      value = value * 10 + (c - '0');
      if (value > kMaxRepeat) refuse(fmt::format("a repetition above {}", kMaxRepeat));
    }
    return value;
  }

  // After a backslash, outside of a class.
  void escape() {
    if (const auto items = class_escape()) return put_class(*items);
    if (skip("S")) return put_class(kSpace, true);
    if (skip("W")) return put_class(kWord, true);
    if (skip("H")) return put_class(kHexDigit, true);
    if (skip("b")) {
      out_ += fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", kWord);
    } else if (skip("B")) {
      out_ += fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))", kWord);
    } else if (skip("A")) {
      out_ += "\\A";
    } else if (skip("z")) {
      out_ += "\\z";
    } else if (skip("Z")) {
      out_ += "\\Z";
    } else {
      out_ += literal(char_escape());
    }
  }

  // Escapes that are sets and can stand in a class.
  std::optional<std::string> class_escape() {
    if (skip("s")) return std::string(kSpace);
    if (skip("w")) return std::string(kWord);
    if (skip("h")) return std::string(kHexDigit);
    if (skip("d")) return "\\p{Nd}";
    if (skip("D")) return "\\P{Nd}";
    if (!next_is("p") && !next_is("P")) return std::nullopt;
    const size_t close = in_.find('}', at_);
    if (in_.substr(at_ + 1, 1) != "{" || close == in_.npos) refuse("\\p without {NAME}");
    const auto property = oniguruma_property(in_.substr(at_ + 2, close - at_ - 2));
    if (!property) refuse(fmt::format("\\p{{{}}}", in_.substr(at_ + 2, close - at_ - 2)));
    if (ignore_case_ && property->cased) refuse("a property of letter case under (?i)");
    const bool negated = (in_[at_] == 'P') != property->negated;
    at_ = close + 1;
    return fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', property->name);
  }

  // Escapes that are one character.
  char32_t char_escape() {
    if (skip("n")) return '\n';
    if (skip("r")) return '\r';
    if (skip("t")) return '\t';
    if (skip("f")) return '\f';
    if (skip("v")) return '\v';
    if (skip("a")) return '\a';
    if (skip("e")) return 0x1B;
    if (skip("x{")) {
      const size_t close = in_.find('}', at_);
      if (close == in_.npos || close - at_ > 8) refuse("\\x{ without a code point and }");
      const char32_t value = hex(close - at_);
      ++at_;
      return value;
    }
    if (skip("u")) return hex(4);
    if (skip("x")) {
      const char32_t value = hex(2);
      if (value >= 0x80) refuse("\\x with a byte above 7F");
      return value;
    }
    if (!done() && (is_letter(in_[at_]) || is_digit(in_[at_]))) refuse(fmt::format("\\{}", in_[at_]));
    return take_char();
  }

  char32_t hex(size_t digits) {
    char32_t value = 0;
    const std::string_view text = in_.substr(at_, digits);
    for (const char c : text) {
      const char lower = is_letter(c) ? static_cast<char>(c | 0x20) : c;
      if (!is_digit(c) && !(lower >= 'a' && lower <= 'f')) refuse("something else than a hexadecimal digit");
      value = value * 16 + static_cast<char32_t>(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    if (digits == 0 || text.size() < digits) refuse("too few hexadecimal digits");
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) refuse("a number that is no character");
    at_ += digits;
    return value;
  }

  // After [: up to and including ].
  void char_class() {
    out_ += '[';
    if (skip("^")) out_ += '^';
    bool first = true;
    while (first || !next_is("]")) {
      if (done()) refuse(kEnd);
      if (next_is("[")) refuse("[ inside of [ ]");
      if (next_is("&&")) refuse("&& inside of [ ]");
      class_item();
      first = false;
    }
    ++at_;
    out_ += ']';
  }

  void class_item() {
    if (skip("\\")) {
      if (const auto items = class_escape()) {
        out_ += *items;
        return;
      }
      if (skip("S")) {
        out_ += kNotSpace;
        return;
      }
      if (next_is("W") || next_is("H") || next_is("B")) refuse(fmt::format("\\{} inside of [ ]", in_[at_]));
      if (skip("b")) return range_from('\b');
      return range_from(char_escape());
    }
    range_from(take_char());
  }

  // `low`, or the range that starts with it.
  void range_from(char32_t low) {
    out_ += literal(low);
    if (!next_is("-") || next_is("-]")) return;
    const size_t dash = at_++;
    if (next_is("[") || next_is("\\p") || next_is("\\P") || next_is("\\s") || next_is("\\d") ||
        next_is("\\w")) {
      at_ = dash;
      refuse("a range that ends with a set");
    }
    const char32_t high = skip("\\") ? char_escape() : take_char();
    if (low > high)
      refuse(fmt::format("the empty range U+{:04X} to U+{:04X}", static_cast<uint32_t>(low),
                         static_cast<uint32_t>(high)));
    out_ += fmt::format("-{}", literal(high));
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  int depth_ = 0;
  bool ignore_case_ = false;
};

}  // namespace

std::string oniguruma_to_pcre2(std::string_view pattern) { return Translator(pattern).translate(); }

}  // namespace janus
