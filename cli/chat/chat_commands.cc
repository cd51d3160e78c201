#include "cli/chat/chat_commands.h"

#include <fmt/format.h>

#include "cli/chat/typed_path.h"
#include "core/base/error.h"
#include "core/base/near_name.h"

namespace janus::cli {
namespace {

using Action = ChatAction;
using Argument = ChatArgument;

constexpr ChatCommand kCommands[]{
    {"/image", Action::image, Argument::path, true, "FILE",
     "show an image; the next question is about it, and it stays"},
    {"/generate", Action::generate, Argument::prompt, true, "PROMPT",
     "make an image, in a file; the next question is about it"},
    {"/set", Action::set, Argument::setting, false, "[NAME [VALUE]]", "show settings, or change one"},
    {"/seed", Action::seed, Argument::number, false, "[N]", "the seed of the next answer and the next image"},
    {"/undo", Action::undo, Argument::none, false, "",
     "take back the last question and its answer, or image"},
    {"/reset", Action::reset, Argument::none, false, "", "forget everything said"},
    {"/save", Action::save, Argument::path, true, "FILE", "write the conversation: FILE.json, or text"},
    {"/save!", Action::replace, Argument::path, true, "FILE", "the same, also over another file"},
    {"/load", Action::load, Argument::path, false, "[FILE]",
     "go on with a FILE.json; without FILE: list those kept"},
    {"/help", Action::help, Argument::none, false, "", "this list"},
    {"/quit", Action::quit, Argument::none, false, "", "end; so do /bye, /exit and Ctrl-D"},
    {"/bye", Action::quit, Argument::none, false, "", ""},
    {"/exit", Action::quit, Argument::none, false, "", ""}};

}  // namespace

std::span<const ChatCommand> chat_commands() { return kCommands; }

const ChatCommand& chat_command_of(const std::string& name, const std::string& argument) {
  std::vector<std::string> names, shown;
  for (const ChatCommand& command : kCommands) {
    if (name == command.name) {
      check(!argument.empty() || !command.needs,
            "command {}, conversation: expected {}, found nothing; see /help", name, command.argument);
      check(argument.empty() || command.takes != Argument::none,
            "command {}, conversation: expected nothing behind it, found \"{}\"; see /help", name, argument);
      return command;
    }
    names.emplace_back(command.name);
    if (*command.help != '\0') shown.push_back(names.back());
  }
  const std::string line = argument.empty() ? name : name + " " + argument;
  std::string near = near_name(name, names);
  if (near.empty() && is_file(typed_inputs(line).front())) near = "/image " + line;
  fail("command {}, conversation: expected one of {}, found none of that name; {}", name,
       fmt::join(shown, ", "), near.empty() ? "see /help" : "did you mean " + near + "?");
}

std::string chat_help() {
  std::string text = "In the conversation:\n";
  for (const ChatCommand& command : kCommands) {
    if (*command.help == '\0') continue;
    text += fmt::format("  {:<20} {}\n", fmt::format("{} {}", command.name, command.argument), command.help);
  }
  return text +
         "Ctrl-C breaks an answer or an image off: it and its question are no part of the\n"
         "conversation then. At the prompt it clears the line; twice on an empty one ends.\n"
         "FILE may be quoted, hold backslashes, begin with ~ or be a file:// URL, as\n"
         "terminals type what is dragged into them. Tab completes commands and files.\n";
}

}  // namespace janus::cli
