#include "cli/caption/rule_options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/app/command.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

constexpr std::array<std::pair<const char*, LetterCase>, 4> kCases{{{"keep", LetterCase::keep},
                                                                    {"lower", LetterCase::lower},
                                                                    {"upper", LetterCase::upper},
                                                                    {"sentence", LetterCase::sentence}}};

// A rule's value, and the question that it is for alone, if any.
struct ReadRule {
  std::optional<size_t> question;
  std::string value;
};

ReadRule read_rule(const std::string& text, const std::vector<std::string>& questions) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {{}, text};
  const std::string name(strip(std::string_view(text).substr(0, equals)));
  const auto found = std::find(questions.begin(), questions.end(), name);
  if (name.empty() || found == questions.end()) return {{}, text};
  return {static_cast<size_t>(found - questions.begin()), text.substr(equals + 1)};
}

[[noreturn]] void refuse(const char* option, const std::string& expected, const std::string& found) {
  throw UsageError(fmt::format("option {}, command line: expected {}, found \"{}\"; see janus caption --help",
                               option, expected, found));
}

// Sets what each of `texts` says by `set`: those for one question after those for all.
template <typename Set>
void for_each_rule(const std::vector<std::string>& texts, const std::vector<std::string>& questions,
                   std::vector<TextRules>& rules, const Set& set) {
  for (const bool named : {false, true}) {
    for (const std::string& text : texts) {
      const ReadRule rule = read_rule(text, questions);
      if (rule.question.has_value() != named) continue;
      for (size_t i = 0; i < rules.size(); ++i) {
        if (!named || *rule.question == i) set(rules[i], rule.value);
      }
    }
  }
}

// As shells leave them: \n and \t.
std::string unescaped(std::string text) {
  for (const auto& [escape, sign] : {std::pair{"\\n", "\n"}, {"\\t", "\t"}}) {
    for (size_t at = text.find(escape); at != std::string::npos; at = text.find(escape, at + 1))
      text.replace(at, 2, sign);
  }
  return text;
}

Reader rule_texts(std::vector<std::string>& target, bool blank) {
  return {.take = [&target, blank](const std::string& text) -> std::string {
    if (!is_utf8(text)) return "text in UTF-8";
    if (text.empty() || (!blank && is_blank(text))) return "some text";
    target.push_back(text);
    return {};
  }};
}

}  // namespace

void declare_rules(OptionSet& options, RuleWords& words) {
  options.values(
      "--split", "SEP", rule_texts(words.split, /*blank=*/true),
      "cut answers into tags at SEP, \\n for lines; each tag counts once; with --ask also NAME=SEP "
      "for one question, as with the three below");
  options.values("--prefix", "TEXT", rule_texts(words.prefix, /*blank=*/false),
                 "put it before each answer, as it is; with --split as tags of its own: trigger words");
  options.values("--suffix", "TEXT", rule_texts(words.suffix, /*blank=*/false), "the same behind it");
  Reader letters = rule_texts(words.letters, /*blank=*/false);
  for (const auto& [name, letter_case] : kCases) letters.choices.emplace_back(name);
  options.values("--case", "NAME", std::move(letters),
                 "letters of answers: keep, lower, upper or sentence; prefix and suffix stay (default keep)");
}

std::vector<TextRules> read_rules(const RuleWords& words, const std::vector<std::string>& questions) {
  std::vector<TextRules> rules(questions.size());
  // A misspelt name would be taken for a part of the separator.
  const bool named = !questions.front().empty();
  for (const std::string& text : words.split) {
    if (named && text.find('=') != std::string::npos && !read_rule(text, questions).question)
      refuse("--split",
             fmt::format("a separator, or NAME=SEP with a name of --ask: {}", fmt::join(questions, ", ")),
             text);
  }
  for_each_rule(words.split, questions, rules, [](TextRules& rule, const std::string& value) {
    if (value.empty()) refuse("--split", "a separator behind the name", value);
    rule.separator = unescaped(value);
  });
  for_each_rule(words.prefix, questions, rules,
                [](TextRules& rule, const std::string& value) { rule.prefix = value; });
  for_each_rule(words.suffix, questions, rules,
                [](TextRules& rule, const std::string& value) { rule.suffix = value; });
  for_each_rule(words.letters, questions, rules, [](TextRules& rule, const std::string& value) {
    const auto known =
        std::find_if(kCases.begin(), kCases.end(), [&](const auto& one) { return one.first == value; });
    if (known == kCases.end()) refuse("--case", "one of keep, lower, upper and sentence", value);
    rule.letters = known->second;
  });
  return rules;
}

}  // namespace janus::cli
