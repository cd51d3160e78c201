#include "cli/app/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "cli/app/command.h"
#include "cli/app/settings_file.h"
#include "core/base/home_folder.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"
#include "core/checkpoint/checkpoint.h"
#include "core/tensor/device.h"
#include "core/tensor/thread_counts.h"
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

template <typename T, typename Range>
Reader ranged_number(T& target, Range range) {
  return {.take = [range, &target](const std::string& text) -> std::string {
            T value = 0;
            if (!parse(text, value) || !range.holds(value)) return range.expected();
            target = value;
            return {};
          },
          .range = range.text(),
          .default_value = range.holds(target) ? fmt::format("{}", target) : ""};
}

Reader device_name(std::string& target) {
  return {.take = [&target](const std::string& text) -> std::string {
            if (!is_device_name(text)) return device_names();
            target = text;
            return {};
          },
          .range = device_names(),
          .default_value = target};
}

bool replace(std::string& text, std::string_view placeholder, const std::string& value) {
  const size_t at = text.find(placeholder);
  if (at == std::string::npos) return false;
  text.replace(at, placeholder.size(), value);
  return true;
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
          .default_value = fmt::format("{}", target)};
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

Reader prompt_text(std::string& target, const std::string& otherwise) {
  const std::string& prompt = target.empty() ? otherwise : target;
  return {.take = [&target](const std::string& text) -> std::string {
            if (!is_utf8(text)) return "a prompt in UTF-8";
            if (is_blank(text)) return "a prompt";
            target = text;
            return {};
          },
          .default_value = prompt.empty() ? "" : fmt::format("\"{}\"", prompt)};
}

Reader number(int64_t& target, IntRange range) { return ranged_number(target, range); }

Reader number(double& target, RealRange range) { return ranged_number(target, range); }

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

bool OptionEntry::takes_path() const {
  const std::string kind = value_name.substr(0, value_name.find('.'));
  return kind == "FILE" || kind == "OUT" || kind == "IMAGE" || kind == "MODEL";
}

std::string OptionEntry::environment() const {
  if (positional) return {};
  std::string name = "JANUS_";
  for (char c : long_name().substr(2)) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

const OptionEntry& OptionSet::add(OptionEntry entry) {
  bool is_flag = !entry.positional && entry.value_name.empty();
  CLI::Option* option = is_flag ? app_->add_flag(entry.names) : app_->add_option(entry.names);
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
                                     const std::string& help) {
  return add({.names = names, .value_name = value_name, .help = help, .reader = std::move(reader)});
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
  Reader reader{.take = [&target](const std::string& text) -> std::string {
    if (text.empty()) return "a name";
    target.push_back(text);
    return {};
  }};
  return add({.names = name,
              .value_name = {},
              .help = help,
              .reader = std::move(reader),
              .positional = true,
              .required = true,
              .repeats = true});
}

void OptionSet::accept(const OptionEntry& entry, const std::string& text, const std::string& where) const {
  std::string expected = entry.reader.take(text);
  if (expected.empty()) return;
  throw UsageError(fmt::format("{} {}, {}: expected {}, found \"{}\"; see {} --help",
                               entry.positional ? "argument" : "option", entry.long_name(), where, expected,
                               text, command_));
}

void OptionSet::read_given(const std::string& long_name) const {
  for (const OptionEntry& entry : entries_) {
    if (entry.long_name() != long_name || !entry.on_command_line()) continue;
    accept(entry, entry.option->results().back(), "command line");
  }
}

void OptionSet::read() const {
  for (const OptionEntry& entry : entries_) {
    std::vector<std::string> given = entry.option->results();
    for (std::string& word : given) word = unguarded(std::move(word));
    std::string variable = entry.environment();
    const char* inherited = variable.empty() ? nullptr : std::getenv(variable.c_str());
    const auto unseen_by_shell = [&](const std::string& text) {
      return entry.takes_path() ? expand_home(text) : text;
    };
    if (!given.empty()) {
      size_t first = entry.repeats ? 0 : given.size() - 1;
      for (size_t i = first; i < given.size(); ++i) accept(entry, given[i], "command line");
    } else if (inherited != nullptr && *inherited != '\0') {
      accept(entry, unseen_by_shell(inherited), "$" + variable);
    } else if (const auto setting =
                   entry.positional ? std::nullopt : user_setting(entry.long_name().substr(2))) {
      accept(entry, unseen_by_shell(*setting), settings_path());
    } else if (entry.required) {
      throw UsageError(fmt::format("{} {}, command line: expected {}, found none; see {} --help",
                                   entry.positional ? "argument" : "option", entry.long_name(), entry.help,
                                   command_));
    }
  }
}

void declare_special_tokens(OptionSet& options, bool& target) {
  options.flag(
      "--special-tokens", target,
      "role, begin and end tokens in your text, <|User|> for example, mean what they are; without it "
      "they are text");
}

void declare_common(OptionSet& options, CommonOptions& target) {
  // Aliases and scripts append: all but janus serve use the last one.
  options.values(
      "-m,--model", "MODEL", target.models,
      "a model folder, a GGUF file, owner/repo[@revision] of the hub cache, or repo alone where one "
      "there has that name; a path of that name wins; janus-tiny is the built-in one (default: "
      "janus-tiny)");
  options.option("--builtin-notice", "WHEN", one_of(target.builtin_notice, {"hourly", "always", "never"}),
                 "how often to say that no model is given: {range}");
  options.option("--device", "NAME", device_name(target.device), "{range}");
  options.option("--type", "NAME", one_of(target.type, weight_type_names()),
                 fmt::format("weights while loading: {}", fmt::join(weight_type_names(), ", ")));
  options.option("-t,--threads", "N", number(target.threads, kThreadCounts),
                 "{range} (default: the processors this process may use)");
  options.option("-s,--seed", "N", seed_number(target.seed),
                 "{range}, negative = random {default}; image k of several uses seed + k");
  options.option("-n,--max-tokens", "N", number(target.max_tokens, kMaxTokens), "longest answer, {range}");
  options.flag(
      "--verify", target.verify,
      "look for damaged weights first: numbers that are none, and the checksums that torch pickles have");
  options.flag("--json", target.json, "one JSON object a line on standard output");
  options.flag("--json-progress", target.json_progress,
               "progress as JSON objects, one a line on standard error");
  options.flag("-q,--quiet", target.quiet, "nothing but errors on standard error");
  options.flag("-v,--verbose", target.verbose, "more on standard error: model, device, timings");
}

}  // namespace janus::cli
