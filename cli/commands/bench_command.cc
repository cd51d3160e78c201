// janus bench: how fast this machine runs a model, held against what it could do at most.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "cli/app/command.h"
#include "cli/commands/bench_parts.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/io/step_timer.h"
#include "cli/model/chosen_device.h"
#include "cli/model/chosen_model.h"
#include "cli/model/random_model.h"
#include "core/base/error.h"
#include "core/tensor/device.h"
#include "core/tensor/hardware_peaks.h"
#include "generator/engine/engine.h"
#include "generator/random_checkpoint.h"

namespace janus::cli {
namespace {

constexpr int kRuns = 3;           // of everything but single steps
constexpr int64_t kContext = 300;  // tokens before a step, as the records' bytes have it
constexpr int64_t kPrefillQuestion = 32;
constexpr std::array kImages{1, 2, 4, 8, 16};  // generated side by side, where the device gains from so many

struct BenchModel {
  ChosenModel chosen;
  double stored_bytes = 0;
  std::string type;  // of most of the weights
};

class Bench {
 public:
  // only: of kBenchParts; empty = all.
  Bench(const BenchModel& opened, const std::vector<std::string>& only, ProgressDisplay& progress)
      : chosen_(opened.chosen),
        model_(*chosen_.model),
        stored_bytes_(opened.stored_bytes),
        side_by_side_(chosen_.images_at_once > 0 ? chosen_.images_at_once
                                                 : default_rows(model_.device()) / 2),
        only_(only),
        progress_(progress) {}

  // Measures the parts, and hands over each line as it is done.
  void run(const std::function<void(const Measurement&)>& on_line) {
    on_line(bandwidth());
    on_line(peak("f32_peak", multiply_add_peak));
    on_line(peak("int8_peak", int8_peak));
    on_line({.what = "load",
             .ms = chosen_.load_ms,
             .bytes = stored_bytes_,
             .operations = {},
             .bound = {},
             .fraction = {}});
    if (asked("vision")) {
      on_line(whole_pass("vision", Part::vision, 0, [&] {
        return time_of([&] { model_.need_image_embedder().embed(sample_image(), EmbedStage::aligned); });
      }));
    }
    if (asked("prefill")) {
      const int64_t tokens =
          std::min(model_.info().image_tokens + kPrefillQuestion, model_.info().context_length - 1);
      on_line(whole_pass("prefill", Part::prefill, tokens, [&] { return prefill_ms(tokens); }));
    }
    if (asked("text_decode")) on_line(text_steps());
    if (asked("image_decode")) {
      for (const int images : kImages) {
        if (images <= side_by_side_) on_line(image_steps(images));
      }
    }
    if (asked("vq_decode")) {
      on_line(whole_pass("vq_decode", Part::vq_decode, 0,
                         [&] { return time_of([&] { model_.need_image_coder().decode(codes()); }); }));
    }
  }

 private:
  bool asked(std::string_view part) const {
    return only_.empty() || std::find(only_.begin(), only_.end(), part) != only_.end();
  }

  static double time_of(const std::function<void()>& action) {
    Clock::time_point start = Clock::now();
    action();
    return ms_since(start);
  }

  Measurement bandwidth() {
    progress_.update("read_bandwidth", 0, 0);
    double rate = read_bandwidth(model_.device());
    constexpr double kBytes = 1e9;
    return {.what = "read_bandwidth",
            .ms = kBytes / rate * 1000,
            .bytes = kBytes,
            .operations = {},
            .bound = {},
            .fraction = 1.0};
  }

  Measurement peak(const char* what, double (*measure)(Device&)) {
    progress_.update(what, 0, 0);
    constexpr double kOperations = 1e12;
    return {.what = what,
            .ms = kOperations / measure(model_.device()) * 1000,
            .operations = kOperations,
            .bound = {},
            .fraction = 1.0};
  }

  Measurement whole_pass(const char* what, Part part, int64_t tokens, const std::function<double()>& pass) {
    PassCost cost = model_.cost(part, tokens);
    std::vector<double> times, bounds, fractions;
    for (int run = 0; run < kRuns; ++run) {
      progress_.update(what, run, kRuns);
      times.push_back(pass());
      bounds.push_back(product_peak(model_.device(), cost.weights));
      fractions.push_back(cost.operations / (times.back() / 1000) / bounds.back());
    }
    return {.what = what,
            .ms = median(times),
            .bytes = cost.bytes,
            .operations = cost.operations,
            .bound = median(bounds),
            .fraction = median(fractions)};
  }

