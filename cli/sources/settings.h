// Which images a run over many is about, and how they are read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/sources/where.h"
#include "core/nn/sampler.h"
#include "vision/image_file.h"

namespace janus::cli {

struct SourceSettings {
  std::vector<std::string> paths;
  bool nul_separated = false;  // lists
  std::vector<std::string> include, exclude;
  std::string image_field = "image";  // of JSONL lists
  bool shuffle = false;
  uint32_t seed = SamplingOptions{}.seed;
  int64_t shard = 1, shards = 1;  // this job takes part `shard` of `shards`
  Where where;
  int64_t limit = 0;     // 0 = all
  int64_t decoders = 0;  // threads; 0 = by the processors there are
  int64_t pixel_limit = kUsualPixelLimit;
};

}  // namespace janus::cli
