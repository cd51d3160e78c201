#include "cli/caption/caption_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/app/command.h"
#include "cli/io/interrupt.h"
#include "cli/io/output_file.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

// What a killed run leaves of one, the next takes over.
AtomicFileOptions options_of(const std::string& path, bool durable) {
  return {.temporary = Temporary::of_target,
          .durable = durable,
          .name = "output, " + path,
          .advice = "free space or choose another place"};
}

}  // namespace

CaptionOutput::CaptionOutput(const CaptionSettings& settings, const RunFacts& run, Console& console)
    : settings_(settings), run_(run), console_(console) {
  on_stream_ = settings.output == kStandardStream || (settings.output.empty() && settings.sidecar.empty());
  if (!settings.csv.empty()) const OutputFile refused_before_the_work(settings.csv);
  if (on_stream_ || settings.output.empty()) return;
  journal_.emplace(settings.output,
                   JournalOptions{JournalKind::captions, run.model, run.prompt_hash, settings.mixed});
}

bool CaptionOutput::first_time(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return asked_.insert(hash_of_key(key)[0]).second;
}

bool CaptionOutput::has_sidecar(const ListedImage& image) const {
  return access(sidecar_path(image.path, settings_.sidecar).c_str(), F_OK) == 0;
}

Need CaptionOutput::need_of(ListedImage& image) {
  const bool sidecars = !settings_.sidecar.empty() && !image.in_archive;
  const std::optional<RecordSummary> record = journal_ ? journal_->find(image.key) : std::nullopt;
  if (!record) {
    return sidecars && !settings_.overwrite && has_sidecar(image) ? Need::nothing : Need::caption;
  }
  const bool same_file = image.bytes == record->bytes && (image.bytes < 0 || image.mtime == record->mtime);
  if (!record->failed && !image.fault.empty()) return Need::nothing;
  if (record->failed && settings_.retry_errors) return Need::caption;
  if (!same_file) {
    image.old_sha256 = record->sha256;
    image.old_failed = record->failed;
    image.has_caption = !record->failed;
    return Need::caption;
  }
  if (record->failed) return Need::failed;
  if (sidecars && !has_sidecar(image)) write_sidecar(image.path, Json::parse(journal_->line_of(image.key)));
  return Need::nothing;
}

void CaptionOutput::put(const std::string& key, const Json& record, bool failed) {
  if (on_stream_) print_json(record, console_);
  if (journal_) journal_->append(key, to_line(record), failed);
}

void CaptionOutput::write_sidecar(const std::string& image, const Json& record) {
  const std::optional<std::string> fault = error_of([&] {
    InterruptHold hold;
    const std::string path = sidecar_path(image, settings_.sidecar);
    AtomicFile file(path, options_of(path, /*durable=*/false));
    file.append(sidecar_text(record, settings_.sidecar));
    file.commit();
  });
  if (!fault) return;
  ++sidecar_faults_;
  console_.error(*fault);
}

void CaptionOutput::write(const LoadedImage& image, const std::vector<Answer>& answers) {
  const Json record = caption_record(settings_, run_, image, answers);
  put(image.listed.key, record, /*failed=*/false);
  if (!settings_.sidecar.empty() && !image.listed.in_archive) write_sidecar(image.listed.path, record);
}

void CaptionOutput::write_error(const LoadedImage& image) {
  put(image.listed.key, error_record(run_, image), /*failed=*/true);
}

void CaptionOutput::write_table() {
  InterruptHold hold;
  AtomicFile table(settings_.csv, options_of(settings_.csv, /*durable=*/true));
  table.append(csv_heading(settings_));
  journal_->for_each([&](std::string_view line) { table.append(csv_row(settings_, Json::parse(line))); });
  table.commit();
}

void CaptionOutput::finish() {
  if (!journal_) return;
  journal_->compact();
  if (!settings_.csv.empty()) write_table();
}

}  // namespace janus::cli
