#include "cli/generate/generate_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/generate/from_image.h"
#include "cli/generate/image_json.h"
#include "cli/generate/output_check.h"
#include "cli/generate/output_names.h"
#include "cli/generate/ranking.h"
#include "cli/io/file_names.h"
#include "cli/io/image_output.h"
#include "cli/io/output_file.h"
#include "core/base/error.h"
#include "generator/engine/check_request.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {
namespace {

// Images that the engine is asked for ahead: their prompts are held as ids.
constexpr int64_t kAskedAhead = 64;

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
  settle_defaults();
  check_outputs();
  write_companions();
  announce();
  for (const WorkItem& item : work_) {
    const auto wanted = std::count(item.wanted.begin(), item.wanted.end(), true);
    to_generate_ += item.joins() && wanted > 0 ? item.count : wanted;
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
    tell_what_is_there();
  }
  // A list is as good as its output: an image that stands there as an error counts, whenever it failed.
  return failed_ == 0 ? Outcome::done : Outcome::some_failed;
}

// What decides how an image is drawn has the model's defaults, and is refused where the model has nothing of
// the kind. Of a model that cannot be found another place tells.
void GenerateRun::settle_defaults() {
  (void)error_of([&] {
    if (!found_) found_ = find_model(common_, console_);
    defaults_ = image_defaults(found_->checkpoint);
  });
  const auto refuse = [](const char* option, const char* expected, const char* found) {
    throw UsageError(
        fmt::format("option {}, command line: expected {}, found {}; leave it out", option, expected, found));
  };
  const OptionSet& options = *settings_.options;
  if (defaults_.flows()) {
    for (const char* option : {"--temperature", "--top-k", "--top-p", "--parallel"}) {
      if (options.given(option))
        refuse(option, "a model that draws code by code", "JanusFlow, which draws by flow and has no codes");
    }
  } else if (options.given("--steps")) {
    refuse("--steps", "a model that draws by flow, as JanusFlow does", "one that draws code by code");
  } else if (found_ && settings_.has_image_steps) {
    console_.notice(
        fmt::format("{}: steps are passed over, as the model draws code by code", settings_.from));
  }
  settle_codes_output();
  for (WorkItem& item : work_) {
    // What the environment or the user's settings say is for other models.
    if (defaults_.flows() && item.sampling == settings_.sampling)
      item.sampling = SamplingSettings(SamplingOptions{});
    if (!defaults_.flows() && item.steps == settings_.steps) item.steps.reset();
    item.settle(defaults_);
  }
}

// Images of codes are stored in JSON, latents as NumPy has arrays.
void GenerateRun::settle_codes_output() {
  const std::string& name = settings_.codes_output;
  if (is_folder_name(name)) {
    for (WorkItem& item : work_) {
      for (Output& output : item.outputs) {
        if (defaults_.flows())
          output.codes = std::filesystem::path(output.codes).replace_extension(".npy").string();
      }
    }
    return;
  }
  const char* extension = defaults_.flows() ? ".npy" : ".json";
  if (name.empty() || name == kStandardStream || has_extension(name, extension)) return;
  throw UsageError(
      fmt::format("option --codes-out, command line: expected a name that ends in {} for a model whose "
                  "images are {}, found "
                  "\"{}\"; rename it",
                  extension, defaults_.flows() ? "latents" : "codes", name));
}

void GenerateRun::check_outputs() {
  try_outputs(work_, settings_);
  // What is in the records is this output's; where there are none, none are made for a run that is refused.
  const bool recorded = list() && is_there(records_path(settings_));
  if (recorded) check_not_input(records_path(settings_), {settings_.prompts});
  const auto fingerprint = [&] {
    // A model that cannot be found has made nothing.
    std::string found;
    (void)error_of([&] { found = model_fingerprint(); });
    return found;
  };
  if (!recorded) check_existing(work_, settings_, common_, fingerprint);
  if (list()) skip_finished();
  if (recorded) check_existing(work_, settings_, common_, fingerprint);
  check_companions(work_, settings_.replacing);
}

std::string GenerateRun::model_fingerprint() {
  if (!found_) found_ = find_model(common_, console_);
  return found_->fingerprint;
}

