// The scripts of `janus completion`, made from the tables of options.
#include <fmt/format.h>

#include "cli/app/manual.h"

namespace janus::cli {
namespace {

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::vector<std::string> names_of(const OptionSet& options) {
  std::vector<std::string> names;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional) continue;
    if (!short_name(entry).empty()) names.push_back(short_name(entry));
    names.push_back(entry.long_name());
  }
  return names;
}

std::vector<std::string> command_names(const Manual& manual) {
  std::vector<std::string> names;
  for (const Command& command : manual.commands) names.push_back(command.name);
  return names;
}

// The values of positional arguments that are names of the program itself.
std::string words_of_arguments(const Manual& manual, const Command& command) {
  if (command.name == "completion") return "bash zsh fish";
  return command.name == "help" ? joined(command_names(manual)) : "";
}

// "  generate:--ranker) ..." for each option that takes a value.
std::string bash_values(const OptionSet& options, const std::string& command) {
  std::string text;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional || entry.value_name.empty()) continue;
    std::string pattern = fmt::format("{}:{}", command, entry.long_name());
    if (!short_name(entry).empty()) pattern += fmt::format("|{}:{}", command, short_name(entry));
    const std::vector<std::string>& choices = entry.reader.choices;
    std::string action = ":";
    if (!choices.empty()) {
      action = fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", joined(choices));
    } else if (takes_file(entry)) {
      action = "COMPREPLY=($(compgen -f -- \"$cur\"))";
    }
    text += fmt::format("    {}) {}; return ;;\n", pattern, action);
  }
  return text;
}

std::string bash_script(const Manual& manual) {
  std::string text =
      "# bash completion of janus; source it, or put it into share/bash-completion/completions/janus\n"
      "_janus() {\n"
      "  local IFS=$' \\t\\n' cur=${COMP_WORDS[COMP_CWORD]} prev= command= word options\n"
      "  ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in\n";
  text += fmt::format("      {}) command=$word; break ;;\n", fmt::join(command_names(manual), "|"));
  text += "    esac\n  done\n  case $command:$prev in\n";
  for (size_t i = 0; i < manual.commands.size(); ++i) {
    text += bash_values(manual.options[i], manual.commands[i].name);
  }
  text += bash_values(*manual.common, "*");
  text += "  esac\n  case $command in\n";
  const std::string common = joined(names_of(*manual.common));
  for (size_t i = 0; i < manual.commands.size(); ++i) {
    text += fmt::format("    {}) options='{}' ;;\n", manual.commands[i].name,
                        joined(names_of(manual.options[i])));
  }
  text += fmt::format(
      "    *) options='--version --list-devices' ;;\n  esac\n"
      "  if [[ $cur == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$options {} --help\" -- \"$cur\"))\n"
      "  elif [[ -z $command ]]; then\n"
      "    COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n",
      common, joined(command_names(manual)));
  for (const Command& command : manual.commands) {
    const std::string words = words_of_arguments(manual, command);
    if (words.empty()) continue;
    text += fmt::format("  elif [[ $command == {} ]]; then\n    COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n",
                        command.name, words);
  }
  return text +
         "  else\n    COMPREPLY=($(compgen -f -- \"$cur\"))\n  fi\n}\ncomplete -o filenames -F _janus "
         "janus\n";
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

std::string zsh_options(const OptionSet& options) {
  std::string text;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional) continue;
    std::string value;
    if (!entry.value_name.empty()) {
      const std::vector<std::string>& choices = entry.reader.choices;
      value = ":" + entry.value_name + ":";
      if (!choices.empty()) {
        value += "(" + joined(choices) + ")";
      } else if (takes_file(entry)) {
        value += "_files";
      }
    }
    const std::string help = "[" + quoted(entry.help, "[]:\\") + "]" + value + "'";
    const std::string brief = short_name(entry), both = brief.empty() ? "" : brief + " ";
    if (!brief.empty()) text += fmt::format("    '({}{}){}{} \\\n", both, entry.long_name(), brief, help);
    text += fmt::format("    '({}{}){}{} \\\n", both, entry.long_name(), entry.long_name(), help);
  }
  return text;
}

