#include "cli/app/slips.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/io/existing_files.h"
#include "core/base/ascii.h"
#include "core/base/near_name.h"

namespace janus::cli {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

std::string name_of(const std::string& word) { return word.substr(0, word.find('=')); }

// The entry of an option's name, long or short; null for any other word.
const OptionEntry* find(const OptionSet& options, const std::string& name) {
  for (const OptionEntry& entry : options.entries()) {
    if (!entry.positional && (name == entry.long_name() || name == entry.brief_name())) return &entry;
  }
  return nullptr;
}

const OptionEntry* find(const TypedWords& typed, const std::string& name) {
  const OptionEntry* entry = find(typed.own, name);
  return entry != nullptr ? entry : find(typed.common, name);
}

// Whether the word behind this one is its value.
bool takes_next(const OptionEntry* entry) { return entry != nullptr && !entry->value_name.empty(); }

// All options with their values as they were typed, each word for a shell.
std::string options_of(const TypedWords& typed) {
  std::string text;
  for (size_t i = 0; i < typed.words.size() && typed.words[i] != "--"; ++i) {
    if (!is_option(typed.words[i])) continue;
    text += " " + shell_word(typed.words[i]);
    if (takes_next(find(typed, typed.words[i])) && i + 1 < typed.words.size())
      text += " " + shell_word(typed.words[++i]);
  }
  return text;
}

// Text in double quotes, which people use, where these keep all of it.
std::string in_quotes(const std::string& text) {
  return text.find_first_of("\"$`\\!") == text.npos ? '"' + text + '"' : shell_word(text);
}

const OptionEntry* argument_of(const OptionSet& own) {
  for (const OptionEntry& entry : own.entries()) {
    if (entry.positional) return &entry;
  }
  return nullptr;
}

// More words than the one argument of a command takes.
std::string too_many(const OptionEntry& entry, const std::vector<std::string>& surplus,
                     const TypedWords& typed) {
  const bool text = entry.names == "PROMPT" || entry.names == "TEXT";
  const std::string found =
      fmt::format("argument {}, command line: expected one {}, found {}{}", entry.names,
                  text ? ascii_lower(entry.names) : entry.names, surplus.size() + 1, text ? " words" : "");
  if (!text) return fmt::format("{}; run {} once for each", found, typed.own.command());
  std::string all = entry.first_text();
  for (const std::string& word : surplus) all += " " + word;
  return fmt::format("{}; put it in quotes: {} {}{}", found, typed.own.command(), in_quotes(all),
                     options_of(typed));
}

}  // namespace

std::string advice(const std::string& word, const std::vector<std::string>& names, const std::string& help) {
  const std::string near = near_name(word, names);
  return near.empty() ? "see " + help : fmt::format("did you mean {}?", near);
}

std::string command_word(const std::vector<std::string>& words, const OptionSet& common) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (!is_option(words[i])) return words[i];
    if (takes_next(find(common, words[i]))) ++i;
  }
  return {};
}

void check_words(const TypedWords& typed) {
  const std::vector<std::string>& words = typed.words;
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (!is_option(word)) continue;
    const OptionEntry* entry = find(typed, word);
    if (entry == nullptr && word[1] != '-' && find(typed, "-" + name_of(word)) != nullptr) {
      throw UsageError(
          fmt::format("option, command line: expected two dashes before a long name, found \"{}\"; "
                      "did you mean -{}?",
                      word, name_of(word)));
    }
    if (!takes_next(entry)) continue;
    if (++i == words.size() || words[i] == "--") {
      throw UsageError(
          fmt::format("option {0}, command line: expected a value, found none; give it one: {1} {2}",
                      entry->long_name(), word, entry->value_name));
    }
    if (find(typed, words[i]) != nullptr) {
      throw UsageError(
          fmt::format("option {}, command line: expected a value, found the option {}; give it one: {} {} {}",
                      entry->long_name(), words[i], word, entry->value_name, words[i]));
    }
  }
}

std::string unexpected(const std::vector<std::string>& surplus, const TypedWords& typed,
                       const Command& command) {
  const OptionEntry* argument = argument_of(typed.own);
  const auto first = std::find_if(surplus.begin(), surplus.end(), is_option);
  if (first == surplus.end()) {
    if (argument != nullptr && !argument->repeats) return too_many(*argument, surplus, typed);
    return fmt::format("argument, command line: expected none of {}, found \"{}\"; see {} --help",
                       typed.own.command(), surplus.front(), typed.own.command());
  }
  const std::string name = name_of(*first);
  const bool text = argument != nullptr && (argument->names == "PROMPT" || argument->names == "TEXT");
  if (text && (name == "-p" || name == "--prompt" || name == "--text")) {
    return fmt::format(
        "option, command line: expected the {0} without an option before it, found \"{1}\"; leave {1} out",
        ascii_lower(argument->names), name);
  }
  std::vector<std::string> names;
  for (const OptionSet* set : {&typed.own, &typed.common}) {
    for (const OptionEntry& entry : set->entries()) {
      if (!entry.positional && !command.leaves_unused(entry.long_name())) names.push_back(entry.long_name());
    }
  }
  return fmt::format("option, command line: expected an option of {}, found \"{}\"; {}", typed.own.command(),
                     *first, advice(name, names, typed.own.command() + " --help"));
}

}  // namespace janus::cli
