// janus embed: what the model sees in an image, as numbers.
#include <map>
#include <memory>

#include "cli/app/command.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/json_output.h"
#include "cli/io/npy.h"
#include "cli/io/output_file.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {
namespace {

const std::map<std::string, EmbedStage> kStages{{"pixels", EmbedStage::pixels},
                                                {"vision", EmbedStage::vision},
                                                {"aligned", EmbedStage::aligned},
                                                {"latent", EmbedStage::latent}};

struct EmbedSettings {
  std::string image, output, stage = "aligned";
  Replacing replacing;
};

Outcome embed(EmbedSettings& settings, const CommonOptions& common, Console& console) {
  settings.replacing.settle();
  require_one_on_stream(settings.output, common.json);
  const PlacedOutput place(settings.output, name_from_input(settings.image) + ".npy");
  require_extension(place.path, ".npy", "--output");
  require_no_terminal(place.path, console);
  const OutputFile output = place.open(settings.replacing, {settings.image});
  Image image = read_input_image(settings.image, console);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen = open_chosen_model(common, {.prompt_images = 1}, console, progress.callback());
  progress.update("embedding the picture", 0, 0);
  Array embeddings = chosen.model->need_image_embedder().embed(image, kStages.at(settings.stage));
  progress.hide();
  output.write(npy_file(embeddings), console);
  if (common.json) {
    print_json({{"image", settings.image},
                {"output", place.path},
                {"stage", settings.stage},
                {"shape", embeddings.shape},
                {"model", chosen.name},
                {"device", chosen.model->device().name()}},
               console);
  }
  return Outcome::done;
}

}  // namespace

Command embed_command() {
  auto settings = std::make_shared<EmbedSettings>();
  return {
      .name = "embed",
      .summary = "writes an image's embeddings as a NumPy file",
      .examples = {"janus embed photo.jpg -o photo.npy",
                   "janus embed photo.jpg -o features.npy --stage vision",
                   "janus embed - -o - < photo.jpg > photo.npy"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("IMAGE", input_path(settings->image),
                                      "an image file, - for standard input");
            options.required_option("-o,--output", "FILE", some_text(settings->output),
                                    "a .npy file, float32 [N, D]; - for standard output; a folder for "
                                    "IMAGE's name in it");
            declare_replacing(options, settings->replacing);
            options.option("--stage", "NAME",
                           one_of(settings->stage, {"vision", "aligned", "pixels", "latent"}),
                           "vision = the tower's features, aligned = after the aligner {default}, "
                           "pixels = the prepared picture [3, h, w], latent = what encode quantises");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return embed(*settings, common, console); },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
