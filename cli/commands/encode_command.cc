// janus encode: an image as the codes of the VQ image tokenizer.
#include <memory>

#include "cli/app/command.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/json_output.h"
#include "cli/io/output_file.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/model/provenance.h"

namespace janus::cli {
namespace {

struct EncodeSettings {
  std::string image, output;
  Replacing replacing;
};

Outcome encode(EncodeSettings& settings, const CommonOptions& common, Console& console) {
  settings.replacing.settle();
  require_one_on_stream(settings.output, common.json);
  const PlacedOutput place(settings.output, name_from_input(settings.image) + ".json");
  require_extension(place.path, ".json", "--output");
  const OutputFile output = place.open(settings.replacing, {settings.image});
  Image image = read_input_image(settings.image, console);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen = open_chosen_model(common, {.encodes = true}, console, progress.callback());
  progress.update("encoding the picture", 0, 0);
  ImageCodes codes = chosen.model->need_image_coder().encode(image);
  progress.hide();
  output.write(codes_text(codes), console);
  if (common.json) {
    Json record{
        {"image", settings.image}, {"output", place.path}, {"height", codes.height}, {"width", codes.width}};
    record.update(provenance_json(chosen, common));
    print_json(record, console);
  }
  return Outcome::done;
}

}  // namespace

Command encode_command() {
  auto settings = std::make_shared<EncodeSettings>();
  return {
      .name = "encode",
      .summary = "turns an image into codes of the VQ image tokenizer",
      .examples = {"janus encode photo.jpg -o codes.json", "janus encode - -o - < photo.jpg",
                   "janus encode photo.jpg -o codes.json --json"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("IMAGE", input_path(settings->image),
                                      "an image file, - for standard input");
            options.required_option("-o,--output", "FILE", some_text(settings->output),
                                    "a .json file, - for standard output; a folder for IMAGE's name in it");
            declare_replacing(options, settings->replacing);
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return encode(*settings, common, console); },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
