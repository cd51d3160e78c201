// A prompt in, image codes out.
// Source: deepseek-ai/Janus, generation_inference.py.
#pragma once

#include <cstdint>
#include <span>

#include "generator/janus_networks.h"
#include "generator/model.h"

namespace janus {

// Draws options.count images with classifier-free guidance; the prompt is read once for all. `prompt_ids` end
// in begin-of-image. Throws Error where prompt and codes do not fit the context.
Timings draw_images(const JanusNetworks& networks, std::span<const int32_t> prompt_ids, int32_t pad,
                    const GenerateOptions& options, const ImageSink& on_image, const Progress& progress);

// Log-probabilities of codes behind the prompt, teacher-forced, at temperature 1.
Score score_image_codes(const JanusNetworks& networks, std::span<const int32_t> prompt_ids, int32_t pad,
                        const ImageCodes& codes, float guidance);

}  // namespace janus
