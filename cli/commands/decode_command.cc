// janus decode: codes of the VQ image tokenizer, or a latent of the autoencoder, as an image or as the
// decoder's raw output.
#include <memory>
#include <optional>
#include <utility>

#include "cli/app/command.h"
#include "cli/commands/image_coding.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_output.h"
#include "cli/io/input_file.h"
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

// A file of janus encode.
struct CodedImage {
  std::optional<Array> latent;  // [channels, h, w]; else it is codes
  ImageCodes codes;

  Array decoded(const Model& model) const {
    return latent ? model.need_latent_coder().decode(*latent) : model.need_image_coder().decode(codes);
  }
};

CodedImage read_coded(const std::string& path) {
  const std::string bytes = read_input(path, "codes");
  if (!is_npy(bytes)) return {.latent = std::nullopt, .codes = parse_codes(bytes, path)};
  Array latent = read_npy(bytes, "latent, " + path);
  // One of a batch of one, as torch has it.
  if (latent.shape.size() == 4 && latent.shape.front() == 1) latent.shape.erase(latent.shape.begin());
  return {.latent = std::move(latent), .codes = {}};
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
  const CodedImage coded = read_coded(settings.codes);
  FoundModel found = find_model(common, console);
  check_coding(found, settings.codes, coded.latent.has_value(), common);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  const ChosenModel chosen =
      open_chosen_model(std::move(found), common, {.decodes = true}, console, progress.callback());
  progress.update("decoding the picture", 0, 0);
  const Array pixels = coded.decoded(*chosen.model);  // [h, w, 3]
  const int64_t height = pixels.shape[0], width = pixels.shape[1];
  progress.hide();
  if (raw) {
    output.write(npy_file(planes_of(pixels)), console);
  } else {
    // As the family makes its own.
    const ByteRounding rounding = coded.latent ? ByteRounding::nearest : ByteRounding::down;
    const Image image = to_image(pixels.values, static_cast<int>(width), static_cast<int>(height), rounding);
    output.write(encode_image(image, format, {}, static_cast<int>(settings.quality)), console);
  }
  if (common.json) {
    Json record{{coded.latent ? "latent" : "codes", settings.codes},
                {"output", place.path},
                {"height", height},
                {"width", width}};
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
      .summary =
          "turns codes of the VQ image tokenizer, or a latent of JanusFlow's autoencoder, into an image",
      .examples = {"janus decode codes.json -o photo.png", "janus decode codes.json -o planes.npy",
                   "janus decode - -o - < codes.json | display",
                   "janus decode -m JanusFlow-1.3B latent.npy -o photo.png"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument(
                "CODES", input_path(settings->codes),
                "a file of janus encode: codes in JSON, or of JanusFlow a latent as .npy, "
                "float32 [channels, h, w]; - for standard input");
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
