// What janus caption was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/app/sampling_options.h"
#include "cli/caption/where.h"
#include "cli/io/existing_files.h"

namespace janus::cli {

// One question about every image; a run with one question may leave its name empty.
struct Ask {
  std::string name, prompt;
};

// Which images, and where they are listed.
struct SourceSettings {
  std::vector<std::string> paths;
  bool nul_separated = false;  // lists
  std::vector<std::string> include, exclude;
  std::string image_field = "image";  // of JSONL lists
  bool shuffle = false;
  uint32_t seed = SamplingOptions{}.seed;
  int64_t shard = 1, shards = 1;  // this job takes part `shard` of `shards`
};

struct CaptionSettings {
  SourceSettings sources;
  std::vector<Ask> asks;
  std::vector<Condition> where;
  int64_t limit = 0;    // 0 = all
  std::string output;   // "" = none, "-" = standard output
  std::string sidecar;  // extension, or ""
  std::string csv;      // path, or ""
  Replacing replacing;
  bool retry_errors = false, mixed = false;
  SamplingSettings sampling{AnswerRequest{}.sampling};
  bool special_tokens = false;
  int64_t batch = 4;
  int64_t decoders = 0;  // 0 = by the processors there are

  bool named() const { return !asks.front().name.empty(); }
};

}  // namespace janus::cli
