#include "cli/chat/chat_command.h"

#include <unistd.h>

#include <memory>

#include "cli/chat/chat.h"
#include "cli/chat/line_reader.h"

namespace janus::cli {
namespace {

Outcome chat(const ChatSettings& settings, const CommonOptions& common, Console& console) {
  Chat conversation(settings, common, console);
  const bool person = isatty(STDIN_FILENO) != 0;
  if (person) console.notice("/help lists what can be said beside questions; Ctrl-D ends");
  const std::unique_ptr<LineReader> lines = open_line_reader();
  int failed = 0, taken = 0;
  for (bool goes_on = true; goes_on;) {
    const std::optional<std::string> line = lines->read("> ");
    if (!line) break;
    ++taken;
    const std::optional<std::string> fault = error_of([&] { goes_on = conversation.take(*line); });
    if (!fault) continue;
    ++failed;
    console.error(*fault);
    if (common.json) print_json({{"prompt", *line}, {"error", *fault}}, console);
  }
  // Who sits at the terminal has seen what failed, and gone on.
  if (failed == 0 || person) return Outcome::done;
  return failed == taken ? Outcome::all_failed : Outcome::some_failed;
}

}  // namespace

Command chat_command() {
  auto settings = std::make_shared<ChatSettings>();
  return {
      .name = "chat",
      .summary = "a conversation about images, and images made within it",
      .examples = {"janus chat", "janus chat --image photo.jpg",
                   "printf '/image photo.jpg\\nWhat is this?\\nWhich colour is it?\\n' | janus chat"},
      .declare =
          [settings](OptionSet& options) {
            options.option("--image", "FILE", some_text(settings->image),
                           "begin with this image, as /image does");
            options.option("-o,--output", "OUT", some_text(settings->output),
                           "names of the images /generate makes");
            declare_guidance(options, settings->guidance,
                             "how closely /generate follows its prompt, {range}; 1 = off");
            declare_sampling(options, settings->sampling, Sampled::words, "of answers: ");
            declare_special_tokens(options, settings->special_tokens);
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return chat(*settings, common, console); },
      .notes = chat_help(),
  };
}

}  // namespace janus::cli
