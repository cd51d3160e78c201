#include "cli/chat/chat.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/chat/chat_image.h"
#include "cli/chat/interrupt_watch.h"
#include "cli/chat/typed_path.h"
#include "cli/generate/image_json.h"
#include "cli/io/existing_files.h"
#include "cli/io/image_output.h"
#include "cli/io/output_file.h"
#include "cli/io/output_pattern.h"
#include "cli/io/text_stream.h"
#include "cli/model/builtin_limits.h"
#include "cli/model/provenance.h"
#include "core/base/error.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"
#include "generator/engine/engine_model.h"
#include "generator/settings_text.h"

namespace janus::cli {
namespace {

using Kind = ChatEntry::Kind;

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

ConversationFile file_for(const ChatSettings& settings, bool person) {
  using Keeps = ConversationFile::Keeps;
  if (settings.save.empty())
    return {person && !settings.no_save ? Keeps::by_name : Keeps::nothing, "", false};
  const bool goes_on =
      !settings.load.empty() && canonical_path(settings.load) == canonical_path(settings.save);
  return {Keeps::named, settings.save, goes_on};
}

}  // namespace

Chat::Chat(const ChatSettings& settings, const CommonOptions& common, Console& console, bool person)
    : settings_(settings),
      common_(common),
      console_(console),
      person_(person),
      file_(file_for(settings, person)),
      progress_(console) {
  settings_.max_tokens = common.max_tokens;
  output_image_format(settings.output, "--output");
  OutputPattern(settings.output, "--output");
  // What can be wrong with files is told before a model is loaded for minutes.
  std::optional<Image> image;
  if (!settings.image.empty()) image = read_chat_image(settings.image, console, settings.pixel_limit);
  if (!settings.load.empty()) read_transcript(settings.load);
  progress_.update("loading the model", 0, 0);
  chosen_ = open_chosen_model(
      common, {.prompt_images = 1, .new_tokens = common.max_tokens, .generated_images = 1, .converses = true},
      console, progress_.callback());
  engine_.emplace(*chosen_.model, EngineOptions{.rows = 2 * chosen_.images_at_once,
                                                .answer_window = settings_.draft,
                                                .image_window = settings_.parallel});
  conversation_.emplace(*engine_);
  progress_.hide();
  if (!settings.load.empty()) load(settings.load);
  if (image) add_images({settings.image});
}

bool Chat::take(const std::string& line) {
  const std::string text(strip(line));
  broken_off_ = false;
  bool goes_on = true;
  const std::optional<std::string> fault = any_error_of([&] {
    if (text.empty()) return;
    if (text[0] != '/') return ask(text);
    const size_t name = first_word(text);
    const std::string rest(strip(std::string_view(text).substr(name)));
    const ChatCommand& command = chat_command_of(text.substr(0, name), rest);
    goes_on = command.action != ChatAction::quit;
    if (goes_on) take_command(command, rest);
  });
  // Also where the work stopped in the middle.
  progress_.hide();
  if (fault) throw Error(*fault);
  return goes_on;
}

void Chat::take_command(const ChatCommand& command, const std::string& rest) {
  switch (command.action) {
    case ChatAction::image:
      return add_images(typed_inputs(rest));
    case ChatAction::generate:
      return generate(rest);
    case ChatAction::set:
      return set(rest);
    case ChatAction::seed:
      return seed(rest);
    case ChatAction::undo:
      return undo();
    case ChatAction::reset:
      return reset();
    case ChatAction::save:
    case ChatAction::replace:
      return save(typed_path(rest), command.action == ChatAction::replace);
    case ChatAction::load:
      return rest.empty() ? show(kept_conversations()) : load(typed_path(rest));
    case ChatAction::help:
      return show(chat_help());
    case ChatAction::quit:
      return;
  }
}

void Chat::show(const std::string& lines) {
  if (!common_.json) return console_.result(lines);
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    console_.notice(lines.substr(at, end - at));
    at = end + 1;
  }
}

