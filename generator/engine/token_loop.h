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

  // The token behind a prompt that has been read.
  void sample_first(Sequence& sequence);
  // Reads the last token of each of `running` into its rows and samples the next. What a sequence's sink
  // throws stands in it then; throws what the device does.
  void step(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  int64_t tokens_sampled() const { return tokens_sampled_; }
  // Rows of the cache have moved: a device must be told anew where they are.
  void forget_plans();

 private:
  // What a device samples by itself. A sequence that has ended is sampled on and passed over: beginning anew
  // takes longer.
  struct DeviceRun {
    std::unique_ptr<Decoding> decoding;
    std::vector<RequestId> items;  // 0: ended
    int64_t left = 0;              // tokens of each
  };

  void step_on_host(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  // False where the device leaves it to the host.
  bool step_on_device(TokenKind kind, std::span<const std::shared_ptr<Sequence>> running, KvCache& cache);
  void begin_device_run(DeviceRun& run, TokenKind kind, std::span<const std::shared_ptr<Sequence>> running,
                        const KvCache& cache);
  // logits: a line a row of the sequence.
  void sample_next(Sequence& sequence, std::span<const float> logits);
  void give(Sequence& sequence, int32_t id);

  const EngineModel* model_;
  DeviceRun text_, codes_;
  int64_t tokens_sampled_ = 0;
};

}  // namespace janus
