// How far a run over many images is, told alike by every command.
#pragma once

#include <cstdint>
#include <string>

#include "cli/io/json_output.h"
#include "cli/io/progress.h"

namespace janus::cli {

struct RunCounts {
  std::string phase;
  int64_t done = 0, total = -1;  // images; -1 = not known
  Json own = Json::object();     // counts of the command's own
  int64_t errors = 0;
  double images_per_second = 0;
  std::string unit;  // what an image takes: "tokens", "codes"; empty where that is not counted
  double units_per_second = 0;
  double share = -1;   // done of all; negative = not known
  double left_s = -1;  // the same
};

RunStatus run_status(const RunCounts& counts);

}  // namespace janus::cli
