// Log-probabilities of answers, or of an image's codes, teacher-forced.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/engine/damage.h"
#include "generator/engine/sequence.h"

namespace janus {
namespace {

// Rows of text logits computed at a time: a vocabulary's row is large.
constexpr int64_t kScoreRows = 32;

class ScoreSequence : public Sequence {
 public:
  explicit ScoreSequence(ScoreSink sink) : sink_(std::move(sink)) {}

  void take(int32_t) override {}
  bool samples() const override { return false; }
  void fail(std::exception_ptr why) override {
    if (sink_.on_error) sink_.on_error(std::move(why));
  }
  void report(const char* phase, int64_t done, int64_t total) override {
    if (sink_.on_progress) sink_.on_progress(phase, done, total);
  }

 protected:
  static void add(Score& score, std::span<const float> logits, int32_t id) {
    score.logprobs.push_back(log_probability(logits, id));
    score.total += score.logprobs.back();
  }
  void hand_over() {
    if (sink_.on_done) sink_.on_done(scores_);
  }

  std::vector<Score> scores_;

 private:
  ScoreSink sink_;
};

class AnswerScore : public ScoreSequence {
 public:
  AnswerScore(const EngineModel& model, ScoreRequest request, ScoreSink sink)
      : ScoreSequence(std::move(sink)) {
    kind = TokenKind::text;
    images = std::move(request.images);
    PromptRow row;
    row.ids = model.answer_prompt(request.turns, static_cast<int>(images.size()), request.special_tokens);
    size_t longest = 0;
    for (const std::string& answer : request.answers) {
      Score score{.ids = model.answer_ids(answer, request.special_tokens), .logprobs = {}, .total = 0};
      check(!score.ids.empty(),
            "text: expected at least one token to score, found none; give text that is not empty");
      longest = std::max(longest, score.ids.size());
      scores_.push_back(std::move(score));
    }
    check(longest > 0, "text: expected at least one to score, found none");
    // The last id of an answer is only predicted, never read.
    room = std::max<int64_t>(1, static_cast<int64_t>(longest) - 1);
    check_answer_fits(model, static_cast<int64_t>(row.ids.size() + longest));
    rows.push_back(std::move(row));
  }

  void finish(const EngineModel& model, KvCache& cache, const LayerHook& on_layer) override {
    const PromptRow& row = rows.front();
    const auto prompt_length = static_cast<int64_t>(row.ids.size());
    const Transformer& language_model = model.language_model();
    const int64_t width = language_model.config().hidden_size;
    for (Score& score : scores_) {
      cache.truncate(row.cache_row, prompt_length);
      const std::span<const int32_t> ids(score.ids);
      add(score, row.logits, ids[0]);
      const auto read = static_cast<int64_t>(ids.size()) - 1;
      if (read == 0) continue;
      const Tensor x = language_model.embed(ids.first(read)).reshape({1, read, width});
      const Tensor hidden =
          language_model.forward(x, cache, {&row.cache_row, 1}, on_layer).reshape({read, width});
      for (int64_t begin = 0; begin < read; begin += kScoreRows) {
        const int64_t count = std::min(kScoreRows, read - begin);
        const std::vector<float> logits =
            ops::to_host(model.logits(TokenKind::text, hidden.rows(begin, count)));
        if (!all_finite(logits)) {
          fail_not_finite(model, {.kind = kind,
                                  .read = kind,
                                  .ids = ids.first(read),
                                  .images = {},
                                  .hidden = hidden.rows(begin, count)});
        }
        const size_t size = logits.size() / static_cast<size_t>(count);
        for (int64_t i = 0; i < count; ++i) {
          add(score, {logits.data() + static_cast<size_t>(i) * size, size}, ids[begin + i + 1]);
        }
      }
    }
    cache.truncate(row.cache_row, prompt_length);
    hand_over();
  }
};

class CodeScore : public ScoreSequence {
 public:
  CodeScore(const EngineModel& model, ScoreRequest request, ScoreSink sink) : ScoreSequence(std::move(sink)) {
    kind = TokenKind::code;
    guidance = request.guidance;
    const int64_t count = model.code_lines() * model.codes_per_line();
    room = std::max<int64_t>(1, count - 1);
    rows = image_rows(model, {.prompt = request.prompt,
                              .prompt_ids = std::move(request.prompt_ids),
                              .negative_prompt = request.negative_prompt,
                              .guidance = guidance,
                              .special_tokens = request.special_tokens});
    scores_.push_back({.ids = std::move(request.codes.codes), .logprobs = {}, .total = 0});
  }

  bool keeps_hidden() const override { return true; }

  void finish(const EngineModel& model, KvCache& cache, const LayerHook& on_layer) override {
    std::vector<std::vector<float>> logits;  // of each row: [N, V]
    for (const PromptRow& row : rows) logits.push_back(row_logits(model, cache, row, on_layer));
    Score& score = scores_.front();
    const size_t size = logits[0].size() / score.ids.size();
    for (size_t i = 0; i < score.ids.size(); ++i) {
      const std::span<const float> line(logits[0].data() + i * size, size);
      if (logits.size() == 1) {
        add(score, line, score.ids[i]);
      } else {
        add(score, guide(line, {logits[1].data() + i * size, size}, guidance), score.ids[i]);
      }
    }
    check(std::isfinite(score.total),
          "guidance: expected a weight that leaves the logits finite, found {}; use a smaller one", guidance);
    hand_over();
  }

 private:
  std::vector<float> row_logits(const EngineModel& model, KvCache& cache, const PromptRow& row,
                                const LayerHook& on_layer) const {
    const std::span<const int32_t> ids(scores_.front().ids);
    const auto read = static_cast<int64_t>(ids.size()) - 1;
    if (read == 0) return ops::to_host(model.logits(kind, row.hidden));
    const int64_t width = model.language_model().config().hidden_size;
    const Tensor x = model.embed(kind, ids.first(read)).reshape({1, read, width});
    const Tensor hidden =
        model.language_model().forward(x, cache, {&row.cache_row, 1}, on_layer).reshape({read, width});
    const Tensor parts[] = {row.hidden, hidden};
    const Tensor all = ops::concatenate(parts);
    std::vector<float> logits = ops::to_host(model.logits(kind, all));
    if (!all_finite(logits)) {
      fail_not_finite(model,
                      {.kind = kind, .read = kind, .ids = ids.first(read), .images = {}, .hidden = all});
    }
    return logits;
  }
};

}  // namespace

std::shared_ptr<Sequence> make_score(const EngineModel& model, ScoreRequest request, ScoreSink sink) {
  if (!request.codes.codes.empty()) {
    return std::make_shared<CodeScore>(model, std::move(request), std::move(sink));
  }
  return std::make_shared<AnswerScore>(model, std::move(request), std::move(sink));
}

}  // namespace janus
