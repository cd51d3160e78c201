// janus generate: images from a prompt.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/image_settings.h"
#include "cli/json_output.h"
#include "cli/output_file.h"
#include "cli/output_pattern.h"
#include "cli/picture_output.h"
#include "cli/progress.h"

namespace janus::cli {
namespace {

struct GenerateSettings {
  std::string prompt, output, codes_output;
  int64_t count = 1;
  double guidance = 5, temperature = 1, top_p = 1;
  int64_t top_k = 0;
};

// Where the images go, checked before the model is opened.
struct Outputs {
  OutputPattern images;
  std::optional<OutputPattern> codes;
  ImageFormat format;
};

Outputs plan_outputs(const GenerateSettings& settings, const CommonOptions& common) {
  bool streams = settings.output == kStandardStream || settings.codes_output == kStandardStream;
  require_one_on_stream(settings.output, common.json);
  require_one_on_stream(settings.codes_output, common.json);
  if (streams && settings.count > 1) {
    throw UsageError(
        fmt::format("option --batch-count, command line: expected 1 image for standard output, found {}; "
                    "name a file",
                    settings.count));
  }
  if (settings.output == settings.codes_output) {
    throw UsageError(
        "option --codes-out, command line: expected another name than that of --output, found the same; "
        "name two files");
  }
  Outputs outputs{.images = OutputPattern(settings.output, "--output"),
                  .codes = {},
                  .format = picture_format(settings.output, "--output")};
  if (!settings.codes_output.empty()) {
    require_extension(settings.codes_output, ".json", "--codes-out");
    outputs.codes.emplace(settings.codes_output, "--codes-out");
  }
  return outputs;
}

// Each file is tried before the first step of work; the trial leaves nothing behind.
void check_outputs(const Outputs& outputs, int64_t count) {
  for (int64_t k = 0; k < count; ++k) {
    OutputFile(outputs.images.path(k, count));
    if (outputs.codes) OutputFile(outputs.codes->path(k, count));
  }
}

class GenerateRun {
 public:
  GenerateRun(const GenerateSettings& settings, const CommonOptions& common, Console& console)
      : settings_(settings),
        common_(common),
        console_(console),
        outputs_(plan_outputs(settings, common)),
        progress_(console) {}

  Outcome run() {
    check_outputs(outputs_, settings_.count);
    progress_.update("loading the model", 0, 0);
    chosen_ = open_chosen_model(common_, {.drawings = static_cast<int>(settings_.count)}, console_,
                                progress_.callback());
    progress_.hide();
    console_.notice(settings_.count == 1
                        ? fmt::format("seed {}", common_.seed)
                        : fmt::format("seeds {} to {}", common_.seed,
                                      static_cast<uint32_t>(common_.seed + settings_.count - 1)));
    GenerateOptions options{.prompt = settings_.prompt,
                            .count = static_cast<int>(settings_.count),
                            .guidance = static_cast<float>(settings_.guidance),
                            .sampling = {.temperature = static_cast<float>(settings_.temperature),
                                         .top_k = static_cast<int>(settings_.top_k),
                                         .top_p = static_cast<float>(settings_.top_p),
                                         .seed = static_cast<uint32_t>(common_.seed)}};
    chosen_.model->generate(
        options, [this](const GeneratedImage& image) { finish(image); }, progress_.callback());
    return Outcome::done;
  }

 private:
  // Turns codes into a picture and puts it in place, before the next image is drawn: what is finished is
  // kept.
  void finish(const GeneratedImage& image) {
    Timings timings = image.timings;
    auto start = std::chrono::steady_clock::now();
    progress_.update("decoding the picture", 0, 0);
    Array planes = chosen_.model->decode(image.codes);
    timings.image_decode_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    OutputFile output(outputs_.images.path(image.index, settings_.count));
    write_picture(planes, outputs_.format, settings_text(settings_json(image, planes)), output, console_);
    if (outputs_.codes) {
      OutputFile(outputs_.codes->path(image.index, settings_.count)).write(codes_text(image.codes), console_);
    }
    progress_.hide();
    if (output.path() != kStandardStream) {
      std::string own_seed = settings_.count > 1 ? fmt::format(" (seed {})", image.seed) : "";
      console_.notice(fmt::format("wrote {}{}", output.path(), own_seed));
    }
    console_.detail(describe_timings(timings));
    if (common_.json) print_json(record_of(image, output.path(), timings), console_);
  }

  Json settings_json(const GeneratedImage& image, const Array& planes) const {
    Json settings;
    settings["prompt"] = settings_.prompt;
    settings["seed"] = image.seed;
    settings["guidance"] = settings_.guidance;
    settings["temperature"] = settings_.temperature;
    settings["top_k"] = settings_.top_k;
    settings["top_p"] = settings_.top_p;
    settings["width"] = planes.shape[2];
    settings["height"] = planes.shape[1];
    settings["model"] = chosen_.name;
    settings["type"] = common_.type;
    settings["device"] = chosen_.model->device().name();
    settings["version"] = JANUS_VERSION;
    return settings;
  }

  Json record_of(const GeneratedImage& image, const std::string& path, const Timings& timings) const {
    Json record;
    record["output"] = path;
    record["prompt"] = settings_.prompt;
    record["seed"] = image.seed;
    record["index"] = image.index;
    record["guidance"] = settings_.guidance;
    record["temperature"] = settings_.temperature;
    record["codes"] = image.codes.codes;
    record["model"] = chosen_.name;
    record["device"] = chosen_.model->device().name();
    record["timings"] = timings_json(chosen_.load_ms, timings);
    return record;
  }

  const GenerateSettings& settings_;
  const CommonOptions& common_;
  Console& console_;
  Outputs outputs_;
  ProgressDisplay progress_;
  ChosenModel chosen_;
};

}  // namespace

Command generate_command() {
  auto settings = std::make_shared<GenerateSettings>();
  return {
      .name = "generate",
      .summary = "makes images from a prompt",
      .examples = {"janus generate \"a red circle on a white background\" -o circle.png",
                   "janus generate \"a blue star on a black background\" -o star-%03d.png -b 4 --seed 7",
                   "janus generate \"a small green ring on a gray background\" -o ring.png --cfg-scale 3 "
                   "--codes-out ring.json",
                   "janus generate \"a cyan cross on a white background\" -o - | display"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("PROMPT", prompt_text(settings->prompt), "what the image shows");
            options.required_option("-o,--output", "OUT", some_text(settings->output),
                                    "PNG, JPEG or WebP by extension, - for PNG on standard output");
            options.option("-b,--batch-count", "COUNT", number(settings->count, {1, INT32_MAX}),
                           "images, 1 or more (default 1): numbered by a %03d in OUT, else -000 is appended");
            options.option("--cfg-scale", "G", number(settings->guidance, {.low = 0}),
                           "how closely to follow the prompt, 0 or more; 1 = off (default 5)");
            options.option("--temperature", "T", number(settings->temperature, {.low = 0}),
                           "0 or more; 0 = always the likeliest code (default 1)");
            options.option("--top-k", "K", number(settings->top_k, {0, INT32_MAX}),
                           "draw among the K likeliest, 0 = all (default 0)");
            options.option("--top-p", "P", number(settings->top_p, {.low = 0, .high = 1, .open = true}),
                           "draw among the likeliest that make up P, above 0 to 1 (default 1)");
            options.option("--codes-out", "FILE", some_text(settings->codes_output),
                           "the images' codes as well, as janus encode writes them; numbered as OUT");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return GenerateRun(*settings, common, console).run(); },
  };
}

}  // namespace janus::cli
