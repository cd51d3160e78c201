// The results of models: answers, images, scores and arrays of values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/nn/sampler.h"
#include "vision/image.h"

namespace janus {

// The milliseconds that the parts of one request took; 0 for parts that did not run.
struct Timings {
  double vision_ms = 0, prefill_ms = 0, decode_ms = 0, image_decode_ms = 0;
  double tokens_per_second = 0;  // tokens, codes or steps of a flow, over decode_ms
  int64_t passes = 0;  // of the decoder behind the prompt; fewer than tokens where guesses were right
};

enum class FinishReason { stop, length };

// A token that was sampled, and how likely the model found it: the natural logarithm of its probability
// before temperature, top-k and top-p.
struct SampledToken {
  int32_t id = 0;
  double logprob = 0;
  std::vector<TokenLogprob> top = {};  // the likeliest tokens in its place, likeliest first
};

struct Answer {
  std::string text = {};                  // without white space at the ends
  std::vector<int32_t> ids = {};          // new tokens, without the end token
  std::vector<SampledToken> tokens = {};  // the same with what they came from, where it was asked for
  FinishReason finish_reason = FinishReason::stop;
  Timings timings = {};
};

// A dense f32 array on the host.
struct Array {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

// An image as the VQ tokenizer's codes, in row order.
struct ImageCodes {
  int height = 0;
  int width = 0;
  std::vector<int32_t> codes = {};
};

struct GeneratedImage {
  int index = 0;      // among those of one call
  uint32_t seed = 0;  // gives the same image alone
  Image image = {};
  ImageCodes codes = {};  // none where the family makes images of something else
  Array latent = {};      // [channels, height, width], where it makes them of that
  Timings timings = {};
};

// Log-probabilities, natural logarithm, one for each id.
struct Score {
  std::vector<int32_t> ids;
  std::vector<double> logprobs;
  double total = 0;
};

// Receives the progress of running work: `done` of `total` steps of a phase are done. May throw to end the
// work.
using Progress = std::function<void(const char* phase, int64_t done, int64_t total)>;

}  // namespace janus
