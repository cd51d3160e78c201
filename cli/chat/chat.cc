#include "cli/chat/chat.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <utility>

#include "cli/app/near_name.h"
#include "cli/commands/image_settings.h"
#include "cli/generate/image_json.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/output_file.h"
#include "cli/io/output_pattern.h"
#include "cli/io/text_stream.h"
#include "core/base/error.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

std::atomic<bool> break_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// While it lives, Ctrl-C asks for the answer to be broken off, and does not end the program.
class BreakHold {
 public:
  BreakHold() {
    break_asked = false;
    struct sigaction action {};
    action.sa_handler = [](int) { break_asked = true; };
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &before_);
  }
  ~BreakHold() { sigaction(SIGINT, &before_, nullptr); }
  BreakHold(const BreakHold&) = delete;
  BreakHold& operator=(const BreakHold&) = delete;

  static void check_asked() { check(!break_asked, "answer: expected to finish it, found Ctrl-C; ask again"); }

 private:
  struct sigaction before_ {};
};

// The bytes before the first white space.
size_t first_word(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const Utf8Char next = utf8_front(text.substr(length));
    if (is_space(next.code_point)) break;
    length += next.length;
  }
  return length;
}

struct ChatCommand {
  const char *name, *argument, *help;
};
constexpr ChatCommand kCommands[]{
    {"/image", "FILE",
     "show a picture; the next question is about it, and it stays part of the conversation"},
    {"/generate", "PROMPT", "make a picture, written to a file; the next question is about it"},
    {"/reset", "", "forget everything said"},
    {"/save", "FILE", "write the conversation: FILE.json, or text"},
    {"/help", "", "this list"},
    {"/quit", "", "end; so does the end of the input (Ctrl-D)"}};

}  // namespace

std::string chat_help() {
  std::string text = "In the conversation:\n";
  for (const ChatCommand& command : kCommands) {
    text += fmt::format("  {:<26} {}\n", fmt::format("{} {}", command.name, command.argument), command.help);
  }
  return text + "Ctrl-C breaks an answer off; the conversation is then as before the question.\n";
}

Chat::Chat(const ChatSettings& settings, const CommonOptions& common, Console& console)
    : settings_(settings), common_(common), console_(console), progress_(console) {
  output_image_format(settings.output, "--output");
  OutputPattern(settings.output, "--output");
  if (!settings.image.empty()) add_image(settings.image);
  progress_.update("loading the model", 0, 0);
  chosen_ = open_chosen_model(
      common, {.prompt_images = 1, .new_tokens = common.max_tokens, .generated_images = 1, .converses = true},
      console, progress_.callback());
  engine_.emplace(*chosen_.model, EngineOptions{.rows = 2 * chosen_.images_at_once});
  conversation_.emplace(*engine_);
  progress_.hide();
}

bool Chat::take(const std::string& line) {
  const std::string text(strip(line));
  bool goes_on = true;
  const std::optional<std::string> fault = error_of([&] {
    if (text.empty()) return;
    if (text[0] != '/') {
      ask(text);
    } else {
      const size_t name = first_word(text);
      goes_on = take_command(text.substr(0, name), std::string(strip(std::string_view(text).substr(name))));
    }
  });
  // Also where the work stopped in the middle.
  progress_.hide();
  if (fault) throw Error(*fault);
  return goes_on;
}

bool Chat::take_command(const std::string& name, const std::string& rest) {
  std::vector<std::string> names;
  const ChatCommand* command = nullptr;
  for (const ChatCommand& known : kCommands) {
    names.emplace_back(known.name);
    if (name == known.name) command = &known;
  }
  if (command == nullptr) {
    const std::string near = near_name(name, names);
    fail("command {}, conversation: expected one of {}, found none of that name; {}", name,
         fmt::join(names, ", "), near.empty() ? "see /help" : "did you mean " + near + "?");
  }
  check(rest.empty() == (*command->argument == '\0'),
        "command {}, conversation: expected {}, found \"{}\"; see /help", name,
        *command->argument == '\0' ? "nothing behind it" : command->argument, rest);
  if (name == "/quit") return false;
  if (name == "/image") add_image(rest);
  if (name == "/generate") generate(rest);
  if (name == "/save") save(rest);
  if (name == "/reset") reset();
  if (name == "/help") console_.result(chat_help());
  return true;
}

void Chat::add_image(const std::string& path) {
  if (conversation_) {
    constexpr int64_t kQuestion = 128;                             // tokens, with what stands around it
    const int64_t image = chosen_.model->info().image_tokens + 2;  // with its begin and end
    const int64_t left = conversation_->capacity() - conversation_->tokens() - kQuestion -
                         static_cast<int64_t>(waiting_.size()) * image;
    check(image <= left,
          "image, {}: expected room for {} tokens and a question in the conversation, found it for {}; ask "
          "about the images shown, or begin anew with /reset",
          path, image, std::max<int64_t>(left, 0));
  }
  waiting_.push_back(read_input_image(path, console_));
  waiting_names_.push_back(path);
  console_.notice(fmt::format("{} is part of the next question", path));
}

