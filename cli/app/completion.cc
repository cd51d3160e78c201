// The scripts of `janus completion`, made from the tables of options.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/app/completion_scripts.h"
#include "cli/app/completion_value.h"
#include "cli/app/manual.h"

namespace janus::cli {
namespace {

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::vector<std::string> command_names(const Manual& manual) {
  std::vector<std::string> names;
  for (const Command& command : manual.commands) names.push_back(command.name);
  return names;
}

// A command, and all options that it takes: its own, then the common ones.
struct Taken {
  const Command& command;
  std::vector<const OptionEntry*> options;
  const OptionEntry* argument = nullptr;  // the one it takes, if any
};

Taken taken_by(const Manual& manual, size_t index) {
  Taken taken{manual.commands[index], {}};
  for (const OptionEntry& entry : manual.options[index].entries()) {
    if (entry.positional) {
      taken.argument = &entry;
    } else {
      taken.options.push_back(&entry);
    }
  }
  for (const OptionEntry& entry : manual.common->entries()) {
    if (!taken.command.leaves_unused(entry.long_name())) taken.options.push_back(&entry);
  }
  return taken;
}

// A call of one of the script's functions that fills in the value; the same words in bash and zsh.
std::string action(const CompletionValue& value) {
  std::string calls;
  const auto call = [&](const std::string& text) { calls += (calls.empty() ? "" : "; ") + text; };
  if (!value.words.empty())
    call(fmt::format("_janus_{} '{}'", value.list ? "list" : "words", joined(value.words)));
  if (value.models) call("_janus_models");
  if (value.cached) call("_janus_cached");
  if (value.devices) call("_janus_devices");
  if (value.folders) call("_janus_folders");
  if (value.files) call(fmt::format("_janus_files '{}'", joined(value.extensions)));
  return calls.empty() ? ":" : calls;
}

std::string bash_script(const Manual& manual) {
  const std::vector<std::string> commands = command_names(manual);
  std::string values, options;
  for (size_t i = 0; i < commands.size(); ++i) {
    const Taken taken = taken_by(manual, i);
    std::string names;
    for (const OptionEntry* entry : taken.options) {
      names += (short_name(*entry).empty() ? "" : short_name(*entry) + " ") + entry->long_name() + " ";
      if (entry->value_name.empty()) continue;
      std::string pattern = fmt::format("{}:{}", commands[i], entry->long_name());
      if (!short_name(*entry).empty()) pattern += fmt::format("|{}:{}", commands[i], short_name(*entry));
      values += fmt::format("    {}) {}; return ;;\n", pattern,
                            action(completion_value(commands[i], *entry, commands)));
    }
    const std::string argument =
        taken.argument == nullptr ? ":" : action(completion_value(commands[i], *taken.argument, commands));
    options +=
        fmt::format("    {})\n      if [[ $cur == -* ]]; then _janus_words '{}--help'; else {}; fi ;;\n",
                    commands[i], names, argument);
  }
  std::string common;
  for (const OptionEntry& entry : manual.common->entries()) {
    common += entry.long_name() + " ";
    if (entry.value_name.empty()) continue;
    std::string pattern = ":" + entry.long_name();
    if (!short_name(entry).empty()) pattern += "|:" + short_name(entry);
    values += fmt::format("    {}) {}; return ;;\n", pattern, action(completion_value("", entry, commands)));
  }
  return fmt::format(fmt::runtime(kBashScript), fmt::arg("commands", joined(commands)),
                     fmt::arg("patterns", fmt::format("{}", fmt::join(commands, "|"))),
                     fmt::arg("values", values), fmt::arg("options", options), fmt::arg("common", common));
}

// Text within single quotes; `also` are escaped with a backslash.
std::string quoted(const std::string& text, std::string_view also) {
  std::string result;
  for (char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (also.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_option(const OptionEntry& entry, const std::string& command,
                       const std::vector<std::string>& commands) {
  std::string value;
  if (!entry.value_name.empty()) {
    const std::string calls = action(completion_value(command, entry, commands));
    value = fmt::format(":{}:{}", quoted(entry.value_name, "[]:\\"),
                        calls == ":" ? " " : "{" + quoted(calls, "") + "}");
  }
  const std::string help = "[" + quoted(entry.help, "[]:\\") + "]" + value + "'";
  const std::string brief = short_name(entry), both = brief.empty() ? "" : brief + " ";
  const char* many = entry.repeats ? "*" : "";
  const std::string others = entry.repeats ? "" : fmt::format("({}{})", both, entry.long_name());
  std::string text;
  if (!brief.empty()) text += fmt::format("      '{}{}{}{} \\\n", many, others, brief, help);
  return text + fmt::format("      '{}{}{}{} \\\n", many, others, entry.long_name(), help);
}

std::string zsh_script(const Manual& manual) {
  const std::vector<std::string> commands = command_names(manual);
  std::string summaries, cases, common;
  for (size_t i = 0; i < commands.size(); ++i) {
    const Taken taken = taken_by(manual, i);
    summaries += fmt::format("    '{}:{}'\n", commands[i], quoted(taken.command.summary, ":\\"));
    cases += fmt::format("    {})\n      _arguments \\\n", commands[i]);
    for (const OptionEntry* entry : taken.options) cases += zsh_option(*entry, commands[i], commands);
    const std::string argument =
        taken.argument == nullptr ? ":" : action(completion_value(commands[i], *taken.argument, commands));
    cases += fmt::format("      '(-h --help)'{{-h,--help}}'[what it does]' '1: :' '*:argument:{}' ;;\n",
                         argument == ":" ? " " : "{" + quoted(argument, "") + "}");
  }
  for (const OptionEntry& entry : manual.common->entries()) common += zsh_option(entry, "", commands);
  return fmt::format(fmt::runtime(kZshScript), fmt::arg("summaries", summaries), fmt::arg("cases", cases),
                     fmt::arg("common", common));
}

std::string fish_value(const CompletionValue& value) {
  std::string words =
      value.list ? fmt::format("(__janus_list {})", joined(value.words)) : joined(value.words);
  const auto add = [&](const std::string& call) { words += (words.empty() ? "" : " ") + call; };
  if (value.models) add("(__janus_models)");
  if (value.cached) add("(__janus_cached)");
  if (value.devices) add("(__janus_devices)");
  if (value.folders) add("(__fish_complete_directories)");
  if (value.files && value.extensions.empty()) return " -r -F";
  if (value.files) add(fmt::format("(__janus_files {})", joined(value.extensions)));
  return words.empty() ? " -x" : fmt::format(" -x -a '{}'", words);
}

std::string fish_quoted(std::string text) {
  for (size_t at = text.find_first_of("\\'"); at != std::string::npos;
       at = text.find_first_of("\\'", at + 2)) {
    text.insert(at, "\\");
  }
  return text;
}

std::string fish_option(const OptionEntry& entry, const std::string& condition, const std::string& command,
                        const std::vector<std::string>& commands) {
  std::string text = fmt::format("complete -c janus -n '{}' -l {}", condition, entry.long_name().substr(2));
  if (!short_name(entry).empty()) text += " -s " + short_name(entry).substr(1);
  if (!entry.value_name.empty()) text += fish_value(completion_value(command, entry, commands));
  return text + fmt::format(" -d '{}'\n", fish_quoted(entry.help));
}

std::string fish_script(const Manual& manual) {
  const std::vector<std::string> commands = command_names(manual);
  std::string text = kFishFunctions;
  const std::string none = fmt::format("not __fish_seen_subcommand_from {}", joined(commands));
  for (const Command& command : manual.commands) {
    text += fmt::format("complete -c janus -f -n '{}' -a {} -d '{}'\n", none, command.name,
                        fish_quoted(command.summary));
  }
  text += fmt::format("complete -c janus -n '{}' -l version -d 'the version'\n", none);
  text += fmt::format("complete -c janus -n '{}' -l list-devices -d 'what models can run on'\n", none);
  for (const OptionEntry& entry : manual.common->entries()) text += fish_option(entry, none, "", commands);
  for (size_t i = 0; i < commands.size(); ++i) {
    const Taken taken = taken_by(manual, i);
    const std::string seen = "__fish_seen_subcommand_from " + commands[i];
    for (const OptionEntry* entry : taken.options) text += fish_option(*entry, seen, commands[i], commands);
    if (taken.argument == nullptr) {
      text += fmt::format("complete -c janus -f -n '{}'\n", seen);
      continue;
    }
    std::string value = fish_value(completion_value(commands[i], *taken.argument, commands));
    if (value.starts_with(" -x")) value = " -f" + value.substr(3);
    if (value == " -r -F") value = " -F";
    text += fmt::format("complete -c janus -n '{}'{}\n", seen, value);
  }
  return text;
}

}  // namespace

std::string completion_script(const Manual& manual, const std::string& shell) {
  if (shell == "zsh") return zsh_script(manual);
  return shell == "fish" ? fish_script(manual) : bash_script(manual);
}

}  // namespace janus::cli
