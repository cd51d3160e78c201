// What may be asked of a model. Requests are held against it when they are submitted; the options of the
// command line take the same ranges.
#pragma once

#include <string>
#include <string_view>

#include "core/base/range.h"
#include "core/nn/sampler.h"
#include "generator/results.h"

namespace janus {

inline constexpr RealRange kTemperatures{.low = 0};  // 0: always the likeliest
inline constexpr IntRange kTopK{.low = 0};           // 0: all
inline constexpr RealRange kTopP{.low = 0, .high = 1, .open = true};
inline constexpr RealRange kGuidance{.low = 0};                       // 1: none
inline constexpr IntRange kFlowSteps{.low = 1, .high = 1000};         // of an image that is drawn by flow
inline constexpr IntRange kMaxTokens{.low = 1};                       // of an answer
inline constexpr IntRange kTopLogprobs{.low = 0, .high = 20};         // of a token
inline constexpr IntRange kWindows{.low = 0, .high = 64};             // EngineOptions'
inline constexpr IntRange kImageCounts{.low = 1, .high = 1'000'000};  // of one prompt
inline constexpr IntRange kSeeds{.low = 0, .high = UINT32_MAX};

// Each throws Error naming what is wrong, what was expected and what was found.
void check_sampling(const SamplingOptions& sampling);
// A text for a model to read: UTF-8.
void check_text(const char* what, std::string_view text);
// A text that asks for something: not blank either.
void check_prompt(const char* what, std::string_view text);
// Codes of an image, of a model with so many lines of so many codes out of a codebook.
void check_codes(const ImageCodes& codes, int64_t height, int64_t width, int64_t codebook_size);

}  // namespace janus
