#include "generator/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/checkpoint/own_file.h"
#include "core/quant/finite_weights.h"
#include "tokenizer/image/vae.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

// Converted at a time.
constexpr int64_t kPieceElements = int64_t{1} << 22;

// What of a model's folder goes along, where it is there.
constexpr std::array kFiles = {"config.json",           "generation_config.json",  "preprocessor_config.json",
                               "processor_config.json", "tokenizer.json",          "tokenizer.model",
                               "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                               "chat_template.json",    "chat_template.jinja",     "LICENSE"};

// The prefixes under which names of the layouts are too long for GGUF.
struct Abbreviation {
  const char* brief;
  const char* full;
};
constexpr std::array<Abbreviation, 4> kAbbreviations{{{"v", "model.vision_model"},
                                                      {"vq", "gen_vision_model"},
                                                      {"ge", "vision_gen_enc_model"},
                                                      {"gd", "vision_gen_dec_model"}}};

// The type with most bytes in the part that is most of the model.
DType main_type(const QuantizePlan& plan) {
  std::map<DType, uint64_t> bytes;
  for (const QuantizedTensor& tensor : plan.tensors) {
    bytes[tensor.dtype] += bytes_of(tensor.dtype, tensor.stored.shape.elements());
  }
  const auto most =
      std::max_element(bytes.begin(), bytes.end(), [](auto& a, auto& b) { return a.second < b.second; });
  return most == bytes.end() ? DType::f32 : most->first;
}

// Where a folder vae beside the model is.
std::string folder_of_model(const FileSet& files) {
  return files.is_folder() ? files.name() : fs::path(files.name()).parent_path().string();
}

// Throws Error for a file of a model's folder that is not its own: it would be handed out with the copy.
void check_own_files(const FileSet& files, const std::set<std::string>& names) {
  if (!files.is_folder()) return;
  for (const std::string& name : names) check_own(files.name(), files.path(name));
}

void check_own_weights(const Checkpoint& checkpoint) {
  std::set<std::string> names;
  for (const auto& [tensor, use] : checkpoint.read()) names.insert(checkpoint.find(tensor).file);
  check_own_files(checkpoint.files(), names);
}

void add_files(const Checkpoint& checkpoint, GgufHeader& header) {
  const FileSet& files = checkpoint.files();
  for (const char* file : kFiles) {
    if (!files.contains(file)) continue;
    check_own_files(files, {file});
    header.add_file(file, files.read(file).bytes);
  }
  if (files.contains("config.json")) return;
  const std::string config = checkpoint.config().dump();  // of a checkpoint that was never in files
  header.add_file("config.json", std::as_bytes(std::span(config)));
}

// The autoencoder's config.json. In its folder, which beside the model is the model's own, it is one of the
// folder; beside one file of weights, of the folder of that.
void add_vae_config(const VaeSource& source, const FileSet& model, GgufHeader& header) {
  const std::string config = "config.json";
  const FileSet& files = source.checkpoint.files();
  if (source.origin == VaeSource::Origin::beside) check_own(folder_of_model(model), source.path);
  if (files.is_folder() && files.name() != source.path) check_own(source.path, files.name());
  check_own_weights(source.checkpoint);
  if (source.checkpoint.config().is_null()) return;
  std::error_code ignored;
  const fs::path beside = fs::path(source.path).parent_path() / config;  // one file of weights
  if (files.is_folder()) {
    check_own_files(files, {config});
  } else if (source.origin == VaeSource::Origin::chosen && !is_gguf(source.path) &&
             fs::exists(beside, ignored)) {
    check_own(beside.parent_path().string(), beside.string());
  }
  header.add_file(kVaeFiles + config, files.read(config).bytes);
}

void add_keys(const ModelInfo& info, const QuantizePlan& plan, const std::string& name, GgufHeader& header) {
  header.add_string("general.architecture", kGgufArchitecture);
  header.add_string("general.name", name);
  header.add_string("general.type", "model");
  header.add_u32("general.file_type", format_of(main_type(plan)).ggml_file_type);
  header.add_u32("general.quantization_version", 2);  // of ggml's block formats
  const auto number = [&](const char* key, int64_t value) {
    header.add_u32(std::string(kGgufArchitecture) + "." + key, static_cast<uint32_t>(value));
  };
  number("context_length", info.context_length);
  number("embedding_length", info.hidden_size);
  number("feed_forward_length", info.intermediate_size);
  number("block_count", info.layers);
  number("attention.head_count", info.heads);
  number("attention.head_count_kv", info.kv_heads);
  number("vocab_size", info.vocab_size);
  number("image_size", info.image_size);
  number("image_tokens", info.image_tokens);
  number("codebook_size", info.codebook_size);
}

// Whether `dtype` is what `types` asks for, given long enough rows.
bool as_wanted(WeightType wanted, const StoredTensor& stored, DType dtype) {
  if (wanted == WeightType::native) return true;
  return weight_dtype(wanted, stored.dtype, {256}) == dtype;
}

// Adds the tensors that `checkpoint` was read for; outer: what stands before their names in the file.
void add_tensors(const Checkpoint& checkpoint, const std::string& outer, PartTypes wanted,
                 QuantizePlan& plan) {
  for (const auto& [tensor, use] : checkpoint.read()) {
    const StoredTensor& stored = checkpoint.find(tensor);
    const std::string name = outer.empty() ? tensor : outer + plain_vae_name(tensor);
    plan.tensors.push_back({.name = name, .stored = stored, .dtype = use.dtype});
    if (use.matrix && !as_wanted(wanted[use.part], stored, use.dtype)) {
      plan.fallbacks.push_back({.tensor = name, .row = stored.shape.back(), .dtype = use.dtype});
    }
    plan.parameters += stored.shape.elements();
    plan.parts[use.part][name_of(use.dtype)] +=
        static_cast<int64_t>(bytes_of(use.dtype, stored.shape.elements()));
  }
}

}  // namespace

