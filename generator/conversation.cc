#include "generator/conversation.h"

#include <algorithm>

#include "core/base/error.h"
#include "generator/answer_text.h"
#include "generator/janus/understanding.h"

namespace janus {
namespace {

// What the Janus models were trained on; their configs name longer contexts.
constexpr int64_t kTrainedContext = 4096;

const JanusModel& janus_of(const Model& model) {
  const auto* janus = dynamic_cast<const JanusModel*>(&model);
  check(janus != nullptr, "model: expected one of the Janus family for a conversation, found {}",
        model.info().family);
  janus->tokenizer();
  return *janus;
}

KvCache empty_cache(const JanusModel& model) {
  const TransformerConfig& config = model.networks().config.language;
  return {model.device(), config, 1, Conversation::room(config), model.networks().cache_dtype};
}

}  // namespace

int64_t Conversation::room(const TransformerConfig& config) {
  return std::min(kTrainedContext, config.max_position_embeddings);
}

Conversation::Conversation(const Model& model) : model_(&janus_of(model)), cache_(empty_cache(*model_)) {}

void Conversation::reset() {
  cache_.truncate(0, 0);
  unread_.clear();
}

Answer Conversation::ask(std::span<const Image> images, const DescribeOptions& options,
                         const TextSink& on_text, const Progress& progress) {
  const SpecialIds& special = model_->special_ids();
  const int64_t before = tokens();
  const auto make_prompt = before == 0 ? understanding_prompt : next_turn_prompt;
  std::vector<int32_t> ids = unread_;
  const std::vector<int32_t> turn = make_prompt(model_->tokenizer(), special, options.prompt,
                                                static_cast<int>(images.size()), model_->info().image_tokens);
  ids.insert(ids.end(), turn.begin(), turn.end());
  const auto length = static_cast<int64_t>(ids.size());
  check(before + length < capacity(),
        "conversation: expected at most {} tokens with this turn and its images, found {}; begin a new one",
        capacity(), before + length + 1);

  AnswerText text(model_->tokenizer());
  const auto show = [&](const std::string& piece) {
    if (on_text && !piece.empty()) on_text(piece);
  };
  try {
    Answer result = continue_answer(
        model_->networks(), images, ids, special, options, cache_, [&](int32_t id) { show(text.push(id)); },
        progress);
    show(text.finish());
    result.text = text.text();
    // The last token drawn is not read while drawing ends with it.
    const auto read = static_cast<size_t>(tokens() - before - length);
    unread_.assign(result.ids.begin() + static_cast<int64_t>(std::min(read, result.ids.size())),
                   result.ids.end());
    unread_.push_back(special.end);
    return result;
  } catch (...) {
    cache_.truncate(0, before);
    throw;
  }
}

}  // namespace janus
