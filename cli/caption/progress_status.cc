#include "cli/caption/progress_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json_output.h"

namespace janus::cli {

RunStatus CaptionWatch::status_of(const CaptionProgress& progress) const {
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const int64_t done = progress.done(), total = progress.total;
  const int64_t errors = progress.failed + progress.still_failed;
  // What was passed over costs next to nothing: the pace is that of the rest.
  const auto worked = static_cast<double>(progress.captioned + progress.failed);
  const double pictures_per_second = elapsed > 0 ? worked / elapsed : 0;
  const double tokens_per_second = elapsed > 0 ? static_cast<double>(progress.tokens) / elapsed : 0;
  const bool foreseen = total >= done && pictures_per_second > 0;
  const double left_s = foreseen ? static_cast<double>(total - done) / pictures_per_second : -1;

  RunStatus status;
  status.text = fmt::format("captioning {}{}", done, total >= 0 ? fmt::format("/{}", total) : "");
  if (errors > 0) status.text += fmt::format(", {} errors", errors);
  status.text += fmt::format(", {:.1f} pictures/s, {:.0f} tokens/s", pictures_per_second, tokens_per_second);
  if (left_s >= 0) status.text += ", " + clock_time(left_s) + " left";
  if (total > 0) status.share = static_cast<double>(done) / static_cast<double>(total);

  Json object{{"phase", "captioning"}, {"done", done}};
  object["total"] = total >= 0 ? Json(total) : Json(nullptr);
  object["captioned"] = progress.captioned.load();
  object["passed_over"] = progress.skipped.load();
  object["errors"] = errors;
  object["pictures_per_second"] = rounded(pictures_per_second);
  object["tokens_per_second"] = rounded(tokens_per_second);
  object["eta_s"] = left_s >= 0 ? Json(rounded(left_s)) : Json(nullptr);
  status.json = to_line(object);
  return status;
}

}  // namespace janus::cli