std::string zsh_script(const Manual& manual) {
  std::string text =
      "#compdef janus\n# zsh completion of janus; put it as _janus into a folder of $fpath\n_janus() {\n"
      "  local -a commands common\n  commands=(\n";
  for (const Command& command : manual.commands) {
    text += fmt::format("    '{}:{}'\n", command.name, quoted(command.summary, ":\\"));
  }
  text += "  )\n  common=(\n";
  std::string common = zsh_options(*manual.common);
  for (size_t at = common.find(" \\\n"); at != std::string::npos; at = common.find(" \\\n", at))
    common.erase(at, 2);
  text += common + "    '(-h --help)'{-h,--help}'[what it does]'\n  )\n";
  text +=
      "  local command= word\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    if (( ${commands[(I)$word:*]} )); then command=$word; break; fi\n"
      "  done\n"
      "  case $command in\n"
      "    '') _arguments \"$common[@]\" '--version[the version]' '--list-devices[what models can run on]' "
      "'1: :{_describe command commands}' ;;\n";
  for (size_t i = 0; i < manual.commands.size(); ++i) {
    const std::string words = words_of_arguments(manual, manual.commands[i]);
    text += fmt::format("    {})\n    _arguments \\\n{}    \"$common[@]\" '1: :' '*:argument:{}' ;;\n",
                        manual.commands[i].name, zsh_options(manual.options[i]),
                        words.empty() ? "_files" : "(" + words + ")");
  }
  return text +
         "  esac\n}\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then _janus \"$@\"; else compdef _janus "
         "janus; fi\n";
}

std::string fish_options(const OptionSet& options, const std::string& condition) {
  std::string text;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional) continue;
    text += fmt::format("complete -c janus -n '{}' -l {}", condition, entry.long_name().substr(2));
    if (!short_name(entry).empty()) text += " -s " + short_name(entry).substr(1);
    const std::vector<std::string>& choices = entry.reader.choices;
    if (!choices.empty()) {
      text += fmt::format(" -x -a '{}'", joined(choices));
    } else if (!entry.value_name.empty()) {
      text += takes_file(entry) ? " -r -F" : " -x";
    }
    std::string help = entry.help;
    for (size_t at = help.find_first_of("\\'"); at != std::string::npos;
         at = help.find_first_of("\\'", at + 2)) {
      help.insert(at, "\\");
    }
    text += fmt::format(" -d '{}'\n", help);
  }
  return text;
}

std::string fish_script(const Manual& manual) {
  std::string text = "# fish completion of janus; put it into a completions folder as janus.fish\n";
  const std::string none = fmt::format("not __fish_seen_subcommand_from {}", joined(command_names(manual)));
  for (const Command& command : manual.commands) {
    std::string summary = command.summary;
    for (size_t at = summary.find('\''); at != std::string::npos; at = summary.find('\'', at + 2)) {
      summary.insert(at, "\\");
    }
    text += fmt::format("complete -c janus -f -n '{}' -a {} -d '{}'\n", none, command.name, summary);
  }
  text += fish_options(*manual.common, "true");
  for (size_t i = 0; i < manual.commands.size(); ++i) {
    const std::string seen = "__fish_seen_subcommand_from " + manual.commands[i].name;
    text += fish_options(manual.options[i], seen);
    const std::string words = words_of_arguments(manual, manual.commands[i]);
    if (!words.empty()) text += fmt::format("complete -c janus -f -n '{}' -a '{}'\n", seen, words);
  }
  return text;
}

}  // namespace

std::string completion_script(const Manual& manual, const std::string& shell) {
  if (shell == "zsh") return zsh_script(manual);
  return shell == "fish" ? fish_script(manual) : bash_script(manual);
}

}  // namespace janus::cli
