// One conversation: what each line of it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/app/sampling_options.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "generator/conversation.h"

namespace janus::cli {

struct ChatSettings {
  std::string image;  // part of the first question; empty = none
  std::string output = "janus-%03d.png";
  SamplingSettings sampling{AnswerRequest{}.sampling};
  double guidance = ImageRequest{}.guidance;
  bool special_tokens = false;
};

// The commands of a conversation, for people.
std::string chat_help();

class Chat {
 public:
  Chat(const ChatSettings& settings, const CommonOptions& common, Console& console);

  // Does what a line says: a command that begins with "/", or a question. Throws Error for what fails; the
  // conversation is then as it was. False ends it.
  bool take(const std::string& line);

 private:
  struct Turn {
    std::string role;  // "user", "assistant"
    std::string text;
    std::vector<std::string> images;
  };

  bool take_command(const std::string& name, const std::string& rest);
  void ask(const std::string& question);
  void add_image(const std::string& path);
  void generate(const std::string& prompt);
  void save(const std::string& path) const;
  void reset();

  const ChatSettings& settings_;
  const CommonOptions& common_;
  Console& console_;
  ProgressDisplay progress_;
  ChosenModel chosen_;
  std::optional<Engine> engine_;
  std::optional<Conversation> conversation_;
  std::vector<Turn> turns_;
  std::vector<Image> waiting_;  // images of the next question
  std::vector<std::string> waiting_names_;
  int64_t generated_ = 0;
  uint32_t asked_ = 0;  // questions so far, each with a seed of its own
};

}  // namespace janus::cli
