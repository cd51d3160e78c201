// An answer about images.
#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "generator/engine/draft.h"
#include "generator/engine/enough.h"
#include "generator/engine/sequence.h"

namespace janus {
namespace {

class AnswerSequence : public Sequence {
 public:
  AnswerSequence(const EngineModel& model, AnswerRequest request, AnswerSink sink)
      : sink_(std::move(sink)), ends_(model.end_ids().begin(), model.end_ids().end()) {
    if (const TextTokenizer* tokenizer = model.text_tokenizer()) text_.emplace(*tokenizer);
    kind = TokenKind::text;
    sampling = request.sampling;
    placeholder_ = model.placeholder_id();
    logprobs_ = request.logprobs;
    top_logprobs_ = request.top_logprobs;
    images = std::move(request.images);
    session = std::move(request.session);
    PromptRow row;
    row.ids = request.prompt_ids.empty() ? model.answer_prompt(request.turns, static_cast<int>(images.size()),
                                                               request.special_tokens)
                                         : std::move(request.prompt_ids);
    const auto length = static_cast<int64_t>(row.ids.size());
    const int64_t context = model.language_model().config().max_position_embeddings;
    if (session == nullptr) {
      check_answer_fits(model, length + 1);
      most = std::min<int64_t>(request.max_tokens, context - length);
    } else {
      const int64_t left = session->capacity() - session->length();
      check(
          length < left,
          "conversation: expected at most {} tokens with this turn and its images, found {}; begin a new one",
          session->capacity(), session->length() + length + 1);
      most = std::min<int64_t>(request.max_tokens, left - length);
    }
    room = most;
    rows.push_back(std::move(row));
    answer_.finish_reason = FinishReason::length;
  }

  bool wants_logits() const override { return logprobs_; }
  void look(std::span<const float> logits, int32_t token) override {
    const LogSoftmax softmax(logits);
    looked_at_ = {token, log_probability(softmax, token), top_log_probabilities(softmax, top_logprobs_)};
  }

  std::vector<int32_t> guesses(int64_t count) override {
    std::vector<int32_t> draft = draft_tokens(rows[0].ids, sampled, count);
    draft.erase(std::find(draft.begin(), draft.end(), placeholder_), draft.end());  // no word
    return draft;
  }

  void take(int32_t token) override {
    if (std::find(ends_.begin(), ends_.end(), token) != ends_.end()) {
      answer_.finish_reason = FinishReason::stop;
      ended = true;
      return;
    }
    sampled.push_back(token);
    ended = static_cast<int64_t>(sampled.size()) == most;
    looked_at_.id = token;
    if (sink_.on_token) sink_.on_token(looked_at_);
    if (logprobs_) answer_.tokens.push_back(std::exchange(looked_at_, {}));
    if (text_) show(text_->push(token));
    report("writing", static_cast<int64_t>(sampled.size()), most);
  }

  void finish(const EngineModel&, KvCache&, const LayerHook&) override {
    timings.decode_ms = watch.lap_ms();
    count_speed();
    if (text_) {
      show(text_->finish());
      answer_.text = text_->text();
    }
    answer_.ids = std::move(sampled);
    answer_.timings = timings;
    if (sink_.on_done) sink_.on_done(answer_);
  }

  void fail(std::exception_ptr why) override {
    if (sink_.on_error) sink_.on_error(std::move(why));
  }

  void report(const char* phase, int64_t done, int64_t total) override {
    if (sink_.on_progress) sink_.on_progress(phase, done, total);
  }

 private:
  void show(const std::string& piece) {
    try {
      if (sink_.on_text && !piece.empty()) sink_.on_text(piece);
    } catch (const Enough&) {
      answer_.finish_reason = FinishReason::stop;
      ended = true;
    }
  }

  AnswerSink sink_;
  std::vector<int32_t> ends_;
  int32_t placeholder_ = -1;
  bool logprobs_ = false;
  int top_logprobs_ = 0;
  SampledToken looked_at_;  // the token to be taken next
  std::optional<AnswerText> text_;
  Answer answer_;
};

}  // namespace

int64_t Sequence::longest_row() const {
  int64_t longest = 0;
  for (const PromptRow& row : rows) longest = std::max(longest, capacity(row));
  return longest;
}

void Sequence::count_speed() {
  if (timings.decode_ms <= 0) return;
  timings.tokens_per_second = static_cast<double>(sampled.size()) * 1000 / timings.decode_ms;
}

void check_answer_fits(const EngineModel& model, int64_t tokens) {
  const int64_t context = model.language_model().config().max_position_embeddings;
  check(tokens <= context,
        "prompt: expected at most {} tokens with its images and one of the answer, found {}; shorten "
        "the prompt or use fewer images",
        context, tokens);
}

void check_answer_prompt(const EngineModel& model, const AnswerRequest& request) {
  int images = 0;
  for (const ChatTurn& turn : request.turns) images += turn.images;
  const std::vector<int32_t> ids = model.answer_prompt(request.turns, images, request.special_tokens);
  check_answer_fits(model, static_cast<int64_t>(ids.size()) + 1);
}

std::shared_ptr<Sequence> make_answer(const EngineModel& model, AnswerRequest request, AnswerSink sink) {
  return std::make_shared<AnswerSequence>(model, std::move(request), std::move(sink));
}

}  // namespace janus
