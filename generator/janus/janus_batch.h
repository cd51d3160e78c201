// The running batch of the Janus family: one cache whose rows are the answers being drawn.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "generator/answer_text.h"
#include "generator/janus/janus_networks.h"
#include "generator/model.h"
#include "generator/prompt.h"
#include "generator/stopwatch.h"

namespace janus {

class JanusBatch : public AnswerBatch {
 public:
  // Throws Error if a prompt with one picture does not fit the context.
  JanusBatch(const JanusNetworks& networks, const TextTokenizer& tokenizer, const SpecialIds& special,
             BatchOptions options);

  int room() const override;
  void add(std::vector<BatchPicture> pictures) override;
  std::vector<BatchAnswers> step() override;
  void dismiss_waiting() override;
  bool idle() const override { return waiting_.empty() && busy_rows() == 0; }
  int64_t tokens_drawn() const override { return tokens_drawn_; }

 private:
  // A picture from when it is looked at until its last answer ends.
  struct Seen {
    BatchAnswers result;
    Tensor embeddings;  // [N, D]
    double vision_ms = 0;
    size_t begun = 0, ended = 0;  // questions
  };
  // An answer being drawn.
  struct Drawing {
    std::shared_ptr<Seen> picture;
    size_t question = 0;
    int64_t most = 0;  // tokens
    Answer answer;
    AnswerText text;
    Stopwatch watch;
    bool ended = false;
  };
  struct Start {
    int32_t row;
    std::shared_ptr<Seen> picture;
  };

  int busy_rows() const;
  std::vector<int32_t> free_rows() const;
  Tensor prompt_embeddings(const Seen& picture, size_t question) const;
  void begin_answers();
  void begin_alike(const std::vector<Start>& starts);
  void begin_shared(int32_t row, const std::shared_ptr<Seen>& picture);
  void begin_row(int32_t row, const std::shared_ptr<Seen>& picture, size_t question, double prefill_ms,
                 std::span<const float> logits);
  void draw(Drawing& drawing, std::span<const float> logits);
  // Takes the next token, or ends the answer as janus::answer() does.
  void take(Drawing& drawing, int32_t id);
  void draw_all();
  std::vector<int32_t> rows_in_work() const;
  // Leaves what follows in these rows to the device, if it can draw by itself.
  void begin_decoding(const std::vector<int32_t>& rows);
  bool draw_on_device(const std::vector<int32_t>& rows);
  std::vector<float> logits_of(const Tensor& hidden) const;

  const JanusNetworks& networks_;
  const TextTokenizer& tokenizer_;
  SpecialIds special_;
  BatchOptions options_;
  std::vector<std::vector<int32_t>> prompt_ids_;  // one a prompt
  int64_t prefix_ = 0;                         // tokens that all prompts begin with, kept in a row of its own
  std::optional<KvCache> cache_;               // `rows` for answers, then one for the prefix
  std::shared_ptr<Seen> prefix_owner_;         // whose prefix that row holds
  std::deque<std::shared_ptr<Seen>> waiting_;  // with questions that are not begun
  std::vector<std::unique_ptr<Drawing>> rows_;
  int64_t tokens_drawn_ = 0;

  // What the device draws by itself. An item whose answer has ended is drawn on and passed over: beginning
  // anew takes longer.
  std::unique_ptr<Decoding> decoding_;
  std::vector<const Drawing*> decoded_;  // of each item; null when it has ended
  int64_t draws_left_ = 0;
};

}  // namespace janus