void GenerateRun::skip_finished() {
  records_ = std::make_unique<Journal>(records_path(settings_), JournalKind::images);
  for (WorkItem& item : work_) {
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      const std::string& path = item.outputs[place].image;
      const std::optional<RecordSummary> record = records_->find(key_of_path(path));
      if (!record || settings_.replacing.overwrite) continue;
      check_record(records_->line_of(record->key), records_->path(), item, place, settings_, common_,
                   [&] { return model_fingerprint(); });
      if (record->failed && (settings_.retry_errors || record->transient)) continue;
      if (record->failed) {
        ++failed_;
        item.wanted[place] = false;
      } else if (is_there(path)) {
        ++already_;
        item.wanted[place] = false;
      }
    }
  }
}

void GenerateRun::refuse_long_prompts() {
  for (WorkItem& item : work_) {
    if (std::count(item.wanted.begin(), item.wanted.end(), true) == 0) continue;
    const std::optional<Fault> fault = fault_of([&] {
      check_request(*chosen_.model, item.request(0));
      check_image_prompt(chosen_.model->engine_model(), item.request(0));
    });
    if (!fault) continue;
    if (!list()) throw Error(fault->message);
    put_failures(item, *fault);
    const auto missing = std::count(item.wanted.begin(), item.wanted.end(), true);
    to_generate_ -= item.joins() ? item.count : missing;
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
  // Side by side, images of a flow would only be finished later.
  engine_.emplace(*chosen_.model, EngineOptions{.rows = 2 * (defaults_.flows() ? 1 : chosen_.images_at_once),
                                                .image_window = settings_.parallel});
  // A single image tells its codes or steps, several tell how many are there.
  if (to_generate_ > 1) {
    const ModelInfo& info = chosen_.model->info();
    const int64_t codes = int64_t{info.codes_height} * info.codes_width;
    int64_t units = 0;
    for (const WorkItem& item : work_) {
      const auto wanted = std::count(item.wanted.begin(), item.wanted.end(), true);
      units += (item.joins() && wanted > 0 ? item.count : wanted) * item.steps.value_or(codes);
    }
    watch_.emplace(to_generate_, units, defaults_.flows() ? "steps" : "codes");
    progress_.follow([this] { return watch_->status(); });
  }
  if (preview_) preview_->set_group(engine_->rows() / 2);
  for (const WorkItem& item : work_) {
    const bool any = std::count(item.wanted.begin(), item.wanted.end(), true) > 0;
    for (int64_t k = 0; k < item.count; ++k) {
      // The best are known only among all candidates.
      if (item.joins() ? !any : !item.wanted[static_cast<size_t>(k)]) continue;
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
    made_.emplace(index, Made{&item, k, index, std::move(image)});
  };
  sink.on_error = [this](const std::exception_ptr& error) { fault_ = error; };
  engine_->submit(item.request(k), std::move(sink));
}

// Writing and ranking are done between the engine's steps, and ranking makes steps of its own.
void GenerateRun::advance() {
  if (auto made = made_.extract(taken_)) {
    ++taken_;
    --asked_;
    take(made.mapped());
  } else {
    engine_->step();
  }
  if (fault_) std::rethrow_exception(fault_);
}

void GenerateRun::tell_phase(const char* phase, int64_t done, int64_t total) {
  const bool draws = phase == std::string_view("drawing");
  if (draws && defaults_.flows()) {
    if (const auto advice = advice_.look(done, total, StepsAdvice::Clock::now())) console_.notice(*advice);
  }
  if (!watch_) {
    progress_.update(phase, done, total);
  } else if (draws && done > 0) {
    watch_->drew();
  }
}

void GenerateRun::take(Made& made) {
  const WorkItem& item = *made.item;
  Candidate candidate{.seed = made.image.seed,
                      .codes = std::move(made.image.codes),
                      .latent = std::move(made.image.latent),
                      .image = std::move(made.image.image),
                      .timings = made.image.timings};
  if (preview_) preview_->show(made.index, candidate.image, console_);
  if (watch_) watch_->finished_image();
  if (item.tiled) {
    if (made.item_index == 0) tiles_.emplace(item.count);
    tiles_->add(candidate);
    if (tiles_->whole()) put(item, 0, tiles_->joined(), {{"tiled", item.count}});
    return;
  }
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

}  // namespace janus::cli
