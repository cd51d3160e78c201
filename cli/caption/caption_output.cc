#include "cli/caption/caption_output.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>

#include "cli/app/command.h"
#include "cli/caption/record_difference.h"
#include "cli/caption/renewed_texts.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/input_file.h"
#include "cli/io/interrupt.h"
#include "cli/io/output_file.h"
#include "cli/sources/file_kind.h"
#include "cli/sources/sources.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace janus::cli {
namespace {

AtomicFileOptions options_of(const std::string& path, bool durable) {
  return {.durable = durable, .name = "output, " + path, .advice = "choose another place"};
}

std::string unwritable_folder(const std::string& folder, int fault) {
  return fmt::format(
      "output, {}: expected a folder that takes sidecars, found: {}; make it writable, or give -o for "
      "records elsewhere",
      folder, std::strerror(fault));
}

std::string same_name(const std::string& path) {
  return fmt::format(
      "output, {}: expected a sidecar beside the picture, found the picture itself under that name; rename "
      "it, or choose another --sidecar",
      path);
}

std::string inside_archive(const std::string& key) {
  return fmt::format(
      "output, {}: expected a picture in a file of its own, found it in an archive; give -o for records, or "
      "unpack the archive",
      key);
}

std::string outside_places(const std::string& path) {
  return fmt::format(
      "output, {}: expected a sidecar in or below the folder of its list, found that the list leads "
      "elsewhere; "
      "give --sidecar-anywhere if that is meant, or -o for records alone",
      path);
}

// What is no table of ours is not replaced by one.
void check_table(const CaptionSettings& settings) {
  const OutputFile refused_before_the_work = named_output(settings.csv, settings.replacing, {});
  if (!is_taken(settings.csv)) return;
  std::string line;
  std::ifstream file(settings.csv, std::ios::binary);
  std::getline(file, line);
  const bool ours = line.starts_with(kCsvBegin) && (line + "\n").ends_with(kCsvEnd);
  check(ours || (line.empty() && file.eof()),
        "output, {}: expected a table that janus caption wrote, found another file; choose another --csv",
        settings.csv);
}

// Why the file that is there cannot be replaced by a sidecar; empty if it can.
std::string unwritable_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  const bool folder = S_ISDIR(status.st_mode);
  if (!folder && (status.st_mode & 0222) != 0) return {};
  return fmt::format("output, {}: expected a sidecar that can be written, found {}; {}", path,
                     folder ? "a folder" : "a write-protected one",
                     folder ? "choose another --sidecar" : "make it writable");
}

// The folders that the command line names, which can be tried before the work.
void check_sidecar_folders(const std::vector<std::string>& paths) {
  std::set<std::string> tried;
  for (const std::string& path : paths) {
    struct stat status {};
    if (is_list(path) || is_record_list_name(path) || stat(path.c_str(), &status) != 0) continue;
    const std::string folder = S_ISDIR(status.st_mode) ? path : folder_of(path);
    if (!tried.insert(folder).second) continue;
    InterruptHold hold;
    const int fault = try_folder_of(folder + "/.");
    if (fault != 0) throw Error(unwritable_folder(folder, fault));
  }
}

// Whether a record is about the image's file as it is now. Older records do not know of archives.
bool is_about(const RecordSummary& record, const ListedImage& image) {
  const bool same_file = image.bytes == record.bytes && (image.bytes < 0 || image.mtime == record.mtime);
  const bool same_archive = record.archive_bytes < 0 || (image.archive_bytes == record.archive_bytes &&
                                                         image.archive_mtime == record.archive_mtime);
  return same_file && same_archive;
}

}  // namespace

CaptionOutput::CaptionOutput(const CaptionSettings& settings, const RunFacts& run, Console& console)
    : settings_(settings), run_(run), console_(console), places_(settings.sources) {
  on_stream_ = settings.output == kStandardStream || (settings.output.empty() && settings.sidecar.empty());
  if (!settings.sidecar.empty()) check_sidecar_folders(settings.sources.paths);
  if (!settings.csv.empty()) check_table(settings);
  if (on_stream_ || settings.output.empty()) return;
  if (settings.prune) pruning_.emplace(settings.sources);
  journal_.emplace(settings.output, JournalKind::captions);
}

void CaptionOutput::go_on() {
  if (!journal_) return;
  journal_->go_on(
      {.model = run_.model,
       .prompt_hash = run_.prompt_hash,
       .mixed = settings_.mixed,
       .fingerprint = run_.fingerprint,
       .type = run_.type,
       .difference = [this](std::string_view line) { return difference_of(line, settings_, run_); }});
  if (journal_->resumed()) renew();
}

