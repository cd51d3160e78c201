// The one loop that samples: at least one token or code of every sequence that is under way, in one pass over
// their rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "generator/engine/engine_options.h"
#include "generator/engine/sequence.h"
#include "generator/engine/window_tuner.h"

namespace janus {

class TokenLoop {
 public:
  TokenLoop(const EngineModel& model, const EngineOptions& options)
      : model_(&model), text_{options.answer_window}, codes_{options.image_window} {}

  // Samples the token behind a prompt that has been read.
  void sample_first(Sequence& sequence);
  // Reads the last token of each of `running`, and guesses of what follows, into its rows, and samples the
  // next and those behind right guesses. Where a sequence's sink
  // throws, the error is kept in the sequence. Throws what the device throws.
  void step(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  int64_t tokens_sampled() const { return tokens_sampled_; }
  // To be called when rows of the cache have moved, so that a device is told anew where they are.
  void forget_plans();

 private:
  // The sequences that a device samples by itself. It goes on with one that has ended, whose tokens are
  // passed over: beginning anew takes longer.
  struct DeviceRun {
    std::unique_ptr<DeviceDecodeRun> decoding;
    std::vector<RequestId> items;  // 0: ended
    int64_t left = 0;              // tokens still to come for each
  };

  // What the loop keeps of tokens of one kind.
  struct KindState {
    int window = 1;          // as in EngineOptions
    WindowTuner tuner = {};  // where it is kAutoWindow
    DeviceRun run = {};
  };

  // What a pass on the host reads of a sequence: its last token, then guesses.
  struct Window {
    std::shared_ptr<Sequence> sequence;
    std::vector<int32_t> ids;
    int64_t rows() const { return static_cast<int64_t>(ids.size() * sequence->rows.size()); }
  };

  void step_on_host(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  std::vector<Window> windows_of(std::span<const std::shared_ptr<Sequence>> running, const KvCache& cache);
  // Samples behind the tokens of a window, until a guess is wrong, and lets the cache forget what was read
  // behind that. Returns the number of tokens that the sequence took.
  int64_t sample_window(const Window& window, std::span<const float> logits, const Tensor& hidden,
                        KvCache& cache);
  // Tells the tuners what a pass has shown. taken: the tokens that each window's sequence took.
  void learn(std::span<const Window> windows, std::span<const int64_t> taken, double ms);
  KindState& state_of(TokenKind kind) { return kind == TokenKind::text ? text_ : codes_; }
  // False where the device leaves it to the host.
  bool step_on_device(TokenKind kind, std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  void begin_device_run(DeviceRun& run, TokenKind kind, std::span<const std::shared_ptr<Sequence>> running,
                        const KvCache& cache);
  // lines: logits [V] of each row of the sequence. hidden: [B, D], what they were made of; empty where it is
  // not known.
  void sample_next(Sequence& sequence, std::span<const std::span<const float>> lines, const Tensor& hidden);
  // Ends a sequence whose logits are not finite with an Error that names the part of the model.
  void refuse(Sequence& sequence, std::span<const std::span<const float>> lines, const Tensor& hidden);
  void give(Sequence& sequence, int32_t id);

  const EngineModel* model_;
  KindState text_, codes_;
  int64_t tokens_sampled_ = 0;
};

}  // namespace janus
