#include "generator/conversation.h"

#include <algorithm>
#include <utility>

#include "generator/engine/engine_model.h"

namespace janus {

Conversation::Conversation(Engine& engine) : engine_(engine), session_(engine.open_session()) {
  engine.model().tokenizer();
}

void Conversation::reset() {
  session_ = engine_.open_session();
  unread_.clear();
}

Answer Conversation::ask(std::span<const Image> images, const DescribeOptions& options,
                         const TextSink& on_text, const Progress& progress) {
  const EngineModel& model = engine_.model().engine_model();
  const ChatTurn turn{.question = options.prompt, .images = static_cast<int>(images.size()), .answer = {}};
  const int64_t before = tokens();
  AnswerRequest request{.turns = {},
                        .prompt_ids = unread_,
                        .images = {},
                        .max_tokens = options.max_tokens,
                        .sampling = options.sampling,
                        .special_tokens = options.special_tokens,
                        .session = session_};
  const std::vector<int32_t> ids = before == 0
                                       ? model.answer_prompt({&turn, 1}, turn.images, options.special_tokens)
                                       : model.next_turn(turn, options.special_tokens);
  request.prompt_ids.insert(request.prompt_ids.end(), ids.begin(), ids.end());
  const auto length = static_cast<int64_t>(request.prompt_ids.size());
  for (const Image& image : images) {
    request.images.push_back(prompt_image(image, engine_.model().preprocess_config()));
  }
  Answer answer = engine_.answer(std::move(request), {.on_text = on_text, .on_progress = progress});
  // The last token sampled is not read where sampling ends with it.
  const auto read = static_cast<size_t>(tokens() - before - length);
  unread_.assign(answer.ids.begin() + static_cast<int64_t>(std::min(read, answer.ids.size())),
                 answer.ids.end());
  unread_.push_back(model.end_id());
  return answer;
}

}  // namespace janus
