// janus embed: what the model sees in images, as numbers.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

#include "cli/app/command.h"
#include "cli/embed/pooling.h"
#include "cli/embed/vector_output.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_input.h"
#include "cli/io/image_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "cli/model/provenance.h"
#include "cli/sources/file_kind.h"
#include "cli/sources/image_run.h"
#include "cli/sources/source_options.h"
#include "cli/sources/sources.h"

namespace janus::cli {
namespace {

const std::map<std::string, EmbedStage> kStages{{"pixels", EmbedStage::pixels},
                                                {"vision", EmbedStage::vision},
                                                {"aligned", EmbedStage::aligned},
                                                {"latent", EmbedStage::latent}};
const std::map<std::string, Pool> kPools{{"none", Pool::none}, {"mean", Pool::mean}, {"max", Pool::max}};

struct EmbedSettings {
  SourceSettings sources;
  std::string output, stage = "aligned", pool = "none";
  bool normalize = false;
  int64_t batch = kDefaultBatch;
  Replacing replacing;

  // The tower's gain of several images in one pass is small where there are few cores.
  static constexpr int64_t kDefaultBatch = 4;

  EmbedStage stage_value() const { return kStages.at(stage); }
  Array finished(Array vectors) const {
    Array result = pooled(std::move(vectors), kPools.at(pool));
    if (normalize) janus::cli::normalize(result);
    return result;
  }
  Work work(int64_t images) const {
    return {.embedded_images = static_cast<int>(images), .encodes = stage_value() == EmbedStage::latent};
  }
  Json facts() const { return {{"stage", stage}, {"pool", pool}, {"normalized", normalize}}; }
};

[[noreturn]] void refuse(const std::string& option, const std::string& expected, const std::string& found) {
  throw UsageError(fmt::format("option {}, command line: expected {}, found {}; see janus embed --help",
                               option, expected, found));
}

Outcome embed_one(const EmbedSettings& settings, const CommonOptions& common, Console& console) {
  const std::string& path = settings.sources.paths.front();
  const PlacedOutput place(settings.output, name_from_input(path) + ".npy");
  require_extension(place.path, ".npy", "--output");
  require_no_terminal(place.path, console);
  const OutputFile output = place.open(settings.replacing, {path});
  Image image = read_input_image(path, console, settings.sources.pixel_limit);
  ProgressDisplay progress(console);
  progress.update("loading the model", 0, 0);
  ChosenModel chosen = open_chosen_model(common, settings.work(1), console, progress.callback());
  progress.update("embedding the picture", 0, 0);
  const Array embeddings =
      settings.finished(chosen.model->need_image_embedder().embed(image, settings.stage_value()));
  progress.hide();
  output.write(npy_file(embeddings), console);
  if (common.json) {
    Json record{{"image", path}, {"output", place.path}};
    record.update(settings.facts());
    record["shape"] = embeddings.shape;
    record.update(provenance_json(chosen, common));
    print_json(record, console);
  }
  return Outcome::done;
}

// Embeds several images in one pass, or where that fails each alone, so that the fault is one image's own.
std::map<int64_t, Array> embed_some(const EmbedSettings& settings, const ImageEmbedder& embedder,
                                    std::vector<LoadedImage>& images) {
  std::vector<LoadedImage*> sound;
  std::vector<std::vector<float>> prepared;
  for (LoadedImage& image : images) {
    if (!image.fault.empty()) continue;
    sound.push_back(&image);
    prepared.push_back(std::move(image.pixels));
  }
  std::map<int64_t, Array> results;
  const auto embed = [&](size_t first, size_t count) {
    return fault_of([&] {
      std::vector<Array> arrays =
          embedder.embed(std::span(prepared).subspan(first, count), settings.stage_value());
      for (size_t i = 0; i < count; ++i)
        results[sound[first + i]->listed.place] = settings.finished(std::move(arrays[i]));
    });
  };
  if (sound.empty() || !embed(0, sound.size())) return results;
  for (size_t i = 0; i < sound.size(); ++i) {
    if (const std::optional<Fault> fault = embed(i, 1))
      sound[i]->fault = fmt::format("{}: {}", sound[i]->listed.key, fault->message);
  }
  return results;
}

Outcome embed_many(EmbedSettings& settings, const CommonOptions& common, Console& console) {
  if (settings.output == kStandardStream)
    refuse("-o", "a .npy or .jsonl file for the vectors of several pictures", "-");
  const PlacedOutput place(settings.output, "embeddings.npy");
  if (!has_extension(place.path, ".npy") && !is_record_list_name(place.path))
    refuse("-o", "a name that ends in .npy or .jsonl", "\"" + place.path + "\"");
  for (const std::string& path : settings.sources.paths) {
    if (path == kStandardStream)
      refuse("IMAGE", "- alone, for a picture on standard input (@- is a list of paths there)",
             "it beside others");
  }
  settings.sources.seed = static_cast<uint32_t>(common.seed);
  check_sources(settings.sources);
  VectorOutput output(place, settings.replacing, input_files(settings.sources), settings.facts(), common.json,
                      console);
  ProgressDisplay display(console);
  display.update("loading the model", 0, 0);
  const ChosenModel chosen =
      open_chosen_model(common, settings.work(settings.batch), console, display.callback());
  display.hide();
  output.add_facts(provenance_json(chosen, common));
  const ImageEmbedder& embedder = chosen.model->need_image_embedder();

  std::map<int64_t, Array> results;  // by place, of the images in work
  const InterruptNotice interrupt;   // from here on one ends it in order
  FeedProgress progress;
  const auto prepare = [&](const Image& image) { return embedder.prepare(image, settings.stage_value()); };
  const auto work = [&](std::vector<LoadedImage>& images) {
    results = embed_some(settings, embedder, images);
  };
  const auto write = [&](const LoadedImage& image) {
    if (image.fault.empty()) return output.write(image, results.at(image.listed.place));
    output.write_error(image);
  };
  const FeedTerms terms{.phase = "embedding", .finished = "embedded"};
  const ImageRun run{settings.sources, terms, "janus embed", settings.batch, prepare, work, write};
  const Outcome outcome = run_images(run, interrupt, progress, console);
  output.finish();
  return outcome;
}

Outcome embed(EmbedSettings& settings, const CommonOptions& common, Console& console) {
  settings.replacing.settle();
  require_one_on_stream(settings.output, common.json);
  const bool vectors = settings.stage_value() != EmbedStage::pixels;
  if (!vectors && settings.pool != "none") refuse("--pool", "a stage of vectors", "--stage pixels");
  if (!vectors && settings.normalize) refuse("--normalize", "a stage of vectors", "--stage pixels");
  const bool one = is_one_image(settings.sources) && !is_record_list_name(settings.output);
  return one ? embed_one(settings, common, console) : embed_many(settings, common, console);
}

void declare(OptionSet& options, EmbedSettings& settings) {
  options.required_arguments("IMAGE", settings.sources.paths,
                             fmt::format("an image file, - for standard input; or many: {}, @- for such a "
                                         "list on standard input",
                                         kSourceHelp));
  options.required_option("-o,--output", "FILE", some_text(settings.output),
                          "a .npy file, float32 [N, D]; - for standard output; a folder for IMAGE's name in "
                          "it; of many, .npy [images, N, D] with an index of its rows beside it as .jsonl, "
                          "or .jsonl for records with the vectors");
  declare_replacing(options, settings.replacing);
  options.option(
      "--stage", "NAME", one_of(settings.stage, {"vision", "aligned", "pixels", "latent"}),
      "vision = the tower's features, aligned = after the aligner {default}, "
      "pixels = the prepared picture [3, h, w], latent = what encode quantises, or of JanusFlow makes");
  options.option("--pool", "NAME", one_of(settings.pool, {"none", "mean", "max"}),
                 "one vector [D] a picture, of its N: {range}");
  options.flag("--normalize", settings.normalize,
               "make vectors of length 1, after pooling: a dot product is a cosine then");
  options.option("-b,--batch", "N", number(settings.batch, {1, 256}),
                 "pictures looked at in one pass, {range}");
  declare_sources(options, settings.sources);
}

}  // namespace

Command embed_command() {
  auto settings = std::make_shared<EmbedSettings>();
  return {
      .name = "embed",
      .summary = "writes embeddings of images, one or many, as NumPy files or records",
      .examples = {"janus embed photo.jpg -o photo.npy",
                   "janus embed photo.jpg -o features.npy --stage vision",
                   "janus embed photos/ -o photos.npy --stage vision --pool mean --normalize",
                   "janus embed - -o - < photo.jpg > photo.npy"},
      .declare = [settings](OptionSet& options) { declare(options, *settings); },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return embed(*settings, common, console); },
      .unused = {"--max-tokens"},
  };
}

}  // namespace janus::cli
