// janus quantize: a whole model as one file, with smaller weights.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include "cli/app/command.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/json_output.h"
#include "cli/io/output_file.h"
#include "cli/io/progress.h"
#include "cli/io/readable.h"
#include "cli/model/chosen_model.h"
#include "cli/model/random_model.h"
#include "cli/model/vae_places.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/machine_memory.h"
#include "core/checkpoint/own_file.h"
#include "generator/memory_check.h"
#include "generator/quantize.h"
#include "generator/random_checkpoint.h"

namespace janus::cli {
namespace {

struct QuantizeSettings {
  std::string model, config, output, keep;
  Replacing replacing;
};

constexpr const char* kExtension = ".gguf";

// "vision=bf16,vq=f32" over the defaults of `types`. Empty, or what was expected instead.
std::string take_keep(const std::string& text, PartTypes& types) {
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, end - at);
    const size_t equals = item.find('=');
    const std::string part = item.substr(0, equals);
    const std::string type = equals == std::string::npos ? "" : item.substr(equals + 1);
    const auto known = [](const std::vector<std::string>& names, const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (!known(part_names(), part) || !known(weight_type_names(), type)) {
      return fmt::format("PART=TYPE, several with commas; parts {}; types {}", fmt::join(part_names(), ", "),
                         fmt::join(weight_type_names(), ", "));
    }
    types[part] = weight_type_from_name(type);
    at = end + 1;
  }
  return error_of([&] { types.check(); }).has_value() ? "native, f32, f16 or bf16 for vq and vae" : "";
}

PartTypes chosen_types(const QuantizeSettings& settings, const CommonOptions& common) {
  PartTypes types(weight_type_from_name(common.type));
  if (settings.keep.empty()) return types;
  const std::string expected = take_keep(settings.keep, types);
  if (expected.empty()) return types;
  throw UsageError(fmt::format("option --keep: expected {}, found \"{}\"; see janus quantize --help",
                               expected, settings.keep));
}

void check_output_name(const std::string& output) {
  if (has_extension(output, kExtension)) return;
  throw UsageError(
      fmt::format("option --output, command line: expected a name that ends in {}, found \"{}\"; rename it",
                  kExtension, output));
}

// Whoever reads a file while it is replaced reads neither.
void check_not_source(const FileSet& files, const std::string& output) {
  std::vector<std::string> paths{files.name()};
  for (const std::string& file : files.files()) paths.push_back(files.path(file));
  check_not_input(output, paths);
}

// Of --config, random weights; else the model's, and none of its files may be the output.
Checkpoint open_source(const QuantizeSettings& settings, const std::string& model,
                       const CommonOptions& common, Console& console) {
  if (!settings.config.empty()) return random_model(settings.config);
  const FileSet files = model_files(model, console);
  check_not_source(files, settings.output);
  // The one GGUF file of a folder that was named.
  std::error_code ignored;
  if (!files.is_folder() && files.name() != model && std::filesystem::exists(files.name(), ignored))
    check_own(folder_of(files.name()), files.name());
  return open_checkpoint(files, common, console);
}

// The last part of a path: the name of a folder or file without its extension.
std::string model_name(const std::string& model) {
  std::filesystem::path path(name_of_model(model));
  if (!path.has_filename()) path = path.parent_path();
  if (has_extension(model, kExtension)) path.replace_extension();
  return path.filename().string();
}

// What was given: the argument, -m's or --config's name; empty for the built-in model.
std::string source_name(const QuantizeSettings& settings, const CommonOptions& common) {
  const std::string& model = settings.model.empty() ? common.model : settings.model;
  if (settings.config.empty()) return model;
  if (model.empty()) return settings.config;
  throw UsageError(fmt::format(
      "option --config, command line: expected no model beside it, found \"{}\"; give one of the two",
      model));
}

Json record_of(const QuantizePlan& plan, const QuantizeSettings& settings, const CommonOptions& common,
               const std::string& model, double milliseconds) {
  Json record;
  record["output"] = settings.output;
  record["model"] = model;
  record["type"] = common.type;
  record["bytes"] = plan.bytes;
  record["parameters"] = plan.parameters;
  record["parts"] = plan.parts;
  if (plan.has_vae) record["vae"] = *plan.has_vae ? Json(plan.vae_path) : Json();
  record["fallbacks"] = Json::array();
  for (const Fallback& fallback : plan.fallbacks) {
    record["fallbacks"].push_back(
        {{"tensor", fallback.tensor}, {"row", fallback.row}, {"type", name_of(fallback.dtype)}});
  }
  record["timings"] = {{"quantize_ms", rounded(milliseconds)}};
  return record;
}

void tell(const QuantizePlan& plan, const QuantizeSettings& settings, double milliseconds, Console& console) {
  for (const Fallback& fallback : plan.fallbacks) {
    console.notice(fmt::format("{}: rows of {} are no whole number of blocks, kept as {}", fallback.tensor,
                               fallback.row, name_of(fallback.dtype)));
  }
  if (plan.has_vae.value_or(false)) {
    console.notice(fmt::format("the autoencoder of {} is in it", plan.vae_path));
  } else if (plan.has_vae) {
    console.notice(fmt::format("no autoencoder was found: the file answers, and draws with one beside it; {}",
                               how_to_get_vae()));
  }
  for (const auto& [part, types] : plan.parts) {
    console.notice(fmt::format("{:<9} {}", part, readable_types(types)));
  }
  console.notice(
      fmt::format("{}: {} in {:.1f} s", settings.output, readable_bytes(plan.bytes), milliseconds / 1000));
}

Outcome quantize(QuantizeSettings& settings, const CommonOptions& common, Console& console) {
  const PartTypes types = chosen_types(settings, common);
  settings.replacing.settle();
  const std::string model = source_name(settings, common);
  const std::string name = model_name(model);
  const PlacedOutput place(settings.output, fmt::format("{}-{}{}", name, common.type, kExtension));
  settings.output = place.path;
  check_output_name(settings.output);
  if (model.empty() && settings.config.empty()) tell_builtin(common, console);
  const OutputFile output = place.open(settings.replacing, {});

  const auto start = std::chrono::steady_clock::now();
  ProgressDisplay progress(console);
  progress.update(settings.config.empty() ? "opening the model" : "making random weights", 0, 0);
  const Checkpoint checkpoint = open_source(settings, model, common, console);
  const QuantizePlan plan = plan_quantize(checkpoint, types, name, vae_places(common.vae));
  if (plan.has_vae.value_or(false)) check_not_input(settings.output, {plan.vae_path});
  tell_notes(checkpoint, console);
  check_room(quantize_memory(plan), "model " + name, "close other programs", machine_memory());
  const std::shared_ptr<Device> device = open_device("cpu", {.threads = static_cast<int>(common.threads)});
  GrowingFile file(output, static_cast<uint64_t>(plan.bytes));
  write_quantized(
      plan, *device, [&](std::span<const std::byte> bytes) { file.append(bytes); }, progress.callback());
  progress.update("waiting for the disk", 0, 0);
  file.finish();
  progress.hide();
  const double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  tell(plan, settings, milliseconds, console);
  if (common.json) {
    print_json(record_of(plan, settings, common, name_of_model(model), milliseconds), console);
  }
  return Outcome::done;
}

void declare(const std::shared_ptr<QuantizeSettings>& settings, OptionSet& options) {
  options.argument("MODEL", some_text(settings->model),
                   "a model folder or a GGUF file (default: the model of -m)");
  options.option("--config", "NAME", one_of(settings->config, random_checkpoint_names()),
                 fmt::format("random weights of this size in place of a model, for measurements: {}",
                             fmt::join(random_checkpoint_names(), ", ")));
  options.required_option("-o,--output", "OUT.gguf", some_text(settings->output),
                          "the file to write, or a folder for MODEL-TYPE.gguf in it");
  declare_replacing(options, settings->replacing);
  options.option(
      "--keep", "PART=TYPE,...", some_text(settings->keep),
      fmt::format("other types for parts: {}; by default vision and heads are at least q8_0, and vq "
                  "and vae are as stored below f32 and bf16",
                  fmt::join(part_names(), ", ")));
}

}  // namespace

Command quantize_command() {
  auto settings = std::make_shared<QuantizeSettings>();
  return {
      .name = "quantize",
      .summary = "a whole model as one GGUF file, with smaller weights",
      .examples = {"janus quantize Janus-Pro-1B -o janus-pro-1b-q8_0.gguf --type q8_0",
                   "janus quantize Janus-Pro-7B -o small.gguf --type q4_k --keep vision=bf16,heads=bf16",
                   "janus describe -m janus-pro-1b-q8_0.gguf photo.jpg"},
      .declare = [settings](OptionSet& options) { declare(settings, options); },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return quantize(*settings, common, console); },
      .notes =
          "The file takes what is in the model's folder, and what the hub's cache links to from there. A "
          "link "
          "that\nleads elsewhere is refused: it would put a file that is not the model's into one that is "
          "passed "
          "on.\n",
      .unused = {"--device", "--seed", "--max-tokens"},
  };
}

}  // namespace janus::cli
