// A prompt in, image codes out.
// Source: deepseek-ai/Janus, generation_inference.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "generator/janus/janus_networks.h"
#include "generator/model.h"

namespace janus {

// Images drawn side by side at most: beyond these the weights are read seldom enough, and each takes memory
// for its cache. On a card reading the weights is nearly all of a step. wanted: at most, or 0.
int images_at_once(const Device& device, int wanted = 0);
// Rows of the cache for so many images side by side: each one's own and those of a prompt that they share, of
// each of `kinds` (2 with guidance).
int64_t drawing_cache_rows(size_t images, int kinds);

// One image to draw. `prompt_ids` end in begin-of-image.
struct Drawing {
  std::vector<int32_t> prompt_ids;
  float guidance = 5.0F;
  SamplingOptions sampling;
};

// Throws Error where a prompt of so many tokens and an image's codes do not fit the context.
void check_prompt_fits(const JanusNetworks& networks, size_t prompt_length);

// Draws images with classifier-free guidance, a few at a time side by side; a prompt is read once for
// neighbours that share it. All of a group end with the same step, and are handed over before the next group
// begins, or while a device draws that by itself. Throws Error, before any is drawn, where a prompt does not
// fit. most: side by side, or 0.
Timings draw_images(const JanusNetworks& networks, std::span<const Drawing> drawings, int32_t pad,
                    const DrawHooks& hooks, int most = 0);

// Log-probabilities of codes behind the prompt, teacher-forced, at temperature 1.
Score score_image_codes(const JanusNetworks& networks, std::span<const int32_t> prompt_ids, int32_t pad,
                        const ImageCodes& codes, float guidance);

}  // namespace janus
