#include "cli/chat/chat_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cli/app/window_options.h"
#include "cli/chat/chat.h"
#include "cli/chat/completion.h"
#include "cli/chat/line_reader.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "core/base/mapped_file.h"

namespace janus::cli {
namespace {

// Takes lines to the end of the conversation. Who sits at the terminal has seen what failed, and gone on.
Outcome converse(Chat& conversation, LineReader& lines, const CommonOptions& common, Console& console,
                 bool person) {
  int failed = 0, taken = 0, ends_asked = 0;
  for (bool goes_on = true; goes_on;) {
    const TypedLine line = lines.read("> ");
    if (line.end == TypedLine::End::input_ended) break;
    if (line.end == TypedLine::End::interrupted) {
      ends_asked = line.text.empty() ? ends_asked + 1 : 0;
      if (ends_asked == 2) return Outcome::interrupted;
      if (ends_asked == 1) console.notice("Ctrl-C again ends; so do Ctrl-D and /quit");
      continue;
    }
    ends_asked = 0;
    ++taken;
    const std::optional<std::string> fault = any_error_of([&] { goes_on = conversation.take(line.text); });
    check_mapped_files();
    if (!fault) continue;
    ++failed;
    if (person && conversation.broken_off()) {
      console.notice(*fault);
    } else {
      console.error(*fault);
    }
    if (common.json) print_json({{"prompt", line.text}, {"error", *fault}}, console);
  }
  if (failed == 0 || person) return Outcome::done;
  return failed == taken ? Outcome::all_failed : Outcome::some_failed;
}

Outcome chat(const ChatSettings& settings, const CommonOptions& common, Console& console) {
  if (settings.no_save && !settings.save.empty()) {
    throw UsageError(
        "option --no-save, command line: expected either it or --save, found both; see janus chat --help");
  }
  check_quality(*settings.quality_option, {settings.output});
  const bool person = isatty(STDIN_FILENO) != 0;
  Chat conversation(settings, common, console, person);
  if (person) console.notice("/help lists what can be said beside questions; Ctrl-D ends");
  const std::vector<std::string> names = setting_names();
  const std::unique_ptr<LineReader> lines =
      open_line_reader([&](const std::string& line) { return complete_line(line, names); });
  const Outcome outcome = converse(conversation, *lines, common, console, person);
  const std::string& file = conversation.kept_in();
  if (person && !file.empty()) console.notice(fmt::format("kept: janus chat --load {} goes on", file));
  return outcome;
}

}  // namespace

Command chat_command() {
  auto settings = std::make_shared<ChatSettings>();
  return {
      .name = "chat",
      .summary = "a conversation about images, and images made within it",
      .examples = {"janus chat", "janus chat --image photo.jpg", "janus chat --save party.json",
                   "printf '/image photo.jpg\\nWhat is this?\\nWhich colour is it?\\n' | janus chat"},
      .declare =
          [settings](OptionSet& options) {
            options.option("--image", "FILE", some_text(settings->image),
                           "begin with this image, as /image does");
            options.option("-o,--output", "OUT", some_text(settings->output),
                           "names of the images /generate makes");
            options.option("--load", "FILE", some_text(settings->load),
                           "go on with this conversation, as /load does");
            options.option("--save", "FILE", some_text(settings->save),
                           "keep the conversation in FILE, as JSON, after each answer");
            options.flag("--no-save", settings->no_save,
                         "do not keep it (at a terminal: in $XDG_STATE_HOME/janus/chats)");
            settings->quality_option = &declare_quality(options, settings->quality);
            declare_pixel_limit(options, settings->pixel_limit);
            declare_guidance(options, settings->guidance,
                             "how closely /generate follows its prompt, {range}; 1 = off");
            declare_steps(options, settings->steps);
            declare_sampling(options, settings->sampling, Sampled::words, "of answers: ");
            declare_special_tokens(options, settings->special_tokens);
            declare_draft(options, settings->draft);
            declare_parallel(options, settings->parallel);
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return chat(*settings, common, console); },
      .notes = chat_help(),
  };
}

}  // namespace janus::cli
