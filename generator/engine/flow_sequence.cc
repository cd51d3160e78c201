#include "generator/engine/flow_sequence.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

// Guided from the second row away; the velocity itself where there is one row.
std::vector<float> guided(std::vector<float> velocities, size_t rows, float guidance) {
  if (rows == 1) return velocities;
  const size_t size = velocities.size() / 2;
  for (size_t i = 0; i < size; ++i) {
    velocities[i] = guidance * velocities[i] - (guidance - 1) * velocities[size + i];
  }
  velocities.resize(size);
  return velocities;
}

// latent + t * velocity.
std::vector<float> moved(std::span<const float> latent, std::span<const float> velocity, float t) {
  std::vector<float> result(latent.begin(), latent.end());
  for (size_t i = 0; i < result.size(); ++i) result[i] += t * velocity[i];
  return result;
}

}  // namespace

const FlowTime& FlowTimes::at(const LatentFlow& flow, float time) {
  if (last_.time != time) last_ = flow.at(time);
  return last_;
}

FlowSequence::FlowSequence(const EngineModel& model, ImageRequest request, ImageSink sink)
    : model_(&model), flow_(model.latent_flow()), sink_(std::move(sink)) {
  const ImageDefaults defaults = model.image_defaults();
  sampling = request.sampling;
  guidance = request.guidance.value_or(defaults.guidance);
  steps_ = request.steps.value_or(defaults.steps);
  room = flow_->tokens();
  rows = image_rows(model, request);
  for (const PromptRow& row : rows) lengths_.push_back(static_cast<int32_t>(row.ids.size()));
  rope_positions_ = lengths_;
  // The reference pads the unconditional row and masks the pads, so its latent stands where the other's does.
  if (rows.size() == 2 && request.negative_prompt.empty()) rope_positions_[1] = rope_positions_[0];
  latent_ = flow_->noise(sampling.seed);
}

void FlowSequence::fail(std::exception_ptr why) {
  if (sink_.on_error) sink_.on_error(std::move(why));
}

void FlowSequence::report(const char* phase, int64_t done, int64_t total) {
  if (sink_.on_progress) sink_.on_progress(phase, done, total);
}

std::vector<float> FlowSequence::velocities(KvCache& cache, const FlowTime& time, const LayerHook& on_layer) {
  const FlowInput input = flow_->read(latent_, time);
  const int64_t tokens = input.tokens.size(0), width = input.tokens.size(1);
  std::vector<int32_t> cache_rows;
  for (const PromptRow& row : rows) cache_rows.push_back(row.cache_row);
  const std::vector<Tensor> all(rows.size(), input.tokens);
  const Tensor x = rows.size() == 1 ? input.tokens : ops::concatenate(all);
  const Tensor hidden =
      model_->language_model().forward(x.reshape({static_cast<int64_t>(rows.size()), tokens, width}), cache,
                                       cache_rows, on_layer, rope_positions_);
  for (size_t row = 0; row < rows.size(); ++row) cache.truncate(cache_rows[row], lengths_[row]);
  std::vector<float> velocities = flow_->velocity(hidden, input, time);
  if (!all_finite(velocities)) refuse(input, hidden);
  return velocities;
}

void FlowSequence::refuse(const FlowInput& input, const Tensor& hidden) const {
  for (const PromptRow& row : rows)
    check_finite(ops::to_host(model_->embed(TokenKind::text, row.ids)), "token embeddings");
  check_finite(ops::to_host(input.tokens), "encoder of latents, or its aligner");
  check_finite(ops::to_host(hidden), "decoder");
  fail_not_finite("decoder of latents, or its aligner");
}

void FlowSequence::advance(KvCache& cache, FlowTimes& times, const LayerHook& on_layer) {
  if (step_ == 0) {
    flow_->check_draws();  // here, where the device may be used: it may have to load what it draws with
    watch.lap_ms();
    report("drawing", 0, steps_);
  }
  const auto count = static_cast<float>(steps_);
  const FlowTime& time = times.at(*flow_, static_cast<float>(step_) / count);
  const std::vector<float> velocity = guided(velocities(cache, time, on_layer), rows.size(), guidance);
  latent_ = moved(latent_, velocity, 1 / count);
  check(all_finite(latent_),
        "guidance: expected a weight that leaves the latent finite, found {}; use a smaller one", guidance);
  ++step_;
  ended = step_ == steps_;
  timings.decode_ms += watch.lap_ms();
  report("drawing", step_, steps_);
  if (!ended) tell_step(velocity, on_layer);
  watch.lap_ms();  // what the caller does with an image is its own
}

// What the image would be if the velocity stayed as it is.
void FlowSequence::tell_step(std::span<const float> velocity, const LayerHook& on_layer) {
  if (!sink_.on_line) return;
  const float left = 1 - static_cast<float>(step_) / static_cast<float>(steps_);
  sink_.on_line({.lines = step_, .all_lines = steps_, .make = [&] {
                   return flow_->make_image(moved(latent_, velocity, left), on_layer);
                 }});
}

void FlowSequence::finish(const EngineModel&, KvCache&, const LayerHook& on_layer) {
  report("decoding the picture", 0, 0);
  watch.lap_ms();
  GeneratedImage made;
  made.seed = sampling.seed;
  made.image = flow_->make_image(latent_, on_layer);
  made.latent = flow_->stored(latent_);
  timings.image_decode_ms = watch.lap_ms();
  if (timings.decode_ms > 0) timings.tokens_per_second = steps_ * 1000 / timings.decode_ms;
  made.timings = timings;
  if (sink_.on_done) sink_.on_done(made);
}

}  // namespace janus