void CaptionOutput::renew() {
  const int64_t renewed = renew_texts(*journal_, settings_.asks, [&](const Json& before, const Json& after) {
    renew_sidecar(before, after);
  });
  if (renewed == 0) return;
  console_.notice(
      fmt::format("{} {} anew what --split, --prefix, --suffix and --case now make of the answers", renewed,
                  renewed == 1 ? "record holds" : "records hold"));
}

void CaptionOutput::renew_sidecar(const Json& before, const Json& after) {
  if (settings_.sidecar.empty() || before.contains("archive_bytes")) return;
  const std::string image = before["path"], path = sidecar_path(image, settings_.sidecar);
  if (path == image || access(path.c_str(), F_OK) != 0) return;
  std::string found;
  const std::optional<std::string> fault = error_of([&] { found = read_input(path, "sidecar"); });
  const bool own = !fault && is_sidecar_text(found, before, settings_.sidecar);
  // What stands there of other making, only where this run would put one.
  const bool placed = settings_.sidecar_anywhere || places_.hold(image);
  if (own || (settings_.replacing.overwrite && placed)) {
    write_sidecar(image, after);
  } else if (fault || found != sidecar_text(after, settings_.sidecar)) {
    tell_kept_sidecar(path);
  }
}

void CaptionOutput::tell_kept_sidecar(const std::string& path) {
  console_.notice(
      fmt::format("{} stays as it is: this output did not write it; --overwrite replaces it", path));
}

bool CaptionOutput::has_sidecar(const ListedImage& image) const {
  return access(sidecar_path(image.path, settings_.sidecar).c_str(), F_OK) == 0;
}

Need CaptionOutput::need_of(ListedImage& image) {
  if (pruning_) pruning_->note(image);
  const Need need = need_by_record(image);
  if (need == Need::nothing || need == Need::failed) keep(image);
  if (need != Need::work) return need;
  // With records, a caption is kept in them.
  const bool sidecar_alone = !journal_ && !on_stream_;
  if (!settings_.sidecar.empty() && !image.in_archive) {
    // Of two pictures with one sidecar the first gets it.
    const bool claimed = !claims_sidecar(image.path);
    if (claimed && sidecar_alone) return Need::nothing;
    image.keeps_sidecar = claimed || is_outside(image) || !is_own_sidecar(image);
  }
  const bool nowhere = sidecar_alone && (image.keeps_sidecar || !takes_sidecar_of(image));
  return nowhere ? Need::unwritable : need;
}

bool CaptionOutput::is_outside(const ListedImage& image) {
  if (!image.from_list || settings_.sidecar_anywhere || places_.hold(image.path)) return false;
  ++sidecar_faults_;
  if (outside_.insert(folder_of(image.path)).second)
    console_.error(outside_places(sidecar_path(image.path, settings_.sidecar)));
  return true;
}

bool CaptionOutput::is_own_sidecar(const ListedImage& image) {
  const std::string path = sidecar_path(image.path, settings_.sidecar);
  if (path == image.path) return true;  // told elsewhere
  if (const std::string fault = unwritable_file(path); !fault.empty()) {
    ++sidecar_faults_;
    console_.error(fault);
    return false;
  }
  if (settings_.replacing.overwrite || !has_sidecar(image)) return true;
  const std::vector<std::string> lines = lines_about(image);
  const bool own = std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return wrote_sidecar(image, parse_json<Json>(line, "record"));
  });
  if (!own) tell_kept_sidecar(path);
  return own;
}

bool CaptionOutput::wrote_sidecar(const ListedImage& image, const Json& record) const {
  if (record.contains("error")) return false;
  bool same = false;
  const std::optional<std::string> fault = error_of([&] {
    const std::string text = read_input(sidecar_path(image.path, settings_.sidecar), "sidecar");
    same = is_sidecar_text(text, record, settings_.sidecar);
  });
  return same && !fault;
}

std::vector<std::string> CaptionOutput::lines_about(const ListedImage& image) {
  std::vector<std::string> lines;
  if (!journal_) return lines;
  lines = journal_->other_lines_of(image.key);
  if (journal_->find(image.key)) lines.push_back(journal_->line_of(image.key));
  return lines;
}

bool CaptionOutput::claims_sidecar(const std::string& image) {
  const auto [claim, fresh] = claimed_.try_emplace(sidecar_path(image, settings_.sidecar), image);
  return fresh || claim->second == image;
}

bool CaptionOutput::takes_sidecar_of(const ListedImage& image) {
  const std::string path = sidecar_path(image.path, settings_.sidecar);
  if (image.in_archive || path == image.path) {
    console_.error(image.in_archive ? inside_archive(image.key) : same_name(image.path));
    return false;
  }
  const auto [folder, fresh] = sidecar_folders_.try_emplace(folder_of(path), true);
  if (!fresh) return folder->second;
  InterruptHold hold;
  const int fault = try_folder_of(path);
  folder->second = fault == 0;
  if (fault != 0) console_.error(unwritable_folder(folder->first, fault));
  return folder->second;
}

