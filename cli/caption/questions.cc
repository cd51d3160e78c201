#include "cli/caption/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "cli/app/command.h"
#include "cli/app/question_style.h"
#include "cli/io/text_input.h"
#include "core/base/error.h"
#include "core/base/strip.h"

namespace janus::cli {
namespace {

// "name=question" of each --ask.
std::vector<Ask> read_asks(const std::vector<std::string>& texts) {
  std::vector<Ask> asks;
  std::set<std::string> names;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const std::string name(strip(std::string_view(text).substr(0, equals)));
    const std::string prompt(equals == std::string::npos ? ""
                                                         : strip(std::string_view(text).substr(equals + 1)));
    if (name.empty() || prompt.empty() || !names.insert(name).second) {
      throw UsageError(
          fmt::format("option --ask, command line: expected NAME=QUESTION with a name of its own, found "
                      "\"{}\"; see janus caption --help",
                      text));
    }
    asks.push_back({.name = name, .prompt = prompt});
  }
  return asks;
}

std::vector<Ask> asks_of(const QuestionWords& words) {
  if (!words.asks.empty()) return read_asks(words.asks);
  if (!words.style.empty()) return {{.prompt = prompt_of_style(words.style)}};
  if (words.prompt_file.empty())
    return {{.prompt = words.prompt.empty() ? DescribeOptions{}.prompt : words.prompt}};
  const std::string text = read_text(words.prompt_file, "prompt");
  const std::string prompt(strip(text));
  check(!prompt.empty(), "prompt, {}: expected a question in the file, found none; write one",
        words.prompt_file);
  return {{.prompt = prompt}};
}

}  // namespace

void QuestionWords::settle() {
  struct Way {
    const OptionEntry* option;
    bool given;
  };
  std::vector<Way> ways{{prompt_option, !prompt.empty()},
                        {prompt_file_option, !prompt_file.empty()},
                        {style_option, !style.empty()},
                        {asks_option, !asks.empty()}};
  std::erase_if(ways, [](const Way& way) { return !way.given; });
  const auto typed = [](const Way& way) { return way.option->on_command_line(); };
  if (std::any_of(ways.begin(), ways.end(), typed))
    std::erase_if(ways, [&](const Way& way) { return !typed(way); });
  if (ways.size() > 1) {
    throw UsageError(fmt::format(
        "option {}, command line: expected one of --prompt, --prompt-file, --style and --ask, found it and "
        "{}; see janus caption --help",
        ways[1].option->long_name(), ways[0].option->long_name()));
  }
  const auto drop = [&](const OptionEntry* option, auto& value) {
    if (ways.empty() || ways.front().option != option) value.clear();
  };
  drop(prompt_option, prompt);
  drop(prompt_file_option, prompt_file);
  drop(style_option, style);
  drop(asks_option, asks);
}

void declare_questions(OptionSet& options, QuestionWords& words) {
  words.prompt_option = &options.option("-p,--prompt", "TEXT",
                                        prompt_text(words.prompt, DescribeOptions{}.prompt), "the question");
  words.prompt_file_option = &options.option("--prompt-file", "FILE", input_path(words.prompt_file),
                                             "a file with the question, - for standard input");
  words.style_option = &options.option("--style", "NAME", one_of(words.style, question_styles()),
                                       "a question made for you: {range}");
  words.asks_option = &options.values("--ask", "NAME=TEXT", words.asks,
                                      "one of several questions about each picture; may be repeated");
  declare_rules(options, words.rules);
}

std::vector<Ask> read_questions(const QuestionWords& words) {
  std::vector<Ask> asks = asks_of(words);
  std::vector<std::string> names;
  for (const Ask& ask : asks) names.push_back(ask.name);
  std::vector<TextRules> rules = read_rules(words.rules, names);
  for (size_t i = 0; i < asks.size(); ++i) asks[i].rules = std::move(rules[i]);
  return asks;
}

}  // namespace janus::cli
