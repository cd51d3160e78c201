// The file that keeps a conversation while it goes on, so that nothing said is lost with the terminal.
#pragma once

#include <string>

#include "cli/chat/transcript.h"
#include "cli/io/console.h"

namespace janus::cli {

// One spelling of a path, with links followed.
std::string canonical_path(const std::string& path);

class ConversationFile {
 public:
  enum class Keeps {
    nothing,
    named,    // in a file that the user names
    by_name,  // in files of janus's own naming, in the folder of its state
  };
  // path: of `named`. goes_on: it may be there already, since the conversation is the one in it. Throws Error
  // where it is there otherwise, or cannot be written.
  ConversationFile(Keeps keeps, const std::string& path, bool goes_on);

  // Puts the whole conversation there in one step, readable by its owner alone. `named`: throws Error where
  // that fails; `by_name`: says so once and keeps nothing from there on.
  void write(const Transcript& transcript, Console& console);
  // The next write begins a new file: what was kept stays.
  void begin_new();
  // The file that was written last; empty where none was.
  const std::string& path() const { return written_; }

 private:
  void put(const std::string& text) const;

  Keeps keeps_;
  std::string path_;  // empty until one is needed
  std::string written_;
  bool begun_ = false;  // whether path_ is written
};

// The conversations in the folder of janus's state, newest first, a line each: the file, and its first
// question.
std::string kept_conversations();

}  // namespace janus::cli