  // Special tokens stand at the ends of a vocabulary. Which word it is makes no difference to the time.
  std::vector<int32_t> prompt(int64_t tokens) const {
    return std::vector<int32_t>(static_cast<size_t>(tokens),
                                static_cast<int32_t>(model_.info().vocab_size / 3));
  }

  Image sample_image() const {
    int side = model_.info().image_size;
    Image image{.width = side, .height = side, .pixels = {}};
    for (int i = 0; i < side * side * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 31));
    return image;
  }

  ImageCodes codes() const {
    const ModelInfo& info = model_.info();
    ImageCodes codes{.height = info.codes_height, .width = info.codes_width, .codes = {}};
    for (int i = 0; i < codes.height * codes.width; ++i) {
      codes.codes.push_back(static_cast<int32_t>(i * 101 % info.codebook_size));
    }
    return codes;
  }

  // Nearly every word is as likely as any other, so that answers do not end early.
  AnswerRequest answer_request(int64_t prompt_tokens, int tokens) const {
    return {.prompt_ids = prompt(prompt_tokens), .max_tokens = tokens, .sampling = {.temperature = 1e4F}};
  }

  double prefill_ms(int64_t tokens) const {
    return Engine(model_).answer(answer_request(tokens, 1)).timings.prefill_ms;
  }

  // Tokens before the first measured step, so that the middle one has kContext.
  int64_t tokens_before_steps() const {
    return std::min(kContext, model_.info().context_length / 2) - kSteps / 2;
  }

  Measurement text_steps() {
    progress_.update("text_decode", 0, 0);
    Engine engine(model_);
    engine.submit(answer_request(tokens_before_steps(), kSteps + 3), AnswerSink{});
    StepTimer timer(model_.device(), model_.cost(Part::text_decode, kContext));
    timer.run(engine, 1);
    return timer.result("text_decode", 1);
  }

  Measurement image_steps(int images) {
    progress_.update("image_decode", 0, 0);
    const int64_t room = model_.info().context_length - model_.info().image_tokens;
    Engine engine(model_, {.rows = 2 * images});
    for (int image = 0; image < images; ++image) {
      engine.submit(ImageRequest{.prompt_ids = prompt(std::min(tokens_before_steps(), room)),
                                 .sampling = {.seed = static_cast<uint32_t>(image)}},
                    ImageSink{});
    }
    StepTimer timer(model_.device(), model_.cost(Part::image_decode, kContext, images));
    timer.run(engine, images);
    return timer.result("image_decode", 2 * images);
  }

  const ChosenModel& chosen_;
  const Model& model_;
  double stored_bytes_;
  int side_by_side_;
  const std::vector<std::string>& only_;
  ProgressDisplay& progress_;
};

struct BenchSettings {
  std::string config;
  std::vector<std::string> only;
};

void check_parts(const std::vector<std::string>& only) {
  for (const std::string& part : only) {
    if (std::find(kBenchParts.begin(), kBenchParts.end(), part) != kBenchParts.end()) continue;
    throw UsageError(
        fmt::format("option --only, command line: expected one of {}, found \"{}\"; see janus bench --help",
                    fmt::join(kBenchParts, ", "), part));
  }
}

BenchModel open_bench_model(const BenchSettings& settings, const CommonOptions& common, Console& console,
                            ProgressDisplay& progress) {
  Checkpoint checkpoint =
      settings.config.empty() ? open_checkpoint(common, console) : random_model(settings.config);
  BenchModel opened;
  opened.chosen.name = !settings.config.empty() ? settings.config : name_of_model(common.model);
  const ModelOptions options{.type = weight_type_from_name(common.type)};
  const Work work{.prompt_images = 1, .new_tokens = 1, .generated_images = kImages.back()};
  const auto [device, side_by_side] =
      choose_device(common,
                    {checkpoint, opened.chosen.name, common.device, options, work,
                     /*in_memory=*/!settings.config.empty()},
                    console);
  opened.chosen.images_at_once = side_by_side;
  Clock::time_point start = Clock::now();
  // Opened again, so that reading the headers counts where there are files.
  if (settings.config.empty()) checkpoint = Checkpoint::open(model_files(common.model, console));
  checkpoint.take_notes();  // told above
  opened.chosen.model =
      open_model(checkpoint, device, {.type = options.type, .progress = progress.callback()});
  opened.chosen.load_ms = ms_since(start);
  tell_notes(checkpoint, console);
  std::map<std::string, double> types;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    auto bytes = static_cast<double>(tensor.data.bytes.size());
    opened.stored_bytes += bytes;
    types[name_of(tensor.dtype)] += bytes;
  }
  auto most =
      std::max_element(types.begin(), types.end(), [](auto& a, auto& b) { return a.second < b.second; });
  opened.type = common.type == "native" ? most->first : common.type;
  return opened;
}

