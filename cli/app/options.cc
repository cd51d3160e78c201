#include "cli/app/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>

#include "cli/app/command.h"
#include "cli/app/number_slip.h"
#include "cli/app/settings_file.h"
#include "cli/app/slips.h"
#include "cli/io/text_input.h"
#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/home_folder.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

constexpr char kBracketGuard = '\x1F';

template <typename T>
bool parse(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

// T: the target's, which may be an optional of it.
template <typename T, typename Target, typename Range>
Reader ranged_number(Target& target, Range range, std::string default_value) {
  return {.take = [range, &target](const std::string& text) -> std::string {
            T value = 0;
            if (!parse(text, value) || !range.holds(value)) return range.expected();
            target = value;
            return {};
          },
          .range = range.text(),
          .default_value = std::move(default_value),
          .numeric = true};
}

template <typename T, typename Range>
Reader ranged_number(T& target, Range range) {
  return ranged_number<T>(target, range, range.holds(target) ? fmt::format("{}", target) : "");
}

bool replace(std::string& text, std::string_view placeholder, const std::string& value) {
  const size_t at = text.find(placeholder);
  if (at == std::string::npos) return false;
  text.replace(at, placeholder.size(), value);
  return true;
}

// What to do about a value that the reader refuses: the one that was meant, or where to look.
std::string value_advice(const Reader& reader, const std::string& text, const std::string& help_call) {
  if (reader.numeric) {
    for (const std::string& number : likely_numbers(text)) {
      if (reader.take(number).empty()) return "write " + number;
    }
  }
  return advice(ascii_lower(text), reader.choices, help_call);
}

std::optional<std::string> setting_of(const OptionEntry& entry) {
  for (const std::string& key : entry.keys()) {
    if (std::optional<std::string> setting = user_setting(key)) return setting;
  }
  return std::nullopt;
}

// The help text with what the reader says of the value.
std::string filled(std::string help, const Reader& reader) {
  replace(help, "{range}", reader.range);
  if (reader.default_value.empty()) return help;
  const std::string value = fmt::format("(default {})", reader.default_value);
  if (!replace(help, "{default}", value)) help += " " + value;
  return help;
}

}  // namespace

Reader seed_number(int64_t& target) {
  return {.take = [&target](const std::string& text) -> std::string {
            int64_t seed = 0;
            if (!parse(text, seed) || seed > kSeeds.high) {
              return kSeeds.expected() + ", or a negative one for a random seed";
            }
            target = seed < 0 ? int64_t{std::random_device{}()} : seed;
            return {};
          },
          .range = kSeeds.text(),
          .default_value = fmt::format("{}", target),
          .numeric = true};
}

Reader any_text(std::string& target) {
  return {.take = [&target](const std::string& text) -> std::string {
            target = text;
            return {};
          },
          .default_value = target};
}

Reader some_text(std::string& target) {
  return {.take = [&target](const std::string& text) -> std::string {
            if (text.empty()) return "some text";
            target = text;
            return {};
          },
          .default_value = target};
}

Reader input_path(std::string& target) {
  Reader reader = some_text(target);
  reader.dash = Reader::Dash::file;
  return reader;
}

Reader input_paths(std::vector<std::string>& targets) {
  return {.take = [&targets](const std::string& text) -> std::string {
            if (text.empty()) return "a name";
            targets.push_back(text);
            return {};
          },
          .dash = Reader::Dash::file};
}

Reader any_input_text(std::string& target) {
  Reader reader = any_text(target);
  reader.dash = Reader::Dash::text;
  return reader;
}

Reader prompt_text(std::string& target, const std::string& otherwise) {
  const std::string& prompt = target.empty() ? otherwise : target;
  return {.take = [&target](const std::string& text) -> std::string {
            if (!is_utf8(text)) return "a prompt in UTF-8";
            if (is_blank(text)) return "a prompt";
            target = text;
            return {};
          },
          .default_value = prompt.empty() ? "" : fmt::format("\"{}\"", prompt),
          .dash = Reader::Dash::text};
}

Reader number(int64_t& target, IntRange range) { return ranged_number(target, range); }

Reader number(double& target, RealRange range) { return ranged_number(target, range); }

Reader number(std::optional<int64_t>& target, IntRange range, const std::string& otherwise) {
  return ranged_number<int64_t>(target, range, target ? fmt::format("{}", *target) : otherwise);
}

