#include "cli/app/help.h"

#include <fmt/format.h>
#include <janus/version.h>

#include "cli/io/terminal_width.h"
#include "cli/io/wrapped_text.h"

namespace janus::cli {
namespace {

constexpr size_t kColumn = 27;  // where the second column begins

constexpr const char* kNotes =
    "Every option also reads JANUS_<OPTION> from the environment (JANUS_MODEL, JANUS_MAX_TOKENS, "
    "JANUS_TOP_P), then $XDG_CONFIG_HOME/janus/config.toml: model = \"Janus-Pro-1B\", or under [generate] "
    "cfg-scale = 4.\n"
    "\n"
    "Results go to standard output, everything else to standard error.\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 some of several items failed, 130 interrupted by "
    "Ctrl-C, 143 ended by SIGTERM, 129 by SIGHUP.\n";

std::string examples(const std::vector<std::string>& lines, size_t width) {
  std::string text;
  for (const std::string& line : lines) text += wrapped_command(line, width, 2) + "\n";
  return text;
}

std::string argument_form(const OptionEntry& entry) {
  std::string form = entry.names + (entry.repeats ? "..." : "");
  return entry.required ? form : "[" + form + "]";
}

// "  -s, --seed N             0 to ..."
std::string row(const OptionEntry& entry, size_t width) {
  std::string form = entry.positional ? argument_form(entry) : entry.names;
  size_t comma = form.find(",--");
  if (!entry.positional && comma != std::string::npos) form.insert(comma + 1, " ");
  if (!entry.positional && comma == std::string::npos) form = "    " + form;
  if (!entry.value_name.empty()) form += " " + entry.value_name;
  const char* needed = entry.required && !entry.positional ? " (needed)" : "";
  return wrapped_row("  " + form, entry.help + needed, width, kColumn);
}

std::string rows(const OptionSet& options, bool positional, size_t width) {
  std::string text;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional == positional) text += row(entry, width);
  }
  return text;
}

// One line that names them, and where they are told.
std::string common_names(const Command& command, const OptionSet& common) {
  std::string names;
  for (const OptionEntry& entry : common.entries()) {
    if (command.leaves_unused(entry.long_name())) continue;
    names += (names.empty() ? "" : ", ") + entry.brief_name();
  }
  return fmt::format("Common options, which janus help options tells: {}.", names);
}

}  // namespace

std::vector<std::string> program_examples() {
  return {
      "janus generate \"a red circle on a white background\" -o circle.png",
      "janus describe circle.png",
      "janus describe -m Janus-Pro-1B photo.jpg -p \"What is on the sign?\"",
      "janus generate -m Janus-Pro-1B \"a lighthouse at dusk\" -o out-%03d.png -b 4",
      "janus info out-000.png",
  };
}

std::string help_notes() { return kNotes; }

std::string welcome() {
  const size_t width = help_width();
  return wrapped("janus " JANUS_VERSION
                 " describes images and makes them from words, with DeepSeek's Janus models.",
                 width) +
         "\n\n" +
         examples({"janus generate \"a red circle on a white background\" -o circle.png",
                   "janus describe circle.png", "janus chat"},
                  width) +
         "\n" +
         wrapped(
             "These run as they are, with a small model that knows coloured shapes. For photographs and free "
             "prompts: janus pull deepseek-community/Janus-Pro-1B",
             width) +
         "\n\n" + wrapped("janus help lists all commands, janus help COMMAND says more about one.", width) +
         "\n";
}

std::string program_help(const std::vector<Command>& commands) {
  const size_t width = help_width();
  std::string text = "Examples:\n" + examples(program_examples(), width) + "\n";
  text +=
      wrapped("janus " JANUS_VERSION ": describe and generate images with DeepSeek's Janus models", width);
  text += "\n\nUsage: janus COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands) {
    text += wrapped_row("  " + command.name, command.summary, width, kColumn);
  }
  text += "\nOptions:\n";
  text += wrapped_row("  -h, --help", "this help, or that of a command", width, kColumn);
  text += wrapped_row("      --version", "the version; with --json as an object", width, kColumn);
  text += wrapped_row("      --list-devices", "what models can run on; with --json an object a line", width,
                      kColumn);
  text += "\n" + wrapped_row("janus COMMAND --help", "more about one", width, kColumn);
  text += wrapped_row("janus help options",
                      "the options that commands share (-m, --device, --seed, --json, ...), environment, "
                      "settings file, exit codes",
                      width, kColumn);
  return text;
}

std::string command_help(const Command& command, const OptionSet& own, const OptionSet& common) {
  const size_t width = help_width();
  std::string text = "Examples:\n" + examples(command.examples, width) + "\n";
  text += wrapped(fmt::format("janus {}: {}", command.name, command.summary), width);
  std::string usage = fmt::format("Usage: janus {} [OPTIONS]", command.name);
  for (const OptionEntry& entry : own.entries()) {
    if (entry.positional) usage += " " + argument_form(entry);
  }
  text += "\n\n" + wrapped(usage, width) + "\n";
  const std::string arguments = rows(own, true, width), options = rows(own, false, width);
  if (!arguments.empty()) text += "\nArguments:\n" + arguments;
  if (!options.empty()) text += "\nOptions:\n" + options;
  if (!command.notes.empty()) text += "\n" + wrapped_notes(command.notes, width);
  return text + "\n" + wrapped(common_names(command, common), width) + "\n";
}

std::string options_help(const OptionSet& common) {
  const size_t width = help_width();
  return wrapped(
             "Options that commands share. Every command accepts all of them, so that scripts can give the "
             "same ones everywhere; its own help and completion name those that change something in it.",
             width) +
         "\n\n" + rows(common, false, width) + "\n" + wrapped_notes(kNotes, width);
}

}  // namespace janus::cli
