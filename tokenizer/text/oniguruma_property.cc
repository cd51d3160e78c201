#include "tokenizer/text/oniguruma_property.h"

#include <algorithm>
#include <array>
#include <utility>

namespace janus {
namespace {

using Name = std::pair<std::string_view, std::string_view>;  // Oniguruma's, PCRE2's

constexpr std::array<Name, 90> kNames = {{
    {"any", "Any"},
    {"l", "L"},
    {"letter", "L"},
    {"lc", "L&"},
    {"casedletter", "L&"},
    {"lu", "Lu"},
    {"uppercaseletter", "Lu"},
    {"ll", "Ll"},
    {"lowercaseletter", "Ll"},
    {"lt", "Lt"},
    {"titlecaseletter", "Lt"},
    {"lm", "Lm"},
    {"modifierletter", "Lm"},
    {"lo", "Lo"},
    {"otherletter", "Lo"},
    {"m", "M"},
    {"mark", "M"},
    {"combiningmark", "M"},
    {"mn", "Mn"},
    {"nonspacingmark", "Mn"},
    {"mc", "Mc"},
    {"spacingmark", "Mc"},
    {"me", "Me"},
    {"enclosingmark", "Me"},
    {"n", "N"},
    {"number", "N"},
    {"nd", "Nd"},
    {"decimalnumber", "Nd"},
    {"digit", "Nd"},
    {"nl", "Nl"},
    {"letternumber", "Nl"},
    {"no", "No"},
    {"othernumber", "No"},
    {"p", "P"},
    {"punctuation", "P"},
    {"punct", "P"},
    {"pc", "Pc"},
    {"connectorpunctuation", "Pc"},
    {"pd", "Pd"},
    {"dashpunctuation", "Pd"},
    {"ps", "Ps"},
    {"openpunctuation", "Ps"},
    {"pe", "Pe"},
    {"closepunctuation", "Pe"},
    {"pi", "Pi"},
    {"initialpunctuation", "Pi"},
    {"pf", "Pf"},
    {"finalpunctuation", "Pf"},
    {"po", "Po"},
    {"otherpunctuation", "Po"},
    {"s", "S"},
    {"symbol", "S"},
    {"sm", "Sm"},
    {"mathsymbol", "Sm"},
    {"sc", "Sc"},
    {"currencysymbol", "Sc"},
    {"sk", "Sk"},
    {"modifiersymbol", "Sk"},
    {"so", "So"},
    {"othersymbol", "So"},
    {"z", "Z"},
    {"separator", "Z"},
    {"zs", "Zs"},
    {"spaceseparator", "Zs"},
    {"zl", "Zl"},
    {"lineseparator", "Zl"},
    {"zp", "Zp"},
    {"paragraphseparator", "Zp"},
    {"c", "C"},
    {"other", "C"},
    {"cc", "Cc"},
    {"control", "Cc"},
    {"cntrl", "Cc"},
    {"cf", "Cf"},
    {"format", "Cf"},
    {"cn", "Cn"},
    {"unassigned", "Cn"},
    {"co", "Co"},
    {"privateuse", "Co"},
    {"alphabetic", "Alphabetic"},
    {"alpha", "Alphabetic"},
    {"lowercase", "Lowercase"},
    {"lower", "Lowercase"},
    {"uppercase", "Uppercase"},
    {"upper", "Uppercase"},
    {"whitespace", "White_Space"},
    {"space", "White_Space"},
    {"ideographic", "Ideographic"},
    {"emoji", "Emoji"},
}};

// Sets of Oniguruma that are no single property of PCRE2, and surrogates, which no text holds.
constexpr std::array<std::string_view, 9> kRefused = {"alnum", "word",   "graph",     "print", "blank",
                                                      "ascii", "xdigit", "surrogate", "cs"};
constexpr std::array<std::string_view, 6> kCased = {"Lu", "Ll", "Lt", "L&", "Lowercase", "Uppercase"};

}  // namespace

std::optional<CharProperty> oniguruma_property(std::string_view name) {
  CharProperty property;
  if (name.starts_with('^')) {
    property.negated = true;
    name.remove_prefix(1);
  }
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    const bool upper = c >= 'A' && c <= 'Z';
    const char lower = upper ? static_cast<char>(c | 0x20) : c;
    if (lower < 'a' || lower > 'z') return std::nullopt;
    plain += lower;
  }
  if (plain.empty() || std::find(kRefused.begin(), kRefused.end(), plain) != kRefused.end())
    return std::nullopt;
  const auto known =
      std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.first == plain; });
  // Without sc: PCRE2 would take a script's extensions as well.
  property.name = known != kNames.end() ? std::string(known->second) : "sc:" + plain;
  property.cased = std::find(kCased.begin(), kCased.end(), property.name) != kCased.end();
  return property;
}

}  // namespace janus
