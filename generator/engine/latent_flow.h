// What a family that draws by rectified flow implements for the engine: an image is a latent that begins as
// noise at time 0 and follows a velocity until time 1. The language model reads the latent behind the prompt.
// Source: Liu et al., "Flow straight and fast", 2022; deepseek-ai/Janus, demo/app_janusflow.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/nn/layers.h"
#include "generator/results.h"
#include "vision/image.h"

namespace janus {

// What the networks take of the time of a step: the same for all images that are there.
struct FlowTime {
  float time = -1;                 // from 0, noise, to 1
  Tensor token;                    // [1, D], stands before the tokens of the latent
  std::vector<Tensor> modulation;  // of each block, as the family has them
};

// A latent as the language model reads it.
struct FlowInput {
  Tensor tokens;  // [T, D], the time's first
  Tensor skip;    // what goes past the language model, as the family has it
};

class LatentFlow {
 public:
  virtual ~LatentFlow() = default;

  // Throws Error that says what is missing where no image can be drawn.
  virtual void check_draws() const = 0;
  // The tokens T that a step reads behind the prompt.
  virtual int64_t tokens() const = 0;
  // The noise that an image of this seed begins as: a latent in the layout that the others take.
  virtual std::vector<float> noise(uint32_t seed) const = 0;
  virtual FlowTime at(float time) const = 0;
  virtual FlowInput read(std::span<const float> latent, const FlowTime& time) const = 0;
  // hidden: [B, T, D] of those tokens -> B velocities, each as a latent, one after another.
  virtual std::vector<float> velocity(const Tensor& hidden, const FlowInput& input,
                                      const FlowTime& time) const = 0;
  // The latent [channels, height, width], as files have it.
  virtual Array stored(std::span<const float> latent) const = 0;
  // on_layer: may end it by throwing.
  virtual Image make_image(std::span<const float> latent, const LayerHook& on_layer) const = 0;
};

}  // namespace janus
