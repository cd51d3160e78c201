// What one run of `generate` has to generate: one prompt, or a list of them, each with settings and outputs
// of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/generate/layout.h"
#include "cli/generate/settings.h"
#include "cli/io/json_output.h"
#include "generator/engine/request.h"

namespace janus::cli {

// Where one kept image goes.
struct Output {
  std::string image;
  std::string codes;  // empty = nowhere
  int64_t index = 0;  // among all kept images of the run
  // Whether janus made up a part of the name, so that only what this output made is replaced.
  bool image_made_up = false, codes_made_up = false;
  // Whether a file that is there is replaced; known once outputs are checked (output_check.h).
  bool replaces_image = false, replaces_codes = false;
};

// One prompt: `count` images with seeds from `seed` on, of which those with the best scores, or all, are
// kept.
struct WorkItem {
  std::string prompt, negative_prompt = {};
  std::optional<double> guidance = {};  // there once settle() has been called
  std::optional<int64_t> steps = {};    // the same, of a model that draws by flow
  SamplingSettings sampling{ImageRequest{}.sampling};
  bool special_tokens = false;
  int64_t enlarge = 1, quality = kUsualQuality;
  MadeWith made_with = {};  // where the settings are those of an image
  uint32_t seed = ImageRequest{}.sampling.seed;
  int64_t count = 1;
  bool best_of = false;                // the outputs are the best of those generated
  bool tiled = false;                  // the one output has all of them, side by side
  std::vector<Output> outputs;         // one a kept image
  std::vector<bool> wanted;            // of each output: false where an earlier run has made it
  std::vector<Companion> beside = {};  // what a benchmark's scorer reads beside the images

  // Whether outputs are known only when all images are made.
  bool joins() const { return best_of || tiled; }
  // Takes from the model what is not given.
  void settle(const ImageDefaults& defaults);
  // The request of image k of `count`.
  ImageRequest request(int64_t k) const;
};

// What a prompt means with the settings of the command line alone; its seed and outputs are not known yet.
WorkItem item_of(const GenerateSettings& settings, const std::string& prompt);

// The work that the settings ask for, in order. Throws UsageError for settings that do not go together, Error
// for a list that cannot be read, holds no prompt or names an output twice.
std::vector<WorkItem> plan_work(const GenerateSettings& settings, const CommonOptions& common);

}  // namespace janus::cli
