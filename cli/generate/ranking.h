// How well the model itself finds a prompt in an image: what --best-of chooses by.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus::cli {

// The prompt, and where it says "A left of B on C" the same seen from B: "B right of A on C"; "above" and
// "below" alike. A model that was taught to say only one of the two finds its own words.
std::vector<std::string> paraphrases(const std::string& prompt);

// What the engine is asked about an image that `request` has made.
ScoreRequest rank_request(const std::string& ranker, const ImageRequest& request, PromptImage image);

// How well an image shows what its request asks for, of the scores of its rank_request(). Higher is better;
// comparable among images of one prompt alone. self-vqa: log-odds of yes over no to "Does this image show
// PROMPT?". self-caption: log-probability of the prompt, or of its likeliest paraphrase, as the description
// of the image.
double rank_of(const std::string& ranker, std::span<const Score> scores);

// Both, one after the other.
double rank_score(Engine& engine, const std::string& ranker, const ImageRequest& request, const Image& image);

}  // namespace janus::cli
