// What janus bench asks of a model.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "cli/io/step_timer.h"
#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus::cli {

inline constexpr int kPasses = 3;  // of everything but single steps of a decode
// Images generated side by side, where the device gains from so many, and codes of each that a pass reads.
struct ImageSteps {
  int images, window;
  int rows() const { return 2 * images * window; }
};
inline constexpr std::array kImageSteps{ImageSteps{1, 1}, ImageSteps{2, 1},  ImageSteps{4, 1},
                                        ImageSteps{8, 1}, ImageSteps{16, 1}, ImageSteps{16, 2}};

inline double time_of(const std::function<void()>& action) {
  const Clock::time_point start = Clock::now();
  action();
  return ms_since(start);
}

// Special tokens stand at the ends of a vocabulary. Which word it is makes no difference to the time.
inline std::vector<int32_t> sample_prompt(const Model& model, int64_t tokens) {
  return std::vector<int32_t>(static_cast<size_t>(tokens), static_cast<int32_t>(model.info().vocab_size / 3));
}

// Nearly every word is as likely as any other, so that answers do not end early.
inline AnswerRequest sample_answer(const Model& model, int64_t prompt_tokens, int tokens) {
  return {.prompt_ids = sample_prompt(model, prompt_tokens),
          .max_tokens = tokens,
          .sampling = {.temperature = 1e4F}};
}

}  // namespace janus::cli
