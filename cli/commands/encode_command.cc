// janus encode: an image as a model has it, codes of the VQ image tokenizer or a latent of the autoencoder.
#include <fmt/format.h>

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "cli/app/command.h"
#include "cli/commands/image_coding.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/json_output.h"
#include "cli/io/npy.h"
#include "cli/io/output_file.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/model/provenance.h"

namespace janus::cli {
namespace {

struct EncodeSettings {
  std::string image, output;
  Replacing replacing;
  int64_t pixel_limit = kUsualPixelLimit;
};

// What the name of the output says of the images in it; nothing of a folder or a stream.
std::optional<bool> asked_latents(const std::string& output) {
  if (output == kStandardStream || is_folder_name(output)) return std::nullopt;
  if (has_extension(output, coding_extension(true))) return true;
  if (has_extension(output, coding_extension(false))) return false;
  throw UsageError(
      fmt::format("option --output, command line: expected a name that ends in {} (codes) or {} (latents), "
                  "found \"{}\"; rename it, or use - for standard output",
                  coding_extension(false), coding_extension(true), output));
}

// The file's bytes, and what a record says of it.
struct Encoded {
  std::vector<std::byte> file;
  Json facts;
};

Encoded encoded_as_latent(const Model& model, const Image& image) {
  const Array latent = model.need_latent_coder().encode(image);
  return {.file = npy_file(latent), .facts = {{"shape", latent.shape}}};
}

Encoded encoded_as_codes(const Model& model, const Image& image) {
  const ImageCodes codes = model.need_image_coder().encode(image);
  const std::string text = codes_text(codes);
  const auto bytes = std::as_bytes(std::span(text));
  return {.file = {bytes.begin(), bytes.end()}, .facts = {{"height", codes.height}, {"width", codes.width}}};
}

Outcome encode(EncodeSettings& settings, const CommonOptions& common, Console& console) {
  settings.replacing.settle();
  require_one_on_stream(settings.output, common.json);
  const std::optional<bool> asked = asked_latents(settings.output);
  // What is wrong with the output is told before that there is no such model.
  std::optional<FoundModel> found;
  std::exception_ptr missing;
  try {
    found = find_model(common, console);
  } catch (const Error&) {
    missing = std::current_exception();
  }
  const bool latents = found ? check_coding(*found, settings.output, asked, common) : asked.value_or(false);
  const PlacedOutput place(settings.output, name_from_input(settings.image) + coding_extension(latents));
  if (latents) require_no_terminal(place.path, console);
  const OutputFile output = place.open(settings.replacing, {settings.image});
  if (missing) std::rethrow_exception(missing);
  Image image = read_input_image(settings.image, console, settings.pixel_limit);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  const ChosenModel chosen =
      open_chosen_model(std::move(*found), common, {.encodes = true}, console, progress.callback());
  progress.update("encoding the picture", 0, 0);
  const Encoded encoded =
      latents ? encoded_as_latent(*chosen.model, image) : encoded_as_codes(*chosen.model, image);
  progress.hide();
  output.write(encoded.file, console);
  if (common.json) {
    Json record{{"image", settings.image}, {"output", place.path}};
    record.update(encoded.facts);
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
      .summary =
          "turns an image into codes of the VQ image tokenizer, or a latent of JanusFlow's autoencoder",
      .examples = {"janus encode photo.jpg -o codes.json", "janus encode - -o - < photo.jpg",
                   "janus encode photo.jpg -o codes.json --json",
                   "janus encode -m JanusFlow-1.3B photo.jpg -o latent.npy"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("IMAGE", input_path(settings->image),
                                      "an image file, - for standard input");
            options.required_option(
                "-o,--output", "FILE", some_text(settings->output),
                "a .json file of codes, or of JanusFlow a .npy file of the latent, float32 "
                "[channels, h, w]; - for standard output; a folder for IMAGE's name in it");
            declare_replacing(options, settings->replacing);
            declare_pixel_limit(options, settings->pixel_limit);
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return encode(*settings, common, console); },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
