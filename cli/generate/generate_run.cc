#include "cli/generate/generate_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

#include "cli/commands/image_settings.h"
#include "cli/generate/from_image.h"
#include "cli/generate/image_json.h"
#include "cli/generate/output_check.h"
#include "cli/generate/output_names.h"
#include "cli/generate/ranking.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/output_file.h"
#include "core/base/error.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {
namespace {

// Images that the engine is asked for ahead: their prompts are held as ids.
constexpr int64_t kAskedAhead = 64;

// Bytes of settings that go into a JPEG whatever stands beside them.
constexpr size_t kMostJpegSettings = 60'000;

Existing existing_of(bool replaces) { return replaces ? Existing::replaced : Existing::kept; }

}  // namespace

GenerateRun::GenerateRun(const GenerateSettings& settings, const CommonOptions& common, Console& console)
    : settings_(settings),
      common_(common),
      console_(console),
      work_(plan_work(settings, common)),
      progress_(console) {
  for (const WorkItem& item : work_) outputs_ += static_cast<int64_t>(item.outputs.size());
  if (!settings.grid.empty()) {
    grid_format_ = output_image_format(settings.grid, "--grid");
    if (settings.grid == kStandardStream || outputs_ > ContactSheet::kMostImages) {
      throw UsageError(fmt::format(
          "option --grid, command line: expected a file and at most {} images on it, found {}; see janus "
          "generate --help",
          ContactSheet::kMostImages, settings.grid == kStandardStream ? "-" : std::to_string(outputs_)));
    }
    grid_output_.emplace(named_output(settings.grid, settings.replacing, {settings.prompts}));
  }
  if (!settings.preview.empty()) {
    named_output(settings.preview, settings.replacing, {settings.prompts});
    preview_.emplace(settings.preview, static_cast<int>(settings.quality));
  }
  const bool enlarges = std::any_of(work_.begin(), work_.end(), [](auto& item) { return item.enlarge > 1; });
  if (enlarges && !can_enlarge()) {
    throw UsageError(
        "option --upscale, command line: expected libjanus_lanczos.so, which enlarges, beside the program, "
        "found none that opens; leave the option out, or install all of janus (built with JANUS_OPENCV=ON)");
  }
}

Outcome GenerateRun::run() {
  require_no_terminal(settings_.output, console_);
  check_outputs();
  announce();
  for (const WorkItem& item : work_) {
    const auto wanted = std::count(item.wanted.begin(), item.wanted.end(), true);
    to_generate_ += item.best_of && wanted > 0 ? item.count : wanted;
  }
  if (to_generate_ > 0) {
    progress_.update("loading the model", 0, 0);
    if (!found_) found_ = find_model(common_, console_);
    chosen_ =
        open_chosen_model(*std::exchange(found_, std::nullopt), common_,
                          {.prompt_images = settings_.best_of > 0 ? 1 : 0,
                           .generated_images = static_cast<int>(std::min<int64_t>(to_generate_, INT32_MAX))},
                          console_, progress_.callback());
    progress_.hide();
    const std::string other = differences(work_, chosen_, common_);
    if (!other.empty()) console_.notice(other);
    refuse_long_prompts();
    generate();
  }
  if (grid_output_) finish_grid();
  if (list()) {
    records_->compact();
    console_.notice(fmt::format("{} of {} images are there, {} failed; records in {}", outputs_ - failed_,
                                outputs_, failed_, records_->path()));
  }
  // A list is as good as its output: an image that stands there as an error counts, whenever it failed.
  return failed_ == 0 ? Outcome::done : Outcome::some_failed;
}

void GenerateRun::check_outputs() {
  try_outputs(work_, settings_);
  // What is in the records is this output's; where there are none, none are made for a run that is refused.
  const bool recorded = list() && std::filesystem::exists(records_path(settings_));
  if (recorded) check_not_input(records_path(settings_), {settings_.prompts});
  const auto fingerprint = [&] {
    // A model that cannot be found has made nothing.
    if (!found_ && error_of([&] { found_ = find_model(common_, console_); })) return std::string();
    return found_->fingerprint;
  };
  if (!recorded) check_existing(work_, settings_, common_, fingerprint);
  if (list()) skip_finished();
  if (recorded) check_existing(work_, settings_, common_, fingerprint);
}

void GenerateRun::skip_finished() {
  const JournalOptions options{.kind = JournalKind::images, .model = {}, .prompt_hash = {}, .mixed = true};
  records_ = std::make_unique<Journal>(records_path(settings_), options);
  for (WorkItem& item : work_) {
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      const std::string& path = item.outputs[place].image;
      const std::optional<RecordSummary> record = records_->find(key_of_path(path));
      if (!record || settings_.replacing.overwrite) continue;
      check(record->sha256 == request_sha256(item, place, settings_, common_),
            "output, {}: expected the prompt and settings of the earlier run in {}, found others; choose "
            "another -o, or give --overwrite to make it anew",
            path, records_->path());
      if (record->failed && (settings_.retry_errors || record->transient)) continue;
      if (record->failed) {
        ++failed_;
        item.wanted[place] = false;
      } else if (std::filesystem::exists(path)) {
        ++already_;
        item.wanted[place] = false;
      }
    }
  }
}

