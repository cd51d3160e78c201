// An image of a prompt that is drawn by flow: its latent, on its way from noise to an image.
#pragma once

#include <utility>
#include <vector>

#include "generator/engine/latent_flow.h"
#include "generator/engine/sequence.h"

namespace janus {

// Times that networks have been told of: images that are drawn side by side take the same ones.
class FlowTimes {
 public:
  // Valid until the next call.
  const FlowTime& at(const LatentFlow& flow, float time);

 private:
  FlowTime last_;
};

class FlowSequence : public Sequence {
 public:
  FlowSequence(const EngineModel& model, ImageRequest request, ImageSink sink);

  bool samples() const override { return false; }
  void take(int32_t) override {}
  bool finishes_later() const override { return true; }
  void finish(const EngineModel& model, KvCache& cache, const LayerHook& on_layer) override;
  void fail(std::exception_ptr why) override;
  void report(const char* phase, int64_t done, int64_t total) override;
  FlowSequence* as_flow() override { return this; }

  // Makes an Euler step: a pass over the latent's tokens behind each row of the cache, which holds the
  // prompts alone before and after. Sets `ended` with the last. Throws NotFinite that names the part of the
  // model where its velocity is not finite, and lets through what the sink and on_layer throw.
  void advance(KvCache& cache, FlowTimes& times, const LayerHook& on_layer);

 private:
  // The velocity of each row, one after another.
  std::vector<float> velocities(KvCache& cache, const FlowTime& time, const LayerHook& on_layer);
  // Throws NotFinite of the part that gave the velocity.
  [[noreturn]] void refuse(const FlowInput& input, const Tensor& hidden) const;
  void tell_step(std::span<const float> velocity, const LayerHook& on_layer);

  const EngineModel* model_;
  const LatentFlow* flow_;
  ImageSink sink_;
  int step_ = 0, steps_;
  std::vector<int32_t> lengths_, rope_positions_;  // of each row: its prompt, and where the latent stands
  std::vector<float> latent_;
};

}  // namespace janus
