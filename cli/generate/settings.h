// What the command line asks of `janus generate`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/app/sampling_options.h"
#include "cli/generate/made_with.h"
#include "cli/io/existing_files.h"
#include "generator/engine/engine_options.h"
#include "generator/limits.h"
#include "vision/image_file.h"

namespace janus::cli {

struct GenerateSettings {
  std::string prompt, negative_prompt, output, codes_output;
  int64_t count = 1;
  std::optional<double> guidance;  // else the model's
  std::optional<int64_t> steps;
  SamplingSettings sampling{ImageRequest{}.sampling};
  bool special_tokens = false;
  int parallel = kAutoWindow;

  std::string from;              // an image whose settings are taken
  MadeWith made_with;            // what it says that it was made with
  bool has_image_steps = false;  // `steps` are its
  const OptionSet* options = nullptr;
  const OptionEntry* quality_option = nullptr;

  std::string prompts;              // a file of them, in place of `prompt`
  std::string layout = "numbered";  // of what `prompts` is, and of OUT
  std::string records;              // empty = kRecordsName beside the images
  bool retry_errors = false;
  Replacing replacing;

  int64_t best_of = 0;  // candidates; 0 = every image is kept
  int64_t keep = 1;
  std::string ranker = "self-caption";

  std::string grid, preview;
  int64_t preview_every = 4;  // lines of codes, or steps
  int64_t enlarge = 1;
  int64_t quality = kUsualQuality;

  // Options that mean something beside another alone.
  std::vector<const OptionEntry*> with_prompts, with_best_of, with_preview;
};

// Images kept of one run, and candidates generated for one prompt.
inline constexpr int64_t kMostImages = kImageCounts.high, kMostCandidates = 10'000;

// The records of a list, where no other name is given.
inline constexpr const char* kRecordsName = "janus-records.jsonl";

}  // namespace janus::cli
