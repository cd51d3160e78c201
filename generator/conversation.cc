#include "generator/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "generator/answer_text.h"
#include "generator/engine/engine_model.h"
#include "generator/limits.h"

namespace janus {

Conversation::Conversation(Engine& engine) : engine_(engine), session_(engine.open_session()) {
  engine.model().tokenizer();
}

void Conversation::reset() {
  session_ = engine_.open_session();
  unread_ = {};
  before_.clear();
}

void Conversation::undo() {
  check(!before_.empty(), "conversation: expected a turn to take back, found none");
  session_->truncate(before_.back().length);
  unread_ = std::move(before_.back().unread);
  before_.pop_back();
}

std::vector<int32_t> Conversation::turn_ids(const std::string& question, size_t images,
                                            bool special_tokens) const {
  const EngineModel& model = engine_.model().engine_model();
  const ChatTurn turn{.question = question, .images = static_cast<int>(images), .answer = {}};
  return held() == 0 ? model.answer_prompt({&turn, 1}, turn.images, special_tokens)
                     : model.next_turn(turn, special_tokens);
}

std::vector<int32_t> Conversation::ids_of_answer(const Told& turn) const {
  const TextTokenizer& tokenizer = engine_.model().tokenizer();
  const bool known = std::all_of(turn.answer_ids.begin(), turn.answer_ids.end(),
                                 [&](int32_t id) { return id >= 0 && id < tokenizer.size(); });
  if (known) {
    AnswerText text(tokenizer);
    for (const int32_t id : turn.answer_ids) text.push(id);
    text.finish();
    if (text.text() == turn.answer) return turn.answer_ids;
  }
  return engine_.model().engine_model().answer_ids(turn.answer, turn.special_tokens);
}

void Conversation::check_room(int64_t new_tokens) const {
  if (held() + new_tokens < capacity()) return;
  throw ConversationFull(
      fmt::format("conversation: expected at most {} tokens with this turn and its images, found {}; {}",
                  capacity(), held() + new_tokens + 1,
                  turns() == 0 ? "shorten the question or show fewer images" : "begin a new one"));
}

void Conversation::tell(Told turn) {
  std::vector<int32_t> ids = turn_ids(turn.question, turn.images.size(), turn.special_tokens);
  const std::vector<int32_t> said = ids_of_answer(turn);
  ids.insert(ids.end(), said.begin(), said.end());
  ids.push_back(engine_.model().engine_model().end_id());
  check_room(static_cast<int64_t>(ids.size()));
  before_.push_back({session_->length(), unread_});
  unread_.ids.insert(unread_.ids.end(), ids.begin(), ids.end());
  std::move(turn.images.begin(), turn.images.end(), std::back_inserter(unread_.images));
}

Answer Conversation::ask(std::span<const Image> images, const DescribeOptions& options,
                         const TextSink& on_text, const Progress& progress) {
  std::vector<PromptImage> shown;
  for (const Image& image : images) {
    shown.push_back(prompt_image(image, engine_.model().preprocess_config()));
  }
  return ask_preprocessed(std::move(shown), options, on_text, progress);
}

Answer Conversation::ask_preprocessed(std::vector<PromptImage> images, const DescribeOptions& options,
                                      const TextSink& on_text, const Progress& progress) {
  check_prompt("question", options.prompt);
  const std::vector<int32_t> ids = turn_ids(options.prompt, images.size(), options.special_tokens);
  check_room(static_cast<int64_t>(ids.size()));
  AnswerRequest request{.turns = {},
                        .prompt_ids = unread_.ids,
                        .images = unread_.images,
                        .max_tokens = options.max_tokens,
                        .sampling = options.sampling,
                        .session = session_};
  request.prompt_ids.insert(request.prompt_ids.end(), ids.begin(), ids.end());
  std::move(images.begin(), images.end(), std::back_inserter(request.images));
  const int64_t before = session_->length();
  const auto length = static_cast<int64_t>(request.prompt_ids.size());
  Answer answer = engine_.answer(std::move(request), {.on_text = on_text, .on_progress = progress});
  before_.push_back({before, std::exchange(unread_, {})});
  // The last token sampled is not read where sampling ends with it.
  const auto read = static_cast<size_t>(session_->length() - before - length);
  unread_.ids.assign(answer.ids.begin() + static_cast<int64_t>(std::min(read, answer.ids.size())),
                     answer.ids.end());
  unread_.ids.push_back(engine_.model().engine_model().end_id());
  return answer;
}

}  // namespace janus