Reader number(std::optional<double>& target, RealRange range, const std::string& otherwise) {
  return ranged_number<double>(target, range, target ? fmt::format("{}", *target) : otherwise);
}

Reader one_of(std::string& target, std::vector<std::string> values) {
  std::string range = fmt::format("{}", fmt::join(values, ", "));
  if (const size_t comma = range.rfind(','); comma != std::string::npos) range.replace(comma, 1, " or");
  return {.take = [values, &target](const std::string& text) -> std::string {
            if (std::find(values.begin(), values.end(), text) == values.end()) {
              return fmt::format("one of {}", fmt::join(values, ", "));
            }
            target = text;
            return {};
          },
          .range = std::move(range),
          .default_value = target,
          .choices = values};
}

// CLI11 takes a word in brackets, a name as others, for the list of what its commas part.
std::vector<std::string> guarded_words(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  for (std::string& word : words) {
    if (word.starts_with('[')) word += kBracketGuard;
  }
  return words;
}

std::string unguarded(std::string word) {
  if (word.starts_with('[') && word.back() == kBracketGuard) word.pop_back();
  return word;
}

std::string OptionEntry::long_name() const { return positional ? names : names.substr(names.rfind("--")); }

std::string OptionEntry::brief_name() const {
  const size_t comma = names.find(',');
  return positional || comma == std::string::npos ? long_name() : names.substr(0, comma);
}

bool OptionEntry::on_command_line() const { return option->count() > 0; }

std::string OptionEntry::first_text() const {
  return on_command_line() ? unguarded(option->results().front()) : "";
}

bool OptionEntry::takes_path() const {
  const std::string kind = value_name.substr(0, value_name.find('.'));
  return kind == "FILE" || kind == "OUT" || kind == "IMAGE" || kind == "MODEL";
}

std::vector<std::string> OptionEntry::keys() const {
  std::vector<std::string> keys;
  if (!positional) keys.push_back(long_name().substr(2));
  for (const std::string& alias : aliases) keys.push_back(alias.substr(2));
  return keys;
}

std::string OptionEntry::environment() const {
  if (positional) return {};
  std::string name = "JANUS_";
  for (char c : long_name().substr(2)) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

const OptionEntry& OptionSet::add(OptionEntry entry) {
  bool is_flag = !entry.positional && entry.value_name.empty();
  const std::string names = fmt::format("{}", fmt::join(entry.aliases, ","));
  const std::string all_names = entry.names + (names.empty() ? "" : "," + names);
  CLI::Option* option = is_flag ? app_->add_flag(all_names) : app_->add_option(all_names);
  if (entry.repeats && !entry.positional) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->expected(1)->allow_extra_args(false);
  } else if (entry.repeats) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->expected(1, INT32_MAX)->allow_extra_args();
  } else {
    // Aliases and scripts append: the last one counts.
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  entry.option = option;
  entry.help = filled(std::move(entry.help), entry.reader);
  if (entry.reader.dash == Reader::Dash::text) entry.help += "; - reads it from standard input";
  return entries_.emplace_back(std::move(entry));
}

const OptionEntry& OptionSet::flag(const std::string& names, bool& target, const std::string& help) {
  Reader reader{.take = [&target](const std::string& text) -> std::string {
    bool on = text == "1" || text == "true" || text == "yes" || text == "on";
    bool off = text == "0" || text == "false" || text == "no" || text == "off";
    if (!on && !off) return "1 or 0";
    target = on;
    return {};
  }};
  return add({.names = names, .value_name = {}, .help = help, .reader = std::move(reader)});
}

const OptionEntry& OptionSet::option(const std::string& names, const std::string& value_name, Reader reader,
                                     const std::string& help, std::vector<std::string> aliases) {
  return add({.names = names,
              .value_name = value_name,
              .help = help,
              .reader = std::move(reader),
              .aliases = std::move(aliases)});
}

const OptionEntry& OptionSet::required_option(const std::string& names, const std::string& value_name,
                                              Reader reader, const std::string& help) {
  return add({.names = names,
              .value_name = value_name,
              .help = help,
              .reader = std::move(reader),
              .required = true});
}

const OptionEntry& OptionSet::values(const std::string& names, const std::string& value_name,
                                     std::vector<std::string>& target, const std::string& help) {
  Reader reader{.take = [&target](const std::string& text) -> std::string {
    if (text.empty()) return "some text";
    target.push_back(text);
    return {};
  }};
  return values(names, value_name, std::move(reader), help);
}

