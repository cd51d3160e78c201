#include "cli/commands/bench.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/app/command.h"
#include "cli/commands/bench_parts.h"
#include "cli/commands/bench_requests.h"
#include "core/base/error.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {
namespace {

constexpr int64_t kContext = 300;  // tokens before a step, as the records' bytes have it
constexpr int64_t kPrefillQuestion = 32;
constexpr int kMostAnswers = 8;  // for the steps of one

Image sample_image(const Model& model) {
  const int side = model.info().image_size;
  Image image{.width = side, .height = side, .pixels = {}};
  for (int i = 0; i < side * side * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 31));
  return image;
}

ImageCodes sample_codes(const Model& model) {
  const ModelInfo& info = model.info();
  ImageCodes codes{.height = info.codes_height, .width = info.codes_width, .codes = {}};
  for (int i = 0; i < codes.height * codes.width; ++i) {
    codes.codes.push_back(static_cast<int32_t>(i * 101 % info.codebook_size));
  }
  return codes;
}

// Tokens before the first measured step, so that the middle one has kContext.
int64_t tokens_before_steps(const Model& model) {
  return std::min(kContext, model.info().context_length / 2) - kSteps / 2;
}

}  // namespace

Bench::Bench(const BenchModel& opened, const std::vector<std::string>& only, ProgressDisplay& progress)
    : chosen_(opened.chosen),
      model_(*chosen_.model),
      flow_(model_.engine_model().latent_flow()),
      stored_bytes_(opened.stored_bytes),
      side_by_side_(chosen_.images_at_once > 0 ? chosen_.images_at_once : default_rows(model_.device()) / 2),
      only_(only),
      progress_(progress) {
  check_parts();
}

void Bench::check_parts() const {
  for (const std::string& part : only_) {
    if (has_part(part, flow_ != nullptr)) continue;
    throw UsageError(
        fmt::format("option --only, command line: expected a part that {} has, found {}, which is of models "
                    "that draw {}; name another part",
                    chosen_.name, part, flow_ != nullptr ? "code by code" : "by flow"));
  }
}

bool Bench::asked(std::string_view part) const {
  return only_.empty() || std::find(only_.begin(), only_.end(), part) != only_.end();
}

void Bench::run(const OnLine& on_line) {
  on_line(bandwidth());
  on_line(peak("f32_peak", multiply_add_peak));
  on_line(peak("int8_peak", int8_peak));
  if (matrix_peak(model_.device()) > 0) on_line(peak("matrix_peak", matrix_peak));
  on_line({.what = "load",
           .ms = chosen_.load_ms,
           .bytes = stored_bytes_,
           .operations = {},
           .bound = {},
           .fraction = {}});
  answer_parts(on_line);
  if (flow_ != nullptr) {
    flow_parts(on_line);
  } else {
    code_parts(on_line);
  }
}

Measurement Bench::bandwidth() {
  progress_.update("read_bandwidth", 0, 0);
  const double rate = read_bandwidth(model_.device());
  constexpr double kBytes = 1e9;
  return {.what = "read_bandwidth",
          .ms = kBytes / rate * 1000,
          .bytes = kBytes,
          .operations = {},
          .bound = {},
          .fraction = 1.0};
}

Measurement Bench::peak(const char* what, double (*measure)(Device&)) {
  progress_.update(what, 0, 0);
  constexpr double kOperations = 1e12;
  return {.what = what,
          .ms = kOperations / measure(model_.device()) * 1000,
          .operations = kOperations,
          .bound = {},
          .fraction = 1.0};
}

Measurement Bench::passes(const char* what, int rows, const PassCost& cost,
                          const std::function<double()>& pass) {
  std::vector<double> times, bounds, fractions;
  for (int run = 0; run < kPasses; ++run) {
    progress_.update(what, run, kPasses);
    times.push_back(pass());
    bounds.push_back(product_peak(model_.device(), cost.weights));
    fractions.push_back(cost.operations / (times.back() / 1000) / bounds.back());
  }
  return {.what = what,
          .rows = rows,
          .ms = median(times),
          .bytes = cost.bytes,
          .operations = cost.operations,
          .bound = median(bounds),
          .fraction = median(fractions)};
}

Measurement Bench::pass_of(const char* what, Part part, int64_t tokens, const std::function<double()>& pass) {
  return passes(what, 1, model_.cost(part, tokens), pass);
}

void Bench::answer_parts(const OnLine& on_line) {
  if (asked("vision")) {
    on_line(pass_of("vision", Part::vision, 0, [&] {
      return time_of([&] { model_.need_image_embedder().embed(sample_image(model_), EmbedStage::aligned); });
    }));
  }
  if (asked("prefill")) {
    const int64_t tokens =
        std::min(model_.info().image_tokens + kPrefillQuestion, model_.info().context_length - 1);
    on_line(pass_of("prefill", Part::prefill, tokens, [&] {
      return Engine(model_).answer(sample_answer(model_, tokens, 1)).timings.prefill_ms;
    }));
  }
  if (asked("text_decode")) on_line(text_steps());
}

Measurement Bench::text_steps() {
  progress_.update("text_decode", 0, 0);
  Engine engine(model_, {.answer_window = 1});
  StepTimer timer(model_.device(), model_.cost(Part::text_decode, kContext));
  AnswerRequest request = sample_answer(model_, tokens_before_steps(model_), kSteps + 3);
  // An answer may end early by chance: others follow it.
  for (int answer = 0; answer < kMostAnswers && !timer.done(); ++answer) {
    engine.submit(request, AnswerSink{});
    timer.run(engine, 1);
    ++request.sampling.seed;
  }
  check(
      timer.has_steps(),
      "text_decode: expected answers of several tokens, found {} that end at once; name the other parts with "
      "--only",
      kMostAnswers);
  return timer.result("text_decode", 1);
}

void Bench::code_parts(const OnLine& on_line) {
  if (asked("image_decode")) {
    for (const ImageSteps& steps : kImageSteps) {
      // What decodes by itself reads no guesses.
      if (steps.window > 1 && model_.device().supports_device_decoding()) continue;
      if (steps.images <= side_by_side_) on_line(image_steps(steps));
    }
  }
  if (asked("vq_decode")) {
    on_line(pass_of("vq_decode", Part::vq_decode, 0, [&] {
      return time_of([&] { model_.need_image_coder().decode(sample_codes(model_)); });
    }));
  }
}

Measurement Bench::image_steps(const ImageSteps& steps) {
  progress_.update("image_decode", 0, 0);
  const int64_t room = model_.info().context_length - model_.info().image_tokens;
  Engine engine(model_, {.rows = 2 * steps.images, .image_window = steps.window});
  for (int image = 0; image < steps.images; ++image) {
    engine.submit(
        ImageRequest{.prompt_ids = sample_prompt(model_, std::min(tokens_before_steps(model_), room)),
                     .sampling = {.seed = static_cast<uint32_t>(image)}},
        ImageSink{});
  }
  PassCost cost = model_.cost(Part::image_decode, kContext, steps.images);
  cost.operations *= steps.window;
  StepTimer timer(model_.device(), cost);
  timer.run(engine, steps.images);
  return timer.result("image_decode", steps.rows());
}

}  // namespace janus::cli
