#include "cli/generate/generate_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

#include "cli/generate/ranking.h"
#include "cli/image_settings.h"
#include "cli/output_file.h"
#include "cli/picture_input.h"
#include "cli/picture_output.h"
#include "core/error.h"

namespace janus::cli {

GenerateRun::GenerateRun(const GenerateSettings& settings, const CommonOptions& common, Console& console)
    : settings_(settings),
      common_(common),
      console_(console),
      work_(plan_work(settings, common)),
      progress_(console) {
  for (const WorkItem& item : work_) outputs_ += static_cast<int64_t>(item.outputs.size());
  if (!settings.grid.empty()) {
    grid_format_ = picture_format(settings.grid, "--grid");
    if (settings.grid == kStandardStream || outputs_ > ContactSheet::kMostPictures) {
      throw UsageError(fmt::format(
          "option --grid, command line: expected a file and at most {} images on it, found {}; see janus "
          "generate --help",
          ContactSheet::kMostPictures, settings.grid == kStandardStream ? "-" : std::to_string(outputs_)));
    }
    grid_output_.emplace(settings.grid);
  }
  if (!settings.preview.empty()) preview_.emplace(settings.preview, settings.preview_every);
  if (settings.enlarge > 1 && !can_enlarge()) {
    throw UsageError(
        "option --upscale, command line: expected a build of janus with OpenCV, found one without "
        "(JANUS_OPENCV=OFF); leave the option out, or build the preset release");
  }
}

Outcome GenerateRun::run() {
  check_outputs();
  if (list()) skip_finished();
  announce();
  int64_t to_draw = 0;
  for (const WorkItem& item : work_) {
    const auto wanted = std::count(item.wanted.begin(), item.wanted.end(), true);
    to_draw += item.best_of && wanted > 0 ? item.drawn : wanted;
  }
  if (to_draw > 0) {
    progress_.update("loading the model", 0, 0);
    chosen_ = open_chosen_model(
        common_,
        {.pictures = settings_.best_of > 0 ? 1 : 0,
         .drawings = static_cast<int>(std::min<int64_t>(to_draw, INT32_MAX))},
        console_, progress_.callback());
    progress_.hide();
    refuse_long_prompts();
    draw();
  }
  if (grid_output_) finish_grid();
  if (list()) {
    console_.notice(fmt::format("{} of {} images are there, {} failed; records in {}", outputs_ - failed_,
                                outputs_, failed_, records_->path()));
  }
  // A list is as good as its output: an image that stands there as an error counts, whenever it failed.
  return failed_ == 0 ? Outcome::done : Outcome::some_failed;
}

void GenerateRun::check_outputs() {
  std::set<std::string> folders;
  for (const WorkItem& item : work_) {
    for (const Output& output : item.outputs) {
      for (const std::string& path : {output.image, output.codes}) {
        // Of a list, one file a folder: there may be many.
        if (path.empty()) continue;
        if (list() && !folders.insert(std::filesystem::path(path).parent_path().string()).second) continue;
        OutputFile{path};
      }
    }
  }
}

void GenerateRun::skip_finished() {
  records_ = std::make_unique<RecordFile>(records_path(settings_));
  for (WorkItem& item : work_) {
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      const std::string& path = item.outputs[place].image;
      const Json* record = records_->find(path);
      if (record == nullptr || settings_.overwrite) continue;
      check((*record)["request"] == request_of(item, place),
            "output, {}: expected the prompt and settings of the earlier run in {}, found others; choose "
            "another "
            "-o, or give --overwrite to make it anew",
            path, records_->path());
      if (record->contains("error")) {
        if (settings_.retry_errors) continue;
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
    const std::optional<std::string> fault = error_of([&] { chosen_.model->check_prompt(item.prompt); });
    if (!fault) continue;
    if (!list()) throw Error(*fault);
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      if (item.wanted[place]) put_failure(item, place, *fault);
    }
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
  console_.notice(item.drawn == 1 ? fmt::format("seed {}", item.seed)
                                  : fmt::format("seeds {} to {}", item.seed,
                                                item.seed + static_cast<uint32_t>(item.drawn - 1)));
}

void GenerateRun::draw() {
  std::vector<ImageRequest> requests;
  for (size_t i = 0; i < work_.size(); ++i) {
    const WorkItem& item = work_[i];
    const bool any = std::count(item.wanted.begin(), item.wanted.end(), true) > 0;
    for (int64_t k = 0; k < item.drawn; ++k) {
      // The best are known only among all candidates.
      if (item.best_of ? !any : !item.wanted[static_cast<size_t>(k)]) continue;
      requests.push_back(item.request(k));
      places_.push_back({i, k});
    }
  }
  DrawHooks hooks{.on_image = [this](const GeneratedImage& image) { take(image); },
                  .on_line = {},
                  .progress = progress_.callback()};
  if (preview_) {
    hooks.on_line = [this](std::span<const GeneratedImage> so_far) {
      preview_->lines_drawn(so_far, *chosen_.model, console_);
    };
  }
  chosen_.model->generate_each(requests, hooks);
}

GenerateRun::Candidate GenerateRun::picture_of(const GeneratedImage& image) {
  progress_.update("decoding the picture", 0, 0);
  const auto start = std::chrono::steady_clock::now();
  const Array planes = chosen_.model->decode(image.codes);
  Candidate candidate{.seed = image.seed,
                      .codes = image.codes,
                      .picture = to_image(planes.values, static_cast<int>(planes.shape[2]),
                                          static_cast<int>(planes.shape[1])),
                      .timings = image.timings};
  candidate.timings.image_decode_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return candidate;
}

void GenerateRun::take(const GeneratedImage& image) {
  const Place& place = places_[static_cast<size_t>(image.index)];
  const WorkItem& item = work_[place.item];
  Candidate candidate = picture_of(image);
  if (preview_) preview_->finished(image.index, candidate.picture, console_);
  if (!item.best_of) {
    const auto k = static_cast<size_t>(place.drawn);
    put(item, item.outputs[k], candidate, 0, {});
    return;
  }
  progress_.update("scoring the picture", 0, 0);
  candidate.score = rank_score(*chosen_.model, settings_.ranker, item.prompt, candidate.picture);
  progress_.hide();
  candidates_.push_back(std::move(candidate));
  if (place.drawn + 1 == item.drawn) keep_best(item, std::exchange(candidates_, {}));
}

void GenerateRun::keep_best(const WorkItem& item, std::vector<Candidate> candidates) {
  std::vector<const Candidate*> order;
  for (const Candidate& candidate : candidates) {
    order.push_back(&candidate);
    console_.detail(fmt::format("seed {}: score {:.3f}", candidate.seed, candidate.score));
  }
  // Among equals the first seed, so that the choice is always the same.
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->score > b->score; });
  for (size_t rank = 0; rank < item.outputs.size(); ++rank) {
    put(item, item.outputs[rank], *order[rank], rank, candidates);
  }
}

