// What the command line asks of `janus generate`.
#pragma once

#include <cstdint>
#include <string>

#include "cli/options.h"

namespace janus::cli {

struct GenerateSettings {
  std::string prompt, output, codes_output;
  int64_t count = 1;
  double guidance = 5, temperature = 1, top_p = 1;
  int64_t top_k = 0;

  std::string prompts;  // a file of them, in place of `prompt`
  std::string records;  // empty = kRecordsName beside the images
  bool overwrite = false, retry_errors = false;

  int64_t best_of = 0;  // candidates; 0 = every image is kept
  int64_t keep = 1;
  std::string ranker = "self-caption";
  const OptionEntry* keep_option = nullptr;
  const OptionEntry* ranker_option = nullptr;

  std::string grid, preview;
  int64_t preview_every = 4;  // lines of codes
  int64_t enlarge = 1;
};

// The records of a list, where no other name is given.
inline constexpr const char* kRecordsName = "janus-records.jsonl";

}  // namespace janus::cli
