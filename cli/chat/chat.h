// One conversation: what each line of it does.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/chat/chat_commands.h"
#include "cli/chat/chat_settings.h"
#include "cli/chat/conversation_file.h"
#include "cli/chat/transcript.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "generator/conversation.h"

namespace janus::cli {

class Chat {
 public:
  // person: somebody sits at a terminal; the conversation is kept for them unless they want none of that.
  Chat(const ChatSettings& settings, const CommonOptions& common, Console& console, bool person);

  // Does what a line says: a command that begins with "/", or a question. Throws Error for what fails; the
  // conversation is then as it was. False ends it.
  bool take(const std::string& line);
  // Whether Ctrl-C is what ended the last line.
  bool broken_off() const { return broken_off_; }
  // The file in which the conversation is kept; empty where it is not.
  const std::string& kept_in() const { return file_.path(); }

 private:
  void take_command(const ChatCommand& command, const std::string& rest);
  void check_not_broken_off(const char* what);

  void ask(const std::string& question);
  void tell_answer(const ChatEntry& entry, const Answer& answer);
  void generate(const std::string& prompt);
  void add_images(const std::vector<std::string>& paths);
  void check_room_for_image(const std::string& path, int64_t waiting) const;

  void undo();
  void reset();
  void set(const std::string& argument);
  void seed(const std::string& argument);
  void save(const std::string& path, bool replace);
  void load(const std::string& path);
  // Makes `transcript`, whose images are read, the conversation.
  void go_on_with(Transcript transcript);
  // Lines for people that they asked for: results, but no JSON.
  void show(const std::string& lines);
  void keep() { file_.write(transcript_, console_); }

  ChatSettings settings_;
  CommonOptions common_;
  Console& console_;
  bool person_, broken_off_ = false;
  ConversationFile file_;
  ProgressDisplay progress_;
  ChosenModel chosen_;
  std::optional<Engine> engine_;
  std::optional<Conversation> conversation_;
  Transcript transcript_;
  std::set<std::string> saved_;    // files that /save made
  uint32_t asked_ = 0, made_ = 0;  // each question, and each image, has a seed of its own
  int64_t name_ = 0;               // the number in the next image's name, at least
  bool told_limits_ = false;       // of the built-in model
};

}  // namespace janus::cli