const OptionEntry& OptionSet::values(const std::string& names, const std::string& value_name, Reader reader,
                                     const std::string& help) {
  return add(
      {.names = names, .value_name = value_name, .help = help, .reader = std::move(reader), .repeats = true});
}

const OptionEntry& OptionSet::argument(const std::string& name, Reader reader, const std::string& help) {
  return add(
      {.names = name, .value_name = {}, .help = help, .reader = std::move(reader), .positional = true});
}

const OptionEntry& OptionSet::required_argument(const std::string& name, Reader reader,
                                                const std::string& help) {
  return add({.names = name,
              .value_name = {},
              .help = help,
              .reader = std::move(reader),
              .positional = true,
              .required = true});
}

const OptionEntry& OptionSet::required_arguments(const std::string& name, std::vector<std::string>& target,
                                                 const std::string& help) {
  return add({.names = name,
              .value_name = {},
              .help = help,
              .reader = input_paths(target),
              .positional = true,
              .required = true,
              .repeats = true});
}

std::string OptionSet::help_call() const {
  return command_ == "janus" ? "janus help options" : command_ + " --help";
}

void OptionSet::accept(const OptionEntry& entry, const std::string& text, const std::string& where) const {
  std::string expected = entry.reader.take(text);
  if (expected.empty()) return;
  throw UsageError(fmt::format("{} {}, {}: expected {}, found \"{}\"; {}",
                               entry.positional ? "argument" : "option", entry.long_name(), where, expected,
                               text, value_advice(entry.reader, text, help_call())));
}

const OptionEntry& OptionSet::entry_of(const std::string& long_name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const OptionEntry& entry) { return entry.long_name() == long_name; });
  assert(found != entries_.end());
  return *found;
}

bool OptionSet::given(const std::string& long_name) const { return entry_of(long_name).on_command_line(); }

void OptionSet::read_given(const std::string& long_name) const {
  const OptionEntry& entry = entry_of(long_name);
  if (entry.on_command_line()) accept(entry, entry.option->results().back(), "command line");
}

// Nobody else knows of two inputs that they are the same one.
void OptionSet::take_standard_input(const std::vector<const OptionEntry*>& wanted) const {
  if (wanted.empty()) return;
  const OptionEntry& last = *wanted.back();
  const std::string named = fmt::format("{} {}", last.positional ? "argument" : "option", last.long_name());
  if (wanted.size() > 1) {
    const OptionEntry& first = *wanted.front();
    throw UsageError(fmt::format(
        "{}, command line: expected one input from standard input, found - {}; give a file for one "
        "of them, or see {}",
        named, &first == &last ? "twice" : "for " + first.long_name() + " as well", help_call()));
  }
  if (last.reader.dash != Reader::Dash::text) return;
  std::string text = read_text("-", last.long_name());
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  const std::string expected = last.reader.take(text);
  check(expected.empty(), "{}, standard input: expected {}, found none; write one there, or see {}", named,
        expected, help_call());
}

void OptionSet::read() const {
  std::vector<const OptionEntry*> from_standard_input;
  for (const OptionEntry& entry : entries_) {
    const auto take = [&](const std::string& text, const std::string& where) {
      accept(entry, text, where);
      if (entry.reader.dash != Reader::Dash::plain && text == "-") from_standard_input.push_back(&entry);
    };
    std::vector<std::string> given = entry.option->results();
    for (std::string& word : given) word = unguarded(std::move(word));
    std::string variable = entry.environment();
    const char* inherited = variable.empty() ? nullptr : std::getenv(variable.c_str());
    const auto unseen_by_shell = [&](const std::string& text) {
      return entry.takes_path() ? expand_home(text) : text;
    };
    if (!given.empty()) {
      size_t first = entry.repeats ? 0 : given.size() - 1;
      for (size_t i = first; i < given.size(); ++i) take(given[i], "command line");
    } else if (inherited != nullptr && *inherited != '\0') {
      take(unseen_by_shell(inherited), "$" + variable);
    } else if (const std::optional<std::string> setting = setting_of(entry)) {
      take(unseen_by_shell(*setting), settings_path());
    } else if (entry.required) {
      throw UsageError(fmt::format("{} {}, command line: expected one ({}), found none; see {}",
                                   entry.positional ? "argument" : "option", entry.long_name(), entry.help,
                                   help_call()));
    }
  }
  take_standard_input(from_standard_input);
}

}  // namespace janus::cli