void Chat::check_room_for_image(const std::string& path, int64_t waiting) const {
  constexpr int64_t kQuestion = 128;                             // tokens, with what stands around it
  const int64_t image = chosen_.model->info().image_tokens + 2;  // with its begin and end
  const int64_t left = conversation_->capacity() - conversation_->tokens() - kQuestion - waiting * image;
  check(image <= left,
        "image, {}: expected room for {} tokens and a question in the conversation, found it for {}; ask "
        "about the images shown, take back what came last with /undo, or begin anew with /reset",
        path, image, std::max<int64_t>(left, 0));
}

void Chat::add_images(const std::vector<std::string>& paths) {
  std::vector<ChatEntry> shown;
  for (const std::string& path : paths) {
    check_room_for_image(path, static_cast<int64_t>(waiting_images(transcript_).size() + shown.size()));
    ChatEntry& entry = shown.emplace_back();
    entry.kind = Kind::shown;
    entry.images = {path};
    entry.image = prompt_image(read_chat_image(path, console_, settings_.pixel_limit),
                               chosen_.model->preprocess_config());
  }
  std::move(shown.begin(), shown.end(), std::back_inserter(transcript_));
  for (const std::string& path : paths) console_.notice(fmt::format("{} is part of the next question", path));
}

void Chat::check_not_broken_off(const char* what) {
  check(!broken_off_, "{}: expected to finish it, found Ctrl-C; it is no part of the conversation, ask again",
        what);
}

void Chat::ask(const std::string& question) {
  ChatEntry entry;
  entry.text = question;
  entry.images = waiting_paths(transcript_);
  entry.seed = static_cast<uint32_t>(common_.seed) + asked_;
  entry.model = chosen_.name;
  entry.special_tokens = settings_.special_tokens;
  std::vector<PromptImage> images;
  for (const ChatEntry& image : waiting_images(transcript_)) images.push_back(image.image);
  const DescribeOptions options{.prompt = question,
                                .max_tokens = static_cast<int>(settings_.max_tokens),
                                .sampling = settings_.sampling.with_seed(entry.seed),
                                .special_tokens = settings_.special_tokens};
  if (!std::exchange(told_limits_, told_limits_ || strip(question) != DescribeOptions{}.prompt))
    tell_builtin_limits(chosen_, question, console_);
  TextStream stream(console_, "");
  const Progress show_progress = progress_.callback();
  Answer answer;
  const std::optional<std::string> fault = any_error_of([&] {
    const InterruptWatch watch;
    const auto check_on = [&] {
      broken_off_ = watch.came();
      check_not_broken_off("answer");
    };
    try {
      answer = conversation_->ask_preprocessed(
          std::move(images), options,
          [&](std::string_view piece) {
            check_on();
            if (common_.json) return;
            if (console_.results_on_terminal()) progress_.hide();
            stream.add(piece);
          },
          [&](const char* phase, int64_t done, int64_t total) {
            check_on();
            show_progress(phase, done, total);
          });
    } catch (const ConversationFull& full) {
      const std::string text = full.what();
      const bool alone = conversation_->turns() == 0;
      throw Error(alone ? text
                        : text.substr(0, text.rfind(';')) +
                              "; begin anew with /reset, or take back what was said last with /undo");
    }
  });
  progress_.hide();
  if (fault) {
    if (stream.begun()) stream.end();
    throw Error(*fault);
  }
  ++asked_;
  if (!common_.json) stream.end();
  entry.answer = answer.text;
  entry.ids = answer.ids;
  entry.finish_reason = answer.finish_reason == FinishReason::stop ? "stop" : "length";
  if (common_.json) tell_answer(entry, answer);
  transcript_.push_back(std::move(entry));
  keep();
  console_.detail(describe_timings(answer.timings));
  console_.detail(fmt::format("{} of {} tokens", conversation_->tokens(), conversation_->capacity()));
  if (answer.finish_reason == FinishReason::length &&
      static_cast<int64_t>(answer.ids.size()) < settings_.max_tokens) {
    console_.notice(fmt::format(
        "the answer stops here: the conversation is full, with {} tokens; /reset begins anew, /undo takes "
        "back what was said last",
        conversation_->capacity()));
  }
}

