// janus decode: codes of the VQ image tokenizer as an image, or as the decoder's raw output.
#include <memory>

#include "cli/app/command.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_output.h"
#include "cli/io/json_output.h"
#include "cli/io/npy.h"
#include "cli/io/output_file.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/model/provenance.h"

namespace janus::cli {
namespace {

struct DecodeSettings {
  std::string codes, output;
  int64_t quality = kUsualQuality;
  const OptionEntry* quality_option = nullptr;
  Replacing replacing;
};

// Channels last -> planes [3, h, w], as the file has them.
Array planes_of(const Array& pixels) {
  const auto channels = static_cast<size_t>(pixels.shape[2]), plane = pixels.values.size() / channels;
  Array planes{.shape = {pixels.shape[2], pixels.shape[0], pixels.shape[1]},
               .values = std::vector<float>(pixels.values.size())};
  for (size_t i = 0; i < pixels.values.size(); ++i) {
    planes.values[i % channels * plane + i / channels] = pixels.values[i];
  }
  return planes;
}

Outcome decode(DecodeSettings& settings, const CommonOptions& common, Console& console) {
  settings.replacing.settle();
  require_one_on_stream(settings.output, common.json);
  const PlacedOutput place(settings.output, name_from_input(settings.codes) + ".png");
  bool raw = has_extension(place.path, ".npy");
  ImageFormat format = raw ? ImageFormat::png : output_image_format(place.path, "--output");
  check_quality(*settings.quality_option, {place.path});
  require_no_terminal(place.path, console);
  const OutputFile output = place.open(settings.replacing, {settings.codes});
  ImageCodes codes = read_codes(settings.codes);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen = open_chosen_model(common, {.decodes = true}, console, progress.callback());
  progress.update("decoding the picture", 0, 0);
  const Array pixels = chosen.model->need_image_coder().decode(codes);  // [h, w, 3]
  const int64_t height = pixels.shape[0], width = pixels.shape[1];
  progress.hide();
  if (raw) {
    output.write(npy_file(planes_of(pixels)), console);
  } else {
    const Image image = to_image(pixels.values, static_cast<int>(width), static_cast<int>(height));
    output.write(encode_image(image, format, {}, static_cast<int>(settings.quality)), console);
  }
  if (common.json) {
    Json record{{"codes", settings.codes}, {"output", place.path}, {"height", height}, {"width", width}};
    record.update(provenance_json(chosen, common));
    print_json(record, console);
  }
  return Outcome::done;
}

}  // namespace

Command decode_command() {
  auto settings = std::make_shared<DecodeSettings>();
  return {
      .name = "decode",
      .summary = "turns codes of the VQ image tokenizer into an image",
      .examples = {"janus decode codes.json -o photo.png", "janus decode codes.json -o planes.npy",
                   "janus decode - -o - < codes.json | display"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("CODES", input_path(settings->codes),
                                      "a file of janus encode, - for standard input");
            options.required_option(
                "-o,--output", "OUT", some_text(settings->output),
                "PNG, JPEG or WebP by extension, - for PNG on standard output; .npy for the "
                "decoder's raw float32 [3, h, w]; a folder for a PNG of CODES' name in it");
            settings->quality_option = &declare_quality(options, settings->quality);
            declare_replacing(options, settings->replacing);
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return decode(*settings, common, console); },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