double gigabytes_a_second(const Measurement& line) { return line.bytes / 1e6 / line.ms; }

std::optional<double> gigaoperations_a_second(const Measurement& line) {
  if (!line.operations) return std::nullopt;
  return *line.operations / 1e6 / line.ms;
}

Json record_of(const Measurement& line, const std::string& type) {
  const auto number_or_null = [](const std::optional<double>& x) {
    return x ? Json(rounded(*x)) : Json(nullptr);
  };
  Json record;
  record["what"] = line.what;
  record["rows"] = line.rows;
  record["type"] = type;
  record["ms"] = rounded(line.ms);
  record["bytes"] = static_cast<int64_t>(line.bytes);
  record["gb_per_s"] = rounded(gigabytes_a_second(line));
  record["gop_per_s"] = number_or_null(gigaoperations_a_second(line));
  record["fraction"] = number_or_null(line.fraction);
  return record;
}

std::string line_of(const Measurement& line, const std::string& type) {
  const std::optional<double> rate = gigaoperations_a_second(line);
  // Of bytes for what reads memory, of operations for the rest.
  return fmt::format("{:<14} {:>4} {:>6} {:>10.2f} {:>8} {:>7} {:>8} {:>7} {:>8}\n", line.what, line.rows,
                     type, line.ms, line.bytes > 0 ? fmt::format("{:.1f}", line.bytes / 1e6) : "",
                     line.bytes > 0 ? fmt::format("{:.2f}", gigabytes_a_second(line)) : "",
                     rate ? fmt::format("{:.1f}", *rate) : "",
                     line.bound ? fmt::format("{:.1f}", *line.bound / 1e9) : "",
                     line.fraction ? fmt::format("{:.0f} %", *line.fraction * 100) : "");
}

Outcome bench(const BenchSettings& settings, const CommonOptions& common, Console& console) {
  check_parts(settings.only);
  ProgressDisplay progress(console);
  progress.update(settings.config.empty() ? "loading the model" : "making random weights", 0, 0);
  BenchModel opened = open_bench_model(settings, common, console, progress);
  console.notice(fmt::format("{} on {}: {}", opened.chosen.name, opened.chosen.model->device().name(),
                             opened.chosen.model->device().description()));
  if (!common.json) {
    console.result(fmt::format("{:<14} {:>4} {:>6} {:>10} {:>8} {:>7} {:>8} {:>7} {:>8}\n", "what", "rows",
                               "type", "ms", "MB", "GB/s", "Gop/s", "bound", "of bound"));
  }
  Bench(opened, settings.only, progress).run([&](const Measurement& line) {
    progress.hide();
    if (common.json) {
      print_json(record_of(line, opened.type), console);
    } else {
      console.result(line_of(line, opened.type));
    }
  });
  return Outcome::done;
}

}  // namespace

Command bench_command() {
  auto settings = std::make_shared<BenchSettings>();
  return {
      .name = "bench",
      .summary = "speed on this machine, beside what it could do at most",
      .examples = {"janus bench", "janus bench -m Janus-Pro-1B --json",
                   "janus bench --config janus-pro-1b -t 2 --only image_decode"},
      .declare =
          [settings](OptionSet& options) {
            options.option("--config", "NAME", one_of(settings->config, random_checkpoint_names()),
                           fmt::format("random weights of this size, made in memory: {}",
                                       fmt::join(random_checkpoint_names(), ", ")));
            options.values("--only", "PART", settings->only,
                           fmt::format("measure this part alone, or with others so named: {}",
                                       fmt::join(kBenchParts, ", ")));
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return bench(*settings, common, console); },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