void GenerateRun::put(const WorkItem& item, const Output& output, const Candidate& kept, size_t rank,
                      const std::vector<Candidate>& candidates) {
  Json ranking = Json::object();
  if (item.best_of) {
    ranking["best_of"] = item.drawn;
    ranking["ranker"] = settings_.ranker;
    ranking["rank"] = rank;
    ranking["score"] = kept.score;
    for (const Candidate& candidate : candidates) {
      ranking["candidates"].push_back({{"seed", candidate.seed}, {"score", candidate.score}});
    }
  }
  Json settings = settings_json(item, kept);
  settings.update(ranking);
  const auto write = [&] { write_output(item, output, kept, settings); };
  if (list()) {
    const std::optional<std::string> fault = error_of(write);
    if (fault) {
      const auto place = static_cast<size_t>(&output - item.outputs.data());
      put_failure(item, place, *fault);
      return;
    }
  } else {
    write();
  }
  progress_.hide();
  if (output.image != kStandardStream && (!list() || common_.verbose)) {
    std::string beside;
    if (item.best_of) {
      beside = fmt::format(" (seed {}, score {:.3f})", kept.seed, kept.score);
    } else if (item.drawn > 1) {
      beside = fmt::format(" (seed {})", kept.seed);
    }
    console_.notice(fmt::format("wrote {}{}", output.image, beside));
  }
  console_.detail(describe_timings(kept.timings));
  if (list()) {
    Json record = record_of(item, output, kept, /*with_codes=*/false);
    record.update(ranking);
    record["request"] = request_of(item, static_cast<size_t>(&output - item.outputs.data()));
    records_->add(record);
  }
  if (common_.json) {
    Json record = record_of(item, output, kept, /*with_codes=*/true);
    record.update(ranking);
    print_json(record, console_);
  }
}

