#include "cli/sources/feed_report.h"

#include <fmt/format.h>

#include "cli/io/run_status.h"
#include "cli/sources/file_kind.h"

namespace janus::cli {

RunStatus FeedWatch::status_of(const FeedProgress& progress, const FeedTerms& terms) const {
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const int64_t done = progress.done(), total = progress.total;
  // What was passed over costs next to nothing: the pace is that of the rest.
  const auto worked = static_cast<double>(progress.finished + progress.failed);
  const double images_per_second = elapsed > 0 ? worked / elapsed : 0;
  const double units_per_second = elapsed > 0 ? static_cast<double>(terms.units) / elapsed : 0;
  const bool foreseen = total >= done && images_per_second > 0;
  const double left_s = foreseen ? static_cast<double>(total - done) / images_per_second : -1;

  return run_status({.phase = terms.phase,
                     .done = done,
                     .total = total,
                     .own = {{terms.finished, progress.finished.load()},
                             {"done_before", progress.done_before.load()},
                             {"filtered", progress.filtered.load()},
                             {"named_twice", progress.named_twice.load()},
                             {"passed_over", progress.passed_over.total()}},
                     .errors = progress.errors(),
                     .images_per_second = images_per_second,
                     .unit = terms.unit,
                     .units_per_second = units_per_second,
                     .share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : -1,
                     .left_s = left_s});
}

std::string feed_counts(const FeedProgress& progress, const std::string& finished) {
  std::string text = fmt::format("{} {}", progress.finished.load(), finished);
  const auto add = [&](int64_t count, const std::string& what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  const int64_t errors = progress.errors();
  add(progress.done_before, "done before");
  add(progress.filtered, "outside --where");
  add(progress.named_twice, "named twice");
  add(errors, errors == 1 ? "error" : "errors");
  add(progress.passed_over.total(), "passed over: " + progress.passed_over.text());
  return text;
}

std::string nothing_found(const std::string& command, const std::string& path,
                          const PassedOver& passed_over) {
  const std::string archive = passed_over.first_of(kTarArchive), packed = passed_over.first_of(kOtherArchive);
  std::string advice = "name what holds pictures, and check --include and --exclude";
  if (passed_over.total() > 0) advice = "convert what is a picture to PNG or JPEG, or name another folder";
  if (!packed.empty()) advice = fmt::format("unpack {} and name the folder", packed);
  if (!archive.empty()) advice = fmt::format("name the archives themselves: {} {} ...", command, archive);
  const std::string beside = passed_over.total() > 0 ? " but " + passed_over.text() : "";
  return fmt::format("pictures, {}: expected some, found none{}; {}", path, beside, advice);
}

}  // namespace janus::cli