QuantizePlan plan_quantize(const Checkpoint& checkpoint, const PartTypes& types, const std::string& name,
                           const VaePlaces& vae) {
  const std::shared_ptr<Device> device = open_device("cpu", {.threads = 1});
  const std::unique_ptr<Model> model =
      open_model(checkpoint, device, {.type = types, .vae = vae, .plan = true});
  QuantizePlan plan;
  add_tensors(checkpoint, "", types, plan);
  std::optional<VaeSource> source;
  if (const LatentCoder* coder = model->latent_coder(); coder != nullptr) {
    source = coder->find_vae();
    plan.has_vae = source.has_value();
  }
  if (source) {
    plan.vae_path = source->path;
    add_tensors(source->checkpoint, kVaeTensors, types, plan);
  }
  GgufHeader header;
  add_keys(model->info(), plan, name, header);
  check_own_weights(checkpoint);
  add_files(checkpoint, header);
  if (source) add_vae_config(*source, checkpoint.files(), header);
  for (const Abbreviation& abbreviation : kAbbreviations) {
    const auto named = [&](const QuantizedTensor& tensor) {
      return tensor.name.starts_with(std::string(abbreviation.full) + ".");
    };
    if (std::any_of(plan.tensors.begin(), plan.tensors.end(), named)) {
      header.abbreviate(abbreviation.brief, abbreviation.full);
    }
  }
  for (const QuantizedTensor& tensor : plan.tensors) {
    header.add_tensor(tensor.name, tensor.dtype, tensor.stored.shape);
  }
  plan.header = header.bytes();
  plan.bytes = static_cast<int64_t>(plan.header.size() + header.tensor_bytes());
  return plan;
}

int64_t quantize_memory(const QuantizePlan& plan) {
  int64_t most = 0;
  for (const QuantizedTensor& tensor : plan.tensors) most = std::max(most, tensor.stored.shape.elements());
  // A piece as it becomes f32, and in its new type, which is no larger.
  return static_cast<int64_t>(plan.header.size() + 2 * sizeof(float) * std::min(most, kPieceElements));
}

void write_quantized(const QuantizePlan& plan, Device& device, const ByteSink& sink,
                     const Progress& progress) {
  constexpr int64_t kMegabyte = 1'000'000;
  static constexpr std::array<std::byte, 64> kZeros{};
  auto done = static_cast<int64_t>(plan.header.size());
  sink(std::as_bytes(std::span(plan.header)));
  for (const QuantizedTensor& tensor : plan.tensors) {
    const Tensor whole = tensor_on(device, tensor.stored);
    const int64_t columns = whole.shape().back(), rows = whole.elements() / columns;
    const Tensor matrix = whole.reshape({rows, columns});
    const int64_t step = std::max<int64_t>(1, kPieceElements / columns);
    for (int64_t begin = 0; begin < rows; begin += step) {
      if (progress) progress("writing (MB)", done / kMegabyte, plan.bytes / kMegabyte);
      const Tensor piece = convert_weight(matrix.rows(begin, std::min(step, rows - begin)), tensor.dtype,
                                          tensor.name, tensor.stored.file);
      const auto* bytes = static_cast<const std::byte*>(piece.raw());
      // What a block format has no place for was refused as it was made; blocks that are copied were not.
      const bool made = is_quantized(tensor.dtype) && tensor.stored.dtype != tensor.dtype;
      check(
          made || all_finite(tensor.dtype, bytes, piece.elements()),
          "{} in {}: expected finite numbers of {}, found others; take bf16 or f32 for its part if the type "
          "asked for is too small for it, or fetch the file again",
          tensor.name, tensor.stored.file, name_of(tensor.dtype));
      sink({bytes, piece.bytes()});
      done += static_cast<int64_t>(piece.bytes());
    }
    const auto padding = GgufHeader::padding(bytes_of(tensor.dtype, whole.elements()));
    sink(std::span(kZeros).first(padding));
    done += static_cast<int64_t>(padding);
  }
}

}  // namespace janus
