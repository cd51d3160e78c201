// The one loop that samples: a token or code of every sequence that is under way, in one pass over their
// rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "generator/engine/sequence.h"

namespace janus {

class TokenLoop {
 public:
  explicit TokenLoop(const EngineModel& model) : model_(&model) {}

  // Samples the token behind a prompt that has been read.
  void sample_first(Sequence& sequence);
  // Reads the last token of each of `running` into its rows and samples the next. Where a sequence's sink
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

  void step_on_host(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  // False where the device leaves it to the host.
  bool step_on_device(TokenKind kind, std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  void begin_device_run(DeviceRun& run, TokenKind kind, std::span<const std::shared_ptr<Sequence>> running,
                        const KvCache& cache);
  // logits: [V] for each row of the sequence, one after another. hidden: [B, D], what they were made of;
  // empty where it is not known.
  void sample_next(Sequence& sequence, std::span<const float> logits, const Tensor& hidden);
  // Ends a sequence whose logits are not finite with an Error that names the part of the model.
  void refuse(Sequence& sequence, std::span<const float> logits, const Tensor& hidden);
  void give(Sequence& sequence, int32_t id);

  const EngineModel* model_;
  DeviceRun text_, codes_;
  int64_t tokens_sampled_ = 0;
};

}  // namespace janus