void GenerateRun::write_output(const WorkItem& item, const Output& output, const Candidate& kept,
                               Json& settings) {
  Image enlarged;
  if (settings_.enlarge > 1) {
    enlarged = enlarge_lanczos(kept.picture, static_cast<int>(settings_.enlarge));
    settings["upscale"] = settings_.enlarge;
  }
  const Image& picture = settings_.enlarge > 1 ? enlarged : kept.picture;
  settings["width"] = picture.width;
  settings["height"] = picture.height;
  const ImageFormat format = picture_format(output.image, "--output");
  OutputFile(output.image).write(encode_image(picture, format, settings_text(settings)), console_);
  if (!output.codes.empty()) OutputFile(output.codes).write(codes_text(kept.codes), console_);
  std::string label = fmt::format("seed {}", kept.seed);
  if (item.best_of) label += fmt::format(", score {:.2f}", settings["score"].get<double>());
  put_on_grid(item, output, kept.picture, label);
}

void GenerateRun::put_failure(const WorkItem& item, size_t place, const std::string& fault) {
  progress_.hide();
  ++failed_;
  const Output& output = item.outputs[place];
  console_.error(fmt::format("{}: {}", output.image, fault));
  Json record;
  record["output"] = output.image;
  record["prompt"] = item.prompt;
  record["error"] = fault;
  if (common_.json) print_json(record, console_);
  record["request"] = request_of(item, place);
  records_->add(record);
}

void GenerateRun::put_on_grid(const WorkItem& item, const Output& output, const Image& picture,
                              const std::string& label) {
  if (!grid_output_) return;
  if (!grid_)
    grid_ = std::make_unique<ContactSheet>(static_cast<int>(outputs_), picture.width, picture.height);
  grid_->put(static_cast<int>(output.index), picture, list() ? item.prompt : label);
}

void GenerateRun::finish_grid() {
  for (const WorkItem& item : work_) {
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      const Output& output = item.outputs[place];
      const Json* record = list() ? records_->find(output.image) : nullptr;
      if (item.wanted[place] || record == nullptr || record->contains("error")) continue;
      // Of an earlier run: shown as it was written.
      const std::optional<std::string> fault =
          error_of([&] { put_on_grid(item, output, read_picture(output.image, console_), {}); });
      if (fault) console_.error(*fault);
    }
  }
  if (!grid_) return;
  const std::vector<std::byte> bytes = encode_image(grid_->image(), grid_format_);
  grid_output_->write(bytes, console_);
  console_.notice("wrote " + grid_output_->path());
}

std::string GenerateRun::model_name() const { return common_.model.empty() ? kBuiltinName : common_.model; }

Json GenerateRun::request_of(const WorkItem& item, size_t place) const {
  Json request;
  request["prompt"] = item.prompt;
  request["seed"] = item.best_of ? item.seed : item.seed + static_cast<uint32_t>(place);
  request["guidance"] = item.guidance;
  request["temperature"] = item.temperature;
  request["top_k"] = item.top_k;
  request["top_p"] = item.top_p;
  if (item.best_of) {
    request["best_of"] = item.drawn;
    request["keep"] = item.outputs.size();
    request["rank"] = place;
    request["ranker"] = settings_.ranker;
  }
  if (settings_.enlarge > 1) request["upscale"] = settings_.enlarge;
  request["model"] = model_name();
  request["type"] = common_.type;
  // As it comes back from the file, where a whole number has no type.
  return Json::parse(to_line(request));
}

Json GenerateRun::settings_json(const WorkItem& item, const Candidate& kept) const {
  Json settings;
  settings["prompt"] = item.prompt;
  settings["seed"] = kept.seed;
  settings["guidance"] = item.guidance;
  settings["temperature"] = item.temperature;
  settings["top_k"] = item.top_k;
  settings["top_p"] = item.top_p;
  settings["width"] = kept.picture.width;
  settings["height"] = kept.picture.height;
  settings["model"] = chosen_.name;
  settings["type"] = common_.type;
  settings["device"] = chosen_.model->device().name();
  settings["version"] = JANUS_VERSION;
  return settings;
}

Json GenerateRun::record_of(const WorkItem& item, const Output& output, const Candidate& kept,
                            bool with_codes) const {
  Json record;
  record["output"] = output.image;
  record["prompt"] = item.prompt;
  record["seed"] = kept.seed;
  record["index"] = output.index;
  record["guidance"] = item.guidance;
  record["temperature"] = item.temperature;
  if (with_codes) record["codes"] = kept.codes.codes;
  record["model"] = chosen_.name;
  record["device"] = chosen_.model->device().name();
  record["timings"] = timings_json(chosen_.load_ms, kept.timings);
  return record;
}

}  // namespace janus::cli
