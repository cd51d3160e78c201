#include "cli/app/help.h"

#include <fmt/format.h>
#include <janus/version.h>

namespace janus::cli {
namespace {

constexpr const char* kNotes =
    "Every option also reads JANUS_<OPTION> from the environment: JANUS_MODEL, JANUS_MAX_TOKENS, "
    "JANUS_TOP_P;\n"
    "then from $XDG_CONFIG_HOME/janus/config.toml: model = \"Janus-Pro-1B\", or under [generate] cfg-scale = "
    "4.\n"
    "Results go to standard output, everything else to standard error.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 some of several items failed, 130 interrupted.\n";

std::string examples(const std::vector<std::string>& lines) {
  std::string text = "Examples:\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

std::string argument_form(const OptionEntry& entry) {
  std::string form = entry.names + (entry.repeats ? "..." : "");
  return entry.required ? form : "[" + form + "]";
}

// "  -s, --seed N          0 to ..."
std::string row(const OptionEntry& entry) {
  std::string form = entry.positional ? argument_form(entry) : entry.names;
  size_t comma = form.find(",--");
  if (!entry.positional && comma != std::string::npos) form.insert(comma + 1, " ");
  if (!entry.positional && comma == std::string::npos) form = "    " + form;
  if (!entry.value_name.empty()) form += " " + entry.value_name;
  return fmt::format("  {:<26} {}{}\n", form, entry.help,
                     entry.required && !entry.positional ? " (needed)" : "");
}

std::string rows(const OptionSet& options, bool positional) {
  std::string text;
  for (const OptionEntry& entry : options.entries()) {
    if (entry.positional == positional) text += row(entry);
  }
  return text;
}

}  // namespace

std::vector<std::string> program_examples() {
  return {
      "janus generate \"a red circle on a white background\" -o circle.png",
      "janus describe circle.png",
      "janus describe -m Janus-Pro-1B photo.jpg -p \"What is written on the sign?\"",
      "janus generate -m Janus-Pro-1B \"a lighthouse at dusk\" -o out-%03d.png -b 4 --seed 7",
      "janus info out-000.png",
  };
}

std::string help_notes() { return kNotes; }

std::string program_help(const std::vector<Command>& commands, const OptionSet& common) {
  std::string text = examples(program_examples());
  text += "\njanus " JANUS_VERSION ": describe and generate images with DeepSeek's Janus models\n";
  text += "\nUsage: janus COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands) text += fmt::format("  {:<26} {}\n", command.name, command.summary);
  text += "\nCommon options:\n" + rows(common, false);
  text += "\nOf the program alone:\n      --version              its version\n";
  text += "      --list-devices         what models can run on\n";
  text += "\njanus COMMAND --help says more about one.\n";
  return text + kNotes;
}

std::string command_help(const Command& command, const OptionSet& own, const OptionSet& common) {
  std::string text = examples(command.examples);
  text +=
      fmt::format("\njanus {}: {}\n\nUsage: janus {} [OPTIONS]", command.name, command.summary, command.name);
  for (const OptionEntry& entry : own.entries()) {
    if (entry.positional) text += " " + argument_form(entry);
  }
  text += "\n";
  std::string arguments = rows(own, true), options = rows(own, false);
  if (!arguments.empty()) text += "\nArguments:\n" + arguments;
  if (!options.empty()) text += "\nOptions:\n" + options;
  if (!command.notes.empty()) text += "\n" + command.notes;
  return text + "\nCommon options:\n" + rows(common, false) + "\n" + kNotes;
}

}  // namespace janus::cli
