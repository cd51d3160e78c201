// How a run of `generate` puts its images in place: files, records, and the sheet of all.
#include <fmt/format.h>

#include <utility>

#include "cli/generate/generate_run.h"
#include "cli/generate/image_json.h"
#include "cli/generate/output_names.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/npy.h"
#include "cli/io/output_file.h"
#include "cli/model/provenance.h"
#include "core/base/machine_fault.h"
#include "generator/settings_text.h"

namespace janus::cli {
namespace {

// Bytes of settings that go into a JPEG whatever stands beside them.
constexpr size_t kMostJpegSettings = 60'000;

Existing existing_of(bool replaces) { return replaces ? Existing::replaced : Existing::kept; }

}  // namespace

void GenerateRun::put(const WorkItem& item, size_t place, const Candidate& kept, const Json& ranking) {
  Output output = item.outputs[place];
  const auto write = [&] { write_output(item, output, kept, ranking); };
  if (!list()) {
    write();
  } else if (const std::optional<std::string> fault = error_of(write)) {
    // The image itself was made: what failed is the disk's.
    put_failure(item, place, {*fault, /*transient=*/true});
    return;
  }
  if (!watch_) progress_.hide();
  tell(item, output, kept);
  if (list()) {
    Json record = image_record(item, output, kept, chosen_, common_, /*printed=*/false);
    record.update(ranking);
    add_to_journal(item, place, std::move(record));
  }
  if (common_.json) {
    Json record = image_record(item, output, kept, chosen_, common_, /*printed=*/true);
    record.update(ranking);
    if (item.tiled) record.erase("codes");  // of which there are several
    print_json(record, console_);
  }
}

// Beside images of an earlier run, too: they may have been lost.
void GenerateRun::write_companions() {
  for (const WorkItem& item : work_) {
    for (const Companion& companion : item.beside) {
      if (!is_there(companion.path) || settings_.replacing.overwrite)
        OutputFile(companion.path).write(companion.text, console_);
    }
  }
}

void GenerateRun::tell(const WorkItem& item, const Output& output, const Candidate& kept) {
  if (output.image != kStandardStream && (!list() || common_.verbose)) {
    std::string beside;
    if (item.best_of) {
      beside = fmt::format(" (seed {}, score {:.3g})", kept.seed, kept.score);
    } else if (item.count > 1) {
      beside = fmt::format(" (seed {})", kept.seed);
    }
    console_.notice(fmt::format("wrote {}{}", output.image, beside));
  }
  console_.detail(describe_timings(kept.timings));
}

void GenerateRun::write_output(const WorkItem& item, Output& output, const Candidate& kept,
                               const Json& ranking) {
  const ImageFormat format = output_image_format(output.image, "--output");
  Json settings = image_settings(item, kept, format, chosen_, common_);
  settings.update(ranking);
  // There are more of them than a JPEG has room for, and they are in the records, too.
  if (format == ImageFormat::jpeg && to_line(settings).size() > kMostJpegSettings)
    settings.erase("candidates");
  Image enlarged;
  if (item.enlarge > 1) enlarged = enlarge_lanczos(kept.image, static_cast<int>(item.enlarge));
  write_image(output, encode_image(item.enlarge > 1 ? enlarged : kept.image, format, settings_text(settings),
                                   static_cast<int>(item.quality)));
  if (!output.codes.empty()) {
    const OutputFile file(output.codes, existing_of(output.replaces_codes));
    if (defaults_.flows()) {
      file.write(npy_file(kept.latent), console_);
    } else {
      file.write(codes_text(kept.codes), console_);
    }
  }
  std::string label = fmt::format("seed {}", kept.seed);
  if (item.best_of) label += fmt::format(", score {:.3g}", kept.score);
  put_on_grid(item, output, kept.image, label);
}

void GenerateRun::write_image(Output& output, const std::vector<std::byte>& bytes) {
  while (true) {
    try {
      OutputFile(output.image, existing_of(output.replaces_image)).write(bytes, console_);
      return;
    } catch (const FileExists&) {
      // Another run may have chosen the same free name meanwhile.
      if (!settings_.output.empty()) throw;
      output.image = free_name(output.image);
    }
  }
}

void GenerateRun::put_failure(const WorkItem& item, size_t place, const Fault& fault) {
  ++failed_;
  if (watch_) watch_->failed_image();
  const std::string& path = item.outputs[place].image;
  console_.error(fmt::format("{}: {}", path, fault.message));
  Json record{{"output", path}, {"prompt", item.prompt}, {"error", fault.message}};
  if (fault.transient) record["transient"] = true;
  record.update(provenance_json(chosen_, common_));
  add_to_journal(item, place, record);
  if (common_.json) print_json(record, console_);
}

void GenerateRun::put_failures(const WorkItem& item, const Fault& fault) {
  for (size_t place = 0; place < item.outputs.size(); ++place) {
    if (item.wanted[place]) put_failure(item, place, fault);
  }
}

void GenerateRun::add_to_journal(const WorkItem& item, size_t place, Json record) {
  const std::string key = key_of_path(item.outputs[place].image);
  record["key"] = key;
  record["request_sha256"] = request_sha256(item, place, settings_, common_, chosen_.name);
  records_->append(key, to_line(record), record.contains("error"));
}

void GenerateRun::tell_what_is_there() {
  int64_t gone = 0;
  std::string first;
  for (const WorkItem& item : work_) {
    for (const Output& output : item.outputs) {
      const std::optional<RecordSummary> record = records_->find(key_of_path(output.image));
      if (!record || record->failed || is_there(output.image)) continue;
      if (gone++ == 0) first = output.image;
    }
  }
  const std::string counts =
      fmt::format("{} of {} images are there, {} failed", outputs_ - failed_ - gone, outputs_, failed_);
  if (gone > 0) {
    throw MachineFault(
        fmt::format("output, {}: expected the image that was made, found that it has gone{}; {}", first,
                    gone > 1 ? fmt::format(", and {} more", gone - 1) : "", counts));
  }
  console_.notice(fmt::format("{}; records in {}", counts, records_->path()));
}

void GenerateRun::put_on_grid(const WorkItem& item, const Output& output, const Image& image,
                              const std::string& label) {
  if (!grid_output_) return;
  if (!grid_) grid_ = std::make_unique<ContactSheet>(static_cast<int>(outputs_), image.width, image.height);
  grid_->put(static_cast<int>(output.index), image, list() ? item.prompt : label);
}

void GenerateRun::finish_grid() {
  for (const WorkItem& item : work_) {
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      const Output& output = item.outputs[place];
      if (item.wanted[place] || !list()) continue;
      const std::optional<RecordSummary> record = records_->find(key_of_path(output.image));
      if (!record || record->failed) continue;
      // An earlier run's image is shown as it was written.
      const std::optional<std::string> fault =
          error_of([&] { put_on_grid(item, output, read_input_image(output.image, console_), {}); });
      if (fault) console_.error(*fault);
    }
  }
  if (!grid_) return;
  const std::vector<std::byte> bytes =
      encode_image(grid_->image(), grid_format_, {}, static_cast<int>(settings_.quality));
  grid_output_->write(bytes, console_);
  console_.notice("wrote " + grid_output_->path());
}

}  // namespace janus::cli
