// The parts of a model that `janus bench --only` may name.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace janus::cli {

inline constexpr std::array<std::string_view, 9> kBenchParts{"vision",       "prefill",     "text_decode",
                                                             "image_decode", "vq_decode",   "flow_step",
                                                             "uvit_encode",  "uvit_decode", "vae_decode"};

// Those of models whose images are codes, and of models that draw by flow; the first three are of both.
inline constexpr size_t kAnswerParts = 3, kCodeParts = 5;

// Whether a model has a part.
constexpr bool has_part(std::string_view part, bool flows) {
  for (size_t index = 0; index < kBenchParts.size(); ++index) {
    if (kBenchParts[index] == part) return index < kAnswerParts || (index >= kCodeParts) == flows;
  }
  return false;
}

}  // namespace janus::cli
