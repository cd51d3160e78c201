#include "cli/io/run_status.h"

#include <fmt/format.h>

namespace janus::cli {

RunStatus run_status(const RunCounts& counts) {
  RunStatus status;
  status.share = counts.share;
  status.count = fmt::format("{} {}{}", counts.phase, counts.done,
                             counts.total >= 0 ? fmt::format("/{}", counts.total) : "");
  if (counts.errors > 0) status.count += fmt::format(", {} errors", counts.errors);
  status.rate = fmt::format("{:.1f} pictures/s", counts.images_per_second);
  if (!counts.unit.empty()) {
    const double rate = counts.units_per_second;  // a step of a flow may take many seconds
    status.rate += fmt::format(
        ", {} {}/s", rate < 1 ? fmt::format("{:.2g}", rate) : fmt::format("{:.0f}", rate), counts.unit);
  }
  if (counts.left_s >= 0) status.left = clock_time(counts.left_s) + " left";

  Json object{{"phase", counts.phase}, {"done", counts.done}};
  object["total"] = counts.total >= 0 ? Json(counts.total) : Json(nullptr);
  object.update(counts.own);
  object["errors"] = counts.errors;
  object["pictures_per_second"] = rounded(counts.images_per_second);
  if (!counts.unit.empty()) object[counts.unit + "_per_second"] = rounded(counts.units_per_second);
  object["eta_s"] = counts.left_s >= 0 ? Json(rounded(counts.left_s)) : Json(nullptr);
  status.json = to_line(object);
  return status;
}

}  // namespace janus::cli
