// The commands of a conversation: the one table that dispatch, help and completion read.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace janus::cli {

enum class ChatAction { image, generate, set, seed, undo, reset, save, replace, load, help, quit };
enum class ChatArgument { none, path, prompt, setting, number };

struct ChatCommand {
  const char* name;
  ChatAction action;
  ChatArgument takes;
  bool needs;                   // the argument
  const char *argument, *help;  // for people; no help: another name of the command above
};

std::span<const ChatCommand> chat_commands();
// The command that a line begins with. Throws Error that names the nearest where there is none, and for an
// argument that is missing or too much.
const ChatCommand& chat_command_of(const std::string& name, const std::string& argument);

// The commands, for people.
std::string chat_help();

}  // namespace janus::cli