void Chat::ask(const std::string& question) {
  const auto seed = static_cast<uint32_t>(common_.seed) + asked_;
  const DescribeOptions options{.prompt = question,
                                .max_tokens = static_cast<int>(common_.max_tokens),
                                .sampling = settings_.sampling.with_seed(seed),
                                .special_tokens = settings_.special_tokens};
  TextStream stream(console_, "");
  const Progress show = progress_.callback();
  Answer answer;
  const std::optional<std::string> fault = error_of([&] {
    const BreakHold hold;
    answer = conversation_->ask(
        waiting_, options,
        [&](std::string_view piece) {
          BreakHold::check_asked();
          if (common_.json) return;
          if (console_.results_on_terminal()) progress_.hide();
          stream.add(piece);
        },
        [&](const char* phase, int64_t done, int64_t total) {
          BreakHold::check_asked();
          show(phase, done, total);
        });
  });
  progress_.hide();
  if (fault) {
    if (stream.begun()) stream.end();
    throw Error(*fault);
  }
  ++asked_;
  if (!common_.json) stream.end();
  turns_.push_back({"user", question, waiting_names_});
  turns_.push_back({"assistant", answer.text, {}});
  if (common_.json) {
    Json record;
    record["images"] = waiting_names_;
    record["prompt"] = question;
    record["text"] = answer.text;
    record["ids"] = answer.ids;
    record["finish_reason"] = answer.finish_reason == FinishReason::stop ? "stop" : "length";
    record["seed"] = seed;
    record["tokens"] = conversation_->tokens();
    record["model"] = chosen_.name;
    record["device"] = chosen_.model->device().name();
    record["timings"] = timings_json(chosen_.load_ms, answer.timings);
    print_json(record, console_);
  }
  waiting_.clear();
  waiting_names_.clear();
  console_.detail(describe_timings(answer.timings));
  console_.detail(fmt::format("{} of {} tokens", conversation_->tokens(), conversation_->capacity()));
}

void Chat::generate(const std::string& prompt) {
  // The first name that is free: an earlier conversation's images are not written over.
  const OutputPattern pattern(settings_.output, "--output");
  std::string path = pattern.path(generated_, 2);
  while (std::filesystem::exists(path)) path = pattern.path(++generated_, 2);
  const OutputFile output(path);
  const WorkItem item{.prompt = prompt,
                      .guidance = settings_.guidance,
                      .special_tokens = settings_.special_tokens,
                      .seed = static_cast<uint32_t>(common_.seed + generated_),
                      .outputs = {},
                      .wanted = {}};
  const Progress show = progress_.callback();
  Candidate candidate{.seed = item.seed, .codes = {}, .image = {}, .timings = {}};
  {
    const BreakHold hold;
    GeneratedImage made = engine_->generate(
        item.request(0), {.on_progress = [&](const char* phase, int64_t done, int64_t total) {
          BreakHold::check_asked();
          show(phase, done, total);
        }});
    candidate.codes = std::move(made.codes);
    candidate.image = std::move(made.image);
  }
  progress_.hide();
  const ImageText text = settings_text(image_settings(item, candidate, chosen_, common_));
  output.write(encode_image(candidate.image, output_image_format(path, "--output"), text), console_);
  if (common_.json) {
    print_json(
        {{"output", path}, {"prompt", prompt}, {"seed", candidate.seed}, {"codes", candidate.codes.codes}},
        console_);
  } else {
    console_.result(path + "\n");
  }
  ++generated_;
  turns_.push_back({"user", "/generate " + prompt, {path}});
  waiting_.push_back(std::move(candidate.image));
  waiting_names_.push_back(path);
}

void Chat::save(const std::string& path) const {
  std::string text;
  if (has_extension(path, ".json")) {
    Json turns = Json::array();
    for (const Turn& turn : turns_) {
      turns.push_back({{"role", turn.role}, {"text", turn.text}});
      if (!turn.images.empty()) turns.back()["images"] = turn.images;
    }
    text = turns.dump(2, ' ', false, nlohmann::detail::error_handler_t::replace) + "\n";
  } else {
    for (const Turn& turn : turns_) {
      for (const std::string& image : turn.images) text += "[" + image + "]\n";
      text += (turn.role == "user" ? "> " : "") + turn.text + "\n\n";
    }
  }
  OutputFile(path).write(text, console_);
  console_.notice("wrote " + path);
}

void Chat::reset() {
  conversation_->reset();
  turns_.clear();
  waiting_.clear();
  waiting_names_.clear();
}

}  // namespace janus::cli