void Chat::tell_answer(const ChatEntry& entry, const Answer& answer) {
  Json record;
  record["images"] = entry.images;
  record["prompt"] = entry.text;
  record["text"] = entry.answer;
  record["ids"] = entry.ids;
  record["finish_reason"] = entry.finish_reason;
  record["seed"] = entry.seed;
  record["tokens"] = conversation_->tokens();
  record.update(provenance_json(chosen_, common_));
  record["timings"] = timings_json(chosen_.load_ms, answer.timings);
  print_json(record, console_);
}

void Chat::generate(const std::string& prompt) {
  // The first name that is free: an earlier conversation's images are not written over.
  const OutputPattern pattern(settings_.output, "--output");
  std::string path = pattern.path(name_, 2);
  while (is_there(path)) path = pattern.path(++name_, 2);
  const OutputFile output(path, Existing::kept);
  WorkItem item{.prompt = prompt,
                .guidance = settings_.guidance,
                .steps = settings_.steps,
                .special_tokens = settings_.special_tokens,
                .quality = settings_.quality,
                .seed = static_cast<uint32_t>(common_.seed) + made_,
                .outputs = {},
                .wanted = {}};
  item.settle(chosen_.model->engine_model().image_defaults());
  const Progress show_progress = progress_.callback();
  Candidate candidate{.seed = item.seed, .codes = {}, .latent = {}, .image = {}, .timings = {}};
  {
    const InterruptWatch watch;
    GeneratedImage made = engine_->generate(
        item.request(0), {.on_progress = [&](const char* phase, int64_t done, int64_t total) {
          broken_off_ = watch.came();
          check_not_broken_off("image");
          show_progress(phase, done, total);
        }});
    candidate.codes = std::move(made.codes);
    candidate.image = std::move(made.image);
  }
  progress_.hide();
  const ImageFormat format = output_image_format(path, "--output");
  const ImageText text = settings_text(image_settings(item, candidate, format, chosen_, common_));
  output.write(encode_image(candidate.image, format, text, static_cast<int>(item.quality)), console_);
  if (common_.json) {
    Json record{{"output", path}, {"prompt", prompt}, {"seed", candidate.seed}};
    if (!item.steps) record["codes"] = candidate.codes.codes;
    record.update(provenance_json(chosen_, common_));
    print_json(record, console_);
  } else {
    console_.result(path + "\n");
  }
  ++made_;
  ++name_;
  ChatEntry& entry = transcript_.emplace_back();
  entry.kind = Kind::made;
  entry.text = prompt;
  entry.images = {path};
  entry.image = prompt_image(candidate.image, chosen_.model->preprocess_config());
  keep();
}

void Chat::undo() {
  check(!transcript_.empty(),
        "command /undo, conversation: expected something to take back, found nothing said; ask first");
  const ChatEntry last = std::move(transcript_.back());
  transcript_.pop_back();
  if (last.kind == Kind::asked) conversation_->undo();
  keep();
  if (last.kind != Kind::asked) {
    const char* stays = last.kind == Kind::made ? "; the file stays" : "";
    return console_.notice(fmt::format("took back {}{}", last.images.front(), stays));
  }
  console_.notice(fmt::format("took back \"{}\" and its answer", last.text));
  for (const std::string& path : waiting_paths(transcript_)) {
    console_.notice(fmt::format("{} is part of the next question", path));
  }
}

void Chat::reset() {
  conversation_->reset();
  transcript_.clear();
  file_.begin_new();
}

void Chat::set(const std::string& argument) {
  const std::string lines = change_setting(settings_, argument);
  show(lines);
}

void Chat::seed(const std::string& argument) {
  if (!argument.empty()) {
    const std::string expected = seed_number(common_.seed).take(argument);
    check(expected.empty(), "seed, conversation: expected {}, found \"{}\"; choose such a one", expected,
          argument);
    asked_ = made_ = 0;
  }
  const auto next = static_cast<uint32_t>(common_.seed);
  show(fmt::format("seed {} for the next answer, {} for the next image\n", next + asked_, next + made_));
}

}  // namespace janus::cli