Need CaptionOutput::need_by_record(ListedImage& image) {
  const bool sidecars = !settings_.sidecar.empty() && !image.in_archive &&
                        sidecar_path(image.path, settings_.sidecar) != image.path;
  const std::optional<RecordSummary> record = journal_ ? journal_->find(image.key) : std::nullopt;
  if (!record) {
    // One of another run's making does not answer this one's question.
    const bool kept = sidecars && !settings_.replacing.overwrite && has_sidecar(image);
    return kept && lines_about(image).empty() ? Need::nothing : Need::work;
  }
  if (!record->failed && !image.fault.empty()) return Need::nothing;
  if (record->failed && (settings_.retry_errors || record->transient)) return Need::work;
  if (!is_about(*record, image)) {
    image.old_sha256 = record->sha256;
    image.old_failed = record->failed;
    image.has_caption = !record->failed;
    return Need::work;
  }
  if (record->failed) return Need::failed;
  if (sidecars) restore_sidecar(image);
  return Need::nothing;
}

void CaptionOutput::restore_sidecar(const ListedImage& image) {
  if (!has_sidecar(image) && !is_outside(image))
    write_sidecar(image.path, parse_json<Json>(journal_->line_of(image.key), "record"));
}

void CaptionOutput::keep_unchanged(const ListedImage& image) {
  const bool sidecar = !settings_.sidecar.empty() && !image.in_archive && !image.keeps_sidecar;
  if (sidecar && image.has_caption) restore_sidecar(image);
  keep(image);
}

void CaptionOutput::put(const std::string& key, const Json& record, bool failed) {
  if (on_stream_) print_json(record, console_);
  if (journal_) journal_->append(key, to_line(record), failed);
}

void CaptionOutput::write_sidecar(const std::string& image, const Json& record) {
  const std::optional<std::string> fault = error_of([&] {
    InterruptHold hold;
    const std::string path = sidecar_path(image, settings_.sidecar);
    if (path == image) throw Error(same_name(image));
    remove_leftovers_once(folder_of(path));
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
  if (!settings_.sidecar.empty() && !image.listed.in_archive && !image.listed.keeps_sidecar)
    write_sidecar(image.listed.path, record);
}

void CaptionOutput::write_error(const LoadedImage& image) {
  const std::string& key = image.listed.key;
  const Json record = error_record(settings_, run_, image);
  // One that failed as before leaves the output as it is.
  const bool stands = journal_ && journal_->find(key) && journal_->line_of(key) == to_line(record);
  if (!stands) put(key, record, /*failed=*/true);
}

void CaptionOutput::note_archive(const ListedImage& archive) {
  if (archive.fault.empty()) {
    if (pruning_) pruning_->note_whole(archive);
    if (journal_) journal_->forget(archive.key);
    return;
  }
  LoadedImage whole;
  whole.listed = archive;
  whole.fault = archive.fault;
  whole.fault_transient = true;
  write_error(whole);
}

void CaptionOutput::keep(const ListedImage& image) {
  if (!journal_ || image.fields.is_null()) return;
  const std::optional<RecordSummary> summary = journal_->find(image.key);
  if (!summary) return;
  const Json record = parse_json<Json>(journal_->line_of(image.key), "record");
  const Json now = with_fields(record, image.fields);
  if (now == record) return;
  const bool in_sidecar = settings_.sidecar == ".json" && !image.in_archive && wrote_sidecar(image, record);
  journal_->append(image.key, to_line(now), summary->failed);
  if (in_sidecar) write_sidecar(image.path, now);
}

int64_t CaptionOutput::prune() {
  if (!pruning_) return 0;
  return journal_->forget_if(
      [&](std::string_view line) { return pruning_->gone(parse_json<Json>(line, "record")); });
}

void CaptionOutput::write_table() {
  InterruptHold hold;
  std::vector<std::string> fields;  // of all records, as they come
  journal_->for_each([&](std::string_view line) {
    for (std::string& name : fields_of(parse_json<Json>(line, "record"))) {
      if (std::find(fields.begin(), fields.end(), name) == fields.end()) fields.push_back(std::move(name));
    }
  });
  AtomicFile table(settings_.csv, options_of(settings_.csv, /*durable=*/true));
  table.append(csv_heading(settings_, fields));
  journal_->for_each([&](std::string_view line) {
    table.append(csv_row(settings_, fields, parse_json<Json>(line, "record")));
  });
  table.commit();
}

void CaptionOutput::finish() {
  if (!journal_) return;
  journal_->compact();
  if (!settings_.csv.empty()) write_table();
}

}  // namespace janus::cli
