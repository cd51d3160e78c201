#include "cli/app/manual.h"

#include <fmt/format.h>
#include <janus/version.h>

#include <algorithm>
#include <memory>

#include "cli/app/help.h"
#include "cli/io/output_file.h"
#include "cli/io/wrapped_text.h"
#include "core/base/near_name.h"

namespace janus::cli {
namespace {

// Text as roff shows it: its own characters, and no line that begins a macro.
std::string roff(const std::string& text) {
  std::string result;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) result += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string form_of(const OptionEntry& entry) {
  if (entry.positional) return "\\fI" + roff(entry.names) + "\\fR";
  std::string names = "\\fB" + roff(entry.long_name()) + "\\fR";
  if (!short_name(entry).empty()) names = "\\fB" + roff(short_name(entry)) + "\\fR, " + names;
  return entry.value_name.empty() ? names : names + " \\fI" + roff(entry.value_name) + "\\fR";
}

std::string section(const std::string& title, const OptionSet& options, bool positional) {
  std::string text;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional == positional) text += ".TP\n" + form_of(entry) + "\n" + roff(entry.help) + "\n";
  }
  return text.empty() ? text : ".SH " + title + "\n" + text;
}

const OptionSet& options_of(const Manual& manual, const Command& command) {
  return manual.options[static_cast<size_t>(&command - manual.commands.data())];
}

constexpr size_t kManWidth = 72;  // man indents by 7

// Which of the options of janus(1) a command takes.
std::string common_options_of(const Command& command, const OptionSet& common) {
  std::string names;
  for (const OptionEntry& entry : common.entries()) {
    if (!command.leaves_unused(entry.long_name())) names += (names.empty() ? "" : ", ") + entry.brief_name();
  }
  return "janus(1), for the common options that it takes: " + names + "; environment, files, exit status.";
}

std::string preformatted(const std::string& text) { return ".nf\n" + roff(text) + ".fi\n"; }

const Command* find(const Manual& manual, const std::string& name) {
  for (const Command& command : manual.commands) {
    if (command.name == name) return &command;
  }
  std::vector<std::string> names;
  for (const Command& command : manual.commands) names.push_back(command.name);
  const std::string near = near_name(name, names);
  throw UsageError(fmt::format("command, command line: expected one of {}, found \"{}\"; {}",
                               fmt::join(names, ", "), name,
                               near.empty() ? "see janus --help" : "did you mean " + near + "?"));
}

// Everything a package installs of it, into a folder that is there.
void write_pages(const Manual& manual, const std::string& folder, Console& console) {
  OutputFile(folder + "/janus.1").write(man_page(manual, nullptr), console);
  for (const Command& command : manual.commands) {
    OutputFile(fmt::format("{}/janus-{}.1", folder, command.name)).write(man_page(manual, &command), console);
  }
  OutputFile(folder + "/janus").write(completion_script(manual, "bash"), console);
  OutputFile(folder + "/_janus").write(completion_script(manual, "zsh"), console);
  OutputFile(folder + "/janus.fish").write(completion_script(manual, "fish"), console);
}

constexpr const char* kOptions = "options";

struct HelpSettings {
  std::string command, folder;
  bool man = false;
};

}  // namespace

std::string short_name(const OptionEntry& entry) {
  const size_t comma = entry.names.find(',');
  return entry.positional || comma == std::string::npos ? "" : entry.names.substr(0, comma);
}

std::string man_page(const Manual& manual, const Command* command) {
  const std::string name = command == nullptr ? "janus" : "janus-" + command->name;
  std::string text = fmt::format(".TH {} 1 \"\" \"janus {}\" \"User Commands\"\n", roff(name), JANUS_VERSION);
  text += ".SH NAME\n" + roff(name) + " \\- " +
          roff(command == nullptr ? "describe and generate images with DeepSeek's Janus models"
                                  : command->summary) +
          "\n.SH SYNOPSIS\n.B " +
          (command == nullptr ? "janus \\fICOMMAND\\fR" : roff("janus " + command->name)) +
          " [\\fIOPTIONS\\fR]";
  if (command != nullptr) {
    for (const OptionEntry& entry : options_of(manual, *command).entries()) {
      if (entry.positional) text += " " + form_of(entry) + (entry.repeats ? "..." : "");
    }
  }
  text += "\n.SH EXAMPLES\n";
  std::string lines;
  for (const std::string& line : command == nullptr ? program_examples() : command->examples)
    lines += line + "\n";
  text += preformatted(lines);
  if (command != nullptr) {
    text += section("ARGUMENTS", options_of(manual, *command), true);
    text += section("OPTIONS", options_of(manual, *command), false);
    if (!command->notes.empty())
      text += ".SH NOTES\n" + preformatted(wrapped_notes(command->notes, kManWidth));
    return text + ".SH \"SEE ALSO\"\n" + roff(common_options_of(*command, *manual.common)) + "\n";
  }
  text += ".SH COMMANDS\n";
  for (const Command& one : manual.commands) {
    text += ".TP\n\\fB" + roff("janus-" + one.name) + "\\fR(1)\n" + roff(one.summary) + "\n";
  }
  return text + section("\"COMMON OPTIONS\"", *manual.common, false) +
         ".SH \"ENVIRONMENT, FILES, EXIT STATUS\"\n" + preformatted(wrapped_notes(help_notes(), kManWidth));
}

Command help_command(const Manual& manual) {
  auto settings = std::make_shared<HelpSettings>();
  return {
      .name = "help",
      .summary = "the help of a command, or of all; also as a man page",
      .examples = {"janus help", "janus help generate", "janus help options",
                   "janus help generate --man | man -l -"},
      .declare =
          [settings](OptionSet& options) {
            options.argument("COMMAND", some_text(settings->command),
                             "the command, or options for those that commands share (default: an overview)");
            options.flag("--man", settings->man, "as a man page");
            options.option(
                "--write-pages", "FOLDER", some_text(settings->folder),
                "write all man pages and shell completions into a folder that is there, as a package "
                "installs them");
          },
      .run = [settings, &manual](const CommonOptions& /*common*/, Console& console) -> Outcome {
        const bool options = settings->command == kOptions;
        const Command* command =
            options || settings->command.empty() ? nullptr : find(manual, settings->command);
        if (!settings->folder.empty()) {
          write_pages(manual, settings->folder, console);
        } else if (settings->man) {
          console.result(man_page(manual, command));
        } else if (options) {
          console.result(options_help(*manual.common));
        } else {
          console.result(command == nullptr
                             ? program_help(manual.commands)
                             : command_help(*command, options_of(manual, *command), *manual.common));
        }
        return Outcome::done;
      },
      .unused = kTextOnly,
  };
}

Command completion_command(const Manual& manual) {
  auto shell = std::make_shared<std::string>();
  return {
      .name = "completion",
      .summary = "a script that completes commands and options in bash, zsh or fish",
      .examples = {"source <(janus completion bash)", "janus completion zsh > ~/.zfunc/_janus",
                   "janus completion fish > ~/.config/fish/completions/janus.fish"},
      .declare =
          [shell](OptionSet& options) {
            options.required_argument("SHELL", one_of(*shell, {"bash", "zsh", "fish"}), "bash, zsh or fish");
          },
      .run = [shell, &manual](const CommonOptions& /*common*/, Console& console) -> Outcome {
        console.result(completion_script(manual, *shell));
        return Outcome::done;
      },
      .unused = kTextOnly,
  };
}

}  // namespace janus::cli