void GenerateRun::refuse_long_prompts() {
  for (WorkItem& item : work_) {
    if (std::count(item.wanted.begin(), item.wanted.end(), true) == 0) continue;
    const std::optional<Fault> fault =
        fault_of([&] { check_image_prompt(chosen_.model->engine_model(), item.request(0)); });
    if (!fault) continue;
    if (!list()) throw Error(fault->message);
    put_failures(item, *fault);
    const auto missing = std::count(item.wanted.begin(), item.wanted.end(), true);
    to_generate_ -= item.best_of ? item.count : missing;
    item.wanted.assign(item.outputs.size(), false);
  }
}

void GenerateRun::announce() {
  if (list()) {
    if (already_ + failed_ > 0) {
      console_.notice(fmt::format("{} of {} images are there from an earlier run, {} failed then", already_,
                                  outputs_, failed_));
    }
    return;
  }
  const WorkItem& item = work_.front();
  console_.notice(item.count == 1 ? fmt::format("seed {}", item.seed)
                                  : fmt::format("seeds {} to {}", item.seed,
                                                item.seed + static_cast<uint32_t>(item.count - 1)));
}

void GenerateRun::generate() {
  engine_.emplace(*chosen_.model, EngineOptions{.rows = 2 * chosen_.images_at_once});
  // A single image tells its codes, several tell how many are there.
  if (to_generate_ > 1) {
    const ModelInfo& info = chosen_.model->info();
    watch_.emplace(to_generate_, int64_t{info.codes_height} * info.codes_width);
    progress_.follow([this] { return watch_->status(); });
  }
  if (preview_) preview_->set_group(engine_->rows() / 2);
  for (const WorkItem& item : work_) {
    const bool any = std::count(item.wanted.begin(), item.wanted.end(), true) > 0;
    for (int64_t k = 0; k < item.count; ++k) {
      // The best are known only among all candidates.
      if (item.best_of ? !any : !item.wanted[static_cast<size_t>(k)]) continue;
      ask_for(item, k);
      while (asked_ >= kAskedAhead) advance();
    }
  }
  while (asked_ > 0) advance();
  progress_.hide();
}

void GenerateRun::ask_for(const WorkItem& item, int64_t k) {
  const int64_t index = asked_in_all_++;
  ++asked_;
  ImageSink sink;
  sink.on_progress = [this](const char* phase, int64_t done, int64_t total) {
    tell_phase(phase, done, total);
  };
  if (preview_) {
    sink.on_line = [this, index](const ImageSoFar& image) {
      if (image.lines % settings_.preview_every == 0) preview_->show(index, image.make(), console_);
    };
  }
  sink.on_done = [this, &item, k, index](GeneratedImage& image) {
    made_.push_back({&item, k, index, std::move(image)});
  };
  sink.on_error = [this](const std::exception_ptr& error) { fault_ = error; };
  engine_->submit(item.request(k), std::move(sink));
}

// Writing and ranking are done between the engine's steps, and ranking makes steps of its own.
void GenerateRun::advance() {
  if (made_.empty()) {
    engine_->step();
  } else {
    Made made = std::move(made_.front());
    made_.pop_front();
    --asked_;
    take(made);
  }
  if (fault_) std::rethrow_exception(fault_);
}

void GenerateRun::tell_phase(const char* phase, int64_t done, int64_t total) {
  if (!watch_) {
    progress_.update(phase, done, total);
  } else if (phase == std::string_view("drawing")) {
    watch_->sampled_code();
  }
}

void GenerateRun::take(Made& made) {
  const WorkItem& item = *made.item;
  Candidate candidate{.seed = made.image.seed,
                      .codes = std::move(made.image.codes),
                      .image = std::move(made.image.image),
                      .timings = made.image.timings};
  if (preview_) preview_->show(made.index, candidate.image, console_);
  if (watch_) watch_->finished_image();
  if (!item.best_of) {
    put(item, static_cast<size_t>(made.item_index), candidate, Json::object());
    return;
  }
  if (made.item_index == 0) candidates_.emplace(item.outputs.size());
  rank(item, std::move(candidate));
  if (made.item_index + 1 == item.count && unranked_ != &item) keep_best(item);
}

void GenerateRun::rank(const WorkItem& item, Candidate candidate) {
  if (unranked_ == &item) return;
  tell_phase("scoring the picture", 0, 0);
  const auto score = [&] {
    candidate.score = rank_score(*engine_, settings_.ranker, item.request(0), candidate.image);
  };
  if (!list()) {
    score();
  } else if (const std::optional<Fault> fault = fault_of(score)) {
    unranked_ = &item;
    put_failures(item, *fault);
    return;
  }
  console_.detail(fmt::format("seed {}: score {:.3g}", candidate.seed, candidate.score));
  candidates_->add(std::move(candidate));
}

void GenerateRun::keep_best(const WorkItem& item) {
  for (size_t rank = 0; rank < item.outputs.size(); ++rank) {
    if (!item.wanted[rank]) continue;
    const Candidate& kept = candidates_->best()[rank];
    put(item, rank, kept,
        {{"best_of", item.count},
         {"ranker", settings_.ranker},
         {"rank", rank},
         {"score", kept.score},
         {"candidates", candidates_->scores()}});
  }
}

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
    print_json(record, console_);
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
    OutputFile(output.codes, existing_of(output.replaces_codes)).write(codes_text(kept.codes), console_);
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
  record["request_sha256"] = request_sha256(item, place, settings_, common_);
  records_->append(key, to_line(record), record.contains("error"));
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
