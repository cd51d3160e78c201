// One request on its way through the engine: the rows of its prompts, the tokens sampled, and its sink.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generator/answer_text.h"
#include "generator/engine/cache_rows.h"
#include "generator/engine/engine_model.h"
#include "generator/engine/request.h"
#include "generator/stopwatch.h"

namespace janus {

// A prompt that is read into a row of the cache, and then sampled behind.
struct PromptRow {
  std::vector<int32_t> ids;
  std::vector<TokenKey> keys;  // one for each id
  int32_t cache_row = -1;
  int64_t begin = 0;          // tokens that a session's row held before
  bool is_read = false;       // the prompt, to its end
  std::vector<float> logits;  // behind the prompt, once it has been read; none of an image drawn by flow
  Tensor hidden;              // [1, D] of the last token, where keeps_hidden()
};

class FlowSequence;

// What each kind of request implements for the engine. It calls the request's sink, and lets through what the
// sink throws.
class Sequence {
 public:
  virtual ~Sequence() = default;

  // Takes a token or code that was sampled; sets `ended` where it is the last.
  virtual void take(int32_t token) = 0;
  // Whether tokens are sampled at all. Where they are not, finish() follows the prompt, or the steps of a
  // flow.
  virtual bool samples() const { return true; }
  // The sequence itself where it is drawn by flow (generator/engine/flow_sequence.h), else null.
  virtual FlowSequence* as_flow() { return nullptr; }
  // Called after the last token: makes the result and hands it over. Calls on_layer between parts of long
  // work.
  virtual void finish(const EngineModel& model, KvCache& cache, const LayerHook& on_layer) = 0;
  // Whether finish() is long work for which the rows are no longer needed.
  virtual bool finishes_later() const { return false; }
  virtual void fail(std::exception_ptr why) = 0;
  virtual void report(const char* phase, int64_t done, int64_t total) = 0;
  virtual bool keeps_hidden() const { return false; }
  // Whether look() is called, which keeps the sequence from being sampled by a device itself.
  virtual bool wants_logits() const { return false; }
  // Called before take() with the finite logits that the token was sampled from.
  virtual void look(std::span<const float> /*logits*/, int32_t /*token*/) {}
  // Guesses of what will be sampled next, `count` at most. They are read in the same pass as the last token;
  // those that turn out to be what is sampled spare a pass each.
  virtual std::vector<int32_t> guesses(int64_t /*count*/) { return {}; }
  // Whether set_guesses() is called, with what a pass sampled behind a wrong guess.
  virtual bool improves_guesses() const { return false; }
  virtual void set_guesses(std::span<const int32_t> /*behind*/) {}

  RequestId id = 0;
  TokenKind kind = TokenKind::text;
  SamplingOptions sampling;
  float guidance = 1.0F;  // used with two rows: the conditional one, then the unconditional one
  std::vector<PromptRow> rows;
  std::vector<PromptImage> images;
  std::shared_ptr<Session> session;
  bool holds_session = false;  // no other request may use it meanwhile
  int64_t room = 0;            // the most tokens that each row holds behind its prompt
  int64_t most = 0;            // the most tokens that are sampled
  std::vector<int32_t> sampled;
  bool ended = false;
  std::exception_ptr error;  // what a sink threw
  bool cancelled = false;

  Timings timings;
  Stopwatch watch;  // runs since its last phase began

  // The tokens that a row has to hold, those of its prompt included.
  int64_t capacity(const PromptRow& row) const { return static_cast<int64_t>(row.ids.size()) + room; }
  int64_t longest_row() const;  // the largest capacity of its rows
  void count_speed();
};

// Throws Error where a prompt with its images and the answer's first tokens, `tokens` in all, do not fit the
// context.
void check_answer_fits(const EngineModel& model, int64_t tokens);
// The prompts of an image: the conditional one, and the unconditional one where guidance is not 1. Throws
// Error where one of them and the image's own tokens do not fit the context.
std::vector<PromptRow> image_rows(const EngineModel& model, const ImageRequest& request);

std::shared_ptr<Sequence> make_answer(const EngineModel& model, AnswerRequest request, AnswerSink sink);
std::shared_ptr<Sequence> make_image(const EngineModel& model, ImageRequest request, ImageSink sink);
std::shared_ptr<Sequence> make_score(const EngineModel& model, ScoreRequest request, ScoreSink sink);

}  // namespace janus
