// The running batch: admits waiting requests as rows and memory become free, reads their prompts between the
// steps of those that run, and hands over what is finished. All calls come from the engine's thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "generator/engine/cache_rows.h"
#include "generator/engine/engine_options.h"
#include "generator/engine/flow_sequence.h"
#include "generator/engine/image_encodings.h"
#include "generator/engine/sequence.h"
#include "generator/engine/token_loop.h"

namespace janus {

class Scheduler {
 public:
  // No option is 0. `poll` is called between parts of long work and may add and cancel sequences.
  Scheduler(const EngineModel& model, EngineOptions options, std::function<void()> poll);

  void add(std::shared_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }
  // Ends a request with Cancelled, at the next step at the latest.
  void cancel(RequestId id);
  // Drops the keys and values of a session whose owners have gone.
  void drop_session_row(int32_t row) { rows_.drop(row); }
  // Admits what fits, samples a token of every running sequence, makes a step of every image that is drawn by
  // flow, hands over what has ended.
  void step();
  bool idle() const;
  // Breaks off the step of a flow that is under way, which may take many seconds: all is about to be ended.
  void break_off() { broken_off_ = true; }
  // Ends everything with this error.
  void fail_all(const std::exception_ptr& error);

  int running() const { return static_cast<int>(running_.size() + flowing_.size()); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int64_t tokens_sampled() const { return loop_.tokens_sampled(); }

 private:
  using Clock = std::chrono::steady_clock;
  // A prompt that is being read.
  struct Reading {
    std::shared_ptr<Sequence> sequence;
    size_t row = 0;
    Tensor embeddings;  // [T, D], of the whole prompt
    int64_t read = 0;   // tokens read, of T
    int64_t left() const { return embeddings.size(0) - read; }
  };

  // Gives rows to waiting sequences. True where any entered, whose prompts are to be read now.
  bool let_in();
  bool may_enter(const Sequence& sequence) const;
  // Whether it is drawn by flow and others of the kind hold the rows that such may have.
  bool waits_for_flows(Sequence& sequence) const;
  bool waits_for_prompt(const Sequence& sequence) const;
  bool take_rows(Sequence& sequence);
  void give_back_rows(Sequence& sequence, bool failed);
  int64_t tokens_ahead(const Sequence& behind) const;
  int rows_in_use() const;
  // Whether rows will be given back without anything having to enter.
  bool under_way() const { return !running_.empty() || !entering_.empty() || !flowing_.empty(); }

  void look_at_images();
  void begin_reading();
  void read_prompts();
  void read_together(std::vector<Reading*> together);
  void finish_row(Reading& reading, std::vector<float> logits, Tensor hidden);
  void start_sequences();

  // Called between two layers, so that no running sequence waits for longer than hold_ms and one layer.
  void between_layers();
  LayerHook hook(const char* phase, std::vector<std::shared_ptr<Sequence>> of);
  void sample_all();
  void flow_all();
  void settle_ended();
  void settle(const std::shared_ptr<Sequence>& sequence);
  void fail(const std::shared_ptr<Sequence>& sequence, std::exception_ptr error);
  void finish_one();

  const EngineModel& model_;
  EngineOptions options_;
  std::function<void()> poll_;
  CacheRows rows_;
  ImageEncodings encodings_;
  TokenLoop loop_;
  FlowTimes times_;
  std::deque<std::shared_ptr<Sequence>> waiting_;
  std::vector<std::shared_ptr<Sequence>> entering_;  // have rows, their prompts are being read
  std::vector<Reading> readings_;                    // their prompts, until they are read to the end
  std::vector<std::shared_ptr<Sequence>> running_;
  std::vector<std::shared_ptr<Sequence>> flowing_;   // run too, each step a long pass of its own
  std::deque<std::shared_ptr<Sequence>> finishing_;  // need no rows any more
  std::shared_ptr<Sequence> being_finished_;
  bool broken_off_ = false;
  Clock::time_point last_step_;
};

}  // namespace janus
