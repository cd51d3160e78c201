// janus info: what a model holds, or how a generated image was made.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "cli/app/command.h"
#include "cli/io/image_input.h"
#include "cli/io/json_output.h"
#include "cli/io/output_file.h"
#include "cli/io/readable.h"
#include "cli/io/safe_text.h"
#include "cli/io/wrapped_text.h"
#include "cli/model/chosen_model.h"
#include "cli/model/vae_places.h"
#include "core/base/error.h"
#include "core/checkpoint/gguf.h"
#include "core/tensor/device.h"
#include "generator/settings_text.h"

namespace janus::cli {
namespace {

struct InfoSettings {
  std::string subject;
};

// 1234567 -> "1,234,567"
std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

// Every stored tensor counts but the buffer in which training noted the codes in use.
bool is_parameter(const std::string& name) { return !name.ends_with("codebook_used"); }

// Of a family that draws with an autoencoder; null where none is found.
Json vae_record(const LatentCoder& coder) {
  const std::optional<VaeSource> source = coder.find_vae();
  if (!source) return {};
  int64_t parameters = 0;
  std::map<std::string, int64_t> types;
  for (const auto& [name, use] : source->checkpoint.read()) {
    const StoredTensor& tensor = source->checkpoint.find(name);
    parameters += tensor.shape.elements();
    types[tensor.type_name()] += static_cast<int64_t>(tensor.data.bytes.size());
  }
  return {{"path", source->path},
          {"found", name_of(source->origin)},
          {"parameters", parameters},
          {"types", types},
          {"scaling_factor", source->scaling_factor}};
}

Json model_record(const Checkpoint& checkpoint, const Model& model, const MemoryNeed& need,
                  const CommonOptions& common) {
  const ModelInfo& info = model.info();
  int64_t parameters = 0;
  std::map<std::string, int64_t> types;
  std::map<std::string, std::map<std::string, int64_t>> parts;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    // An autoencoder within the file has a record of its own.
    if (!is_parameter(name) || (model.latent_coder() != nullptr && name.starts_with(kVaeTensors))) continue;
    parameters += tensor.shape.elements();
    const std::string type = tensor.type_name();
    const auto bytes = static_cast<int64_t>(tensor.data.bytes.size());
    types[type] += bytes;
    const auto use = checkpoint.read().find(name);
    parts[use == checkpoint.read().end() ? "unused" : use->second.part][type] += bytes;
  }
  Json record;
  record["family"] = info.family;
  record["layout"] = info.layout;
  record["parameters"] = parameters;
  record["files"] = checkpoint.files().files();
  record["types"] = types;
  record["memory"] = {
      {"weights", need.weights_bytes()}, {"cache", need.cache_bytes}, {"scratch", need.scratch_bytes}};
  record["parts"] = parts;
  record["weight_files"] = checkpoint.weight_files().files;
  record["model"] = name_of_model(common.model);
  record["image_size"] = info.image_size;
  record["image_tokens"] = info.image_tokens;
  if (info.codebook_size > 0) {
    record["codes"] = {
        {"height", info.codes_height}, {"width", info.codes_width}, {"codebook", info.codebook_size}};
  }
  if (const LatentCoder* coder = model.latent_coder(); coder != nullptr) {
    record["latents"] = {
        {"channels", info.latent_channels}, {"height", info.latent_side}, {"width", info.latent_side}};
    record["vae"] = vae_record(*coder);
  }
  record["context_length"] = info.context_length;
  record["hidden_size"] = info.hidden_size;
  record["layers"] = info.layers;
  record["heads"] = info.heads;
  record["kv_heads"] = info.kv_heads;
  record["vocab_size"] = info.vocab_size;
  return record;
}

// A row of two columns, wrapped within the second. width: 0 = any; else what a terminal has, on which line
// ends in a value would make rows of their own.
std::string row(const std::string& label, const std::string& value, size_t width) {
  constexpr size_t kColumn = 13;
  if (width == 0) return fmt::format("{:<{}} {}\n", label, kColumn - 1, value);
  return wrapped_row(one_line(label), one_line(value), width, kColumn);
}

std::string vae_text(const Json& vae) {
  if (vae.is_null()) return "none found: it answers, and draws with one; " + how_to_get_vae();
  static const std::map<std::string, std::string> places{
      {"chosen", "--vae"}, {"inside", "in it"}, {"beside", "beside it"}, {"cached", "in the hub cache"}};
  return fmt::format("{} ({}): {} parameters, {}, scaling factor {}", vae["path"].get<std::string>(),
                     places.at(vae["found"].get<std::string>()), grouped(vae["parameters"].get<int64_t>()),
                     readable_types(vae["types"].get<std::map<std::string, int64_t>>()),
                     vae["scaling_factor"].get<double>());
}

// width: as Console::result_width() tells it.
std::string model_text(const Json& record, size_t width) {
  auto number = [&](const char* key) { return record[key].get<int64_t>(); };
  const Json& memory = record["memory"];
  auto bytes = [&](const char* key) { return readable_bytes(memory[key].get<int64_t>()); };
  std::string text;
  auto line = [&](const char* label, const std::string& value) { text += row(label, value, width); };
  line("model", record["model"].get<std::string>());
  line("family", fmt::format("{}, {} layout", record["family"].get<std::string>(),
                             record["layout"].get<std::string>()));
  line("parameters", grouped(number("parameters")));
  line("types", readable_types(record["types"].get<std::map<std::string, int64_t>>()));
  for (const auto& [part, types] : record["parts"].items()) {
    line(("  " + part).c_str(), readable_types(types.get<std::map<std::string, int64_t>>()));
  }
  line("decoder", fmt::format("{} layers of width {}, {} heads, {} for keys and values", number("layers"),
                              number("hidden_size"), number("heads"), number("kv_heads")));
  line("tokens", fmt::format("{} in the vocabulary, context {}", grouped(number("vocab_size")),
                             grouped(number("context_length"))));
  line("pictures",
       fmt::format("{0} x {0} pixels, {1} places in a prompt", number("image_size"), number("image_tokens")));
  if (record.contains("codes")) {
    const Json& codes = record["codes"];
    line("codes", fmt::format("{} x {} of {}", codes["height"].get<int>(), codes["width"].get<int>(),
                              grouped(codes["codebook"].get<int64_t>())));
  }
  if (record.contains("latents")) {
    const Json& latents = record["latents"];
    line("latents", fmt::format("{} x {} of {} channels", latents["height"].get<int>(),
                                latents["width"].get<int>(), latents["channels"].get<int>()));
    line("autoencoder", vae_text(record["vae"]));
  }
  line("memory",
       fmt::format("weights {}, cache {}, scratch {}", bytes("weights"), bytes("cache"), bytes("scratch")));
  line("weights", fmt::format("{}", fmt::join(record["weight_files"].get<std::vector<std::string>>(), ", ")));
  line("files", fmt::format("{}", fmt::join(record["files"].get<std::vector<std::string>>(), ", ")));
  return text;
}

Outcome model_info(const CommonOptions& common, Console& console) {
  tell_builtin(common, console);
  Checkpoint checkpoint = open_checkpoint(common, console);
  std::shared_ptr<Device> device = open_device(common.device, {.threads = static_cast<int>(common.threads)});
  ModelOptions options{.type = weight_type_from_name(common.type), .vae = vae_places(common.vae)};
  // For one image made, beside the weights.
  const MemoryNeed need = memory_need(checkpoint, device->name(), options, {.generated_images = 1});
  if (common.verify) verify_vae(checkpoint, common);
  options.plan = true;  // alone: converting weights would read them
  std::unique_ptr<Model> model = open_model(checkpoint, device, options);
  const Json record = model_record(checkpoint, *model, need, common);
  tell_notes(checkpoint, console);
  if (common.json) {
    print_json(record, console);
  } else {
    console.result(model_text(record, console.result_width()));
  }
  return Outcome::done;
}

Outcome image_info(const std::string& path, const CommonOptions& common, Console& console) {
  const ImageText text = ImageInput(path).text();
  std::optional<Json> settings = settings_of(text);
  check(settings.has_value(),
        "image, {}: expected the settings of janus generate in it, found {}; they are in "
        "files as it wrote them, and get lost where another program saves them",
        path, text.empty() ? "no text" : "other text");
  if (common.json) {
    print_json(*settings, console);
    return Outcome::done;
  }
  std::string lines;
  for (const auto& [key, value] : settings->items()) {
    lines += row(key, value.is_string() ? value.get<std::string>() : to_line(value), console.result_width());
  }
  console.result(lines);
  return Outcome::done;
}

// Whether somebody who names this means an image, there or not.
bool is_image_name(const std::string& path) {
  std::error_code fault;
  return path == kStandardStream ||
         (image_format_of(path).has_value() && !std::filesystem::is_directory(path, fault));
}

// A file out of a model's folder: opening it as a model says what to give.
bool is_part_of_model(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  return extension == ".safetensors" || extension == ".bin" || extension == ".json";
}

Outcome info(const InfoSettings& settings, CommonOptions common, Console& console) {
  std::error_code fault;
  const bool is_file = std::filesystem::is_regular_file(settings.subject, fault);
  const bool other_file = is_file && !is_gguf(settings.subject) && !is_part_of_model(settings.subject);
  if (other_file || is_image_name(settings.subject)) {
    return image_info(settings.subject, common, console);
  }
  if (!settings.subject.empty()) common.model = settings.subject;
  return model_info(common, console);
}

}  // namespace

Command info_command() {
  auto settings = std::make_shared<InfoSettings>();
  return {
      .name = "info",
      .summary = "what a model holds, or the settings in a generated image",
      .examples = {"janus info", "janus info Janus-Pro-1B", "janus info model.gguf",
                   "janus info out.png --json"},
      .declare =
          [settings](OptionSet& options) {
            options.argument("SUBJECT", input_path(settings->subject),
                             "a model folder, a GGUF file, or an image of janus generate, - for one on "
                             "standard input (default: "
                             "the model of -m)");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return info(*settings, common, console); },
      .unused = {"--seed", "--max-tokens", "--json-progress"},
  };
}

}  // namespace janus::cli
