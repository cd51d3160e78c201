// What a model's JSON files say of it, over the shapes of a small model's tensors: config.json,
// preprocessor_config.json and processor_config.json, parted by zero bytes; the first byte tells whose
// tensors.
#include <map>
#include <span>

#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "generator/janus/janus_config.h"
#include "generator/janusflow/flow_config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/no_device.h"
#include "tokenizer/image/vae.h"
#include "tokenizer/image/vae_files.h"

namespace {

using janus::fuzz::require;
using janus::fuzz::takes;

const std::vector<std::string> kModels = {
    JANUS_TEST_DATA "/models/grouped-query", JANUS_TEST_DATA "/models/original-pro",
    JANUS_TEST_DATA "/flow/models/plain", JANUS_TEST_DATA "/flow/models/wide",
    JANUS_TEST_DATA "/flow/vae/diffusers"};
const std::vector<const char*> kFiles = {"config.json", "preprocessor_config.json", "processor_config.json"};

const janus::Checkpoint& tensors_of(size_t model) {
  static std::map<size_t, janus::Checkpoint> opened;
  const auto found = opened.find(model);
  if (found != opened.end()) return found->second;
  const bool vae = kModels[model].find("/vae/") != std::string::npos;
  return opened
      .emplace(model, vae ? janus::open_vae(kModels[model]) : janus::Checkpoint::open(kModels[model]))
      .first->second;
}

void require_images_fit(const janus::SiglipConfig& vision, const janus::PreprocessConfig& preprocess) {
  require(vision.patches() > 0 && vision.patches() < 1'000'000, "as many patches as a prompt could hold");
  for (const float deviation : preprocess.image_std) require(deviation != 0, "a deviation other than 0");
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  for (size_t model = 0; model < kModels.size(); ++model) {
    std::vector<std::string> parts;
    for (const char* name : kFiles) {
      const janus::FileSet files = janus::FileSet::folder(kModels[model]);
      parts.push_back(files.contains(name) ? files.json(name).dump() : "");
    }
    seeds.push_back(static_cast<char>(model) + janus::fuzz::joined(parts));
  }
  return seeds;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 1);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t model = data[0] % kModels.size();
  const std::vector<std::string> parts =
      janus::fuzz::parts_of(janus::fuzz::text_of(data + 1, size - 1), kFiles.size());
  std::map<std::string, std::span<const std::byte>> files;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].empty()) files[kFiles[i]] = std::as_bytes(std::span(parts[i]));
  }
  static janus::fuzz::NoDevice device;
  takes(
      [&] {
        const nlohmann::json config = janus::parse_json(parts[0], "config.json");
        const janus::Checkpoint checkpoint = janus::Checkpoint::from_tensors(
            janus::FileSet::builtin("folder", files), config, tensors_of(model).tensors());
        const janus::Weights root(checkpoint, device, janus::WeightType::native);
        if (janus::is_janus(config)) {
          const janus::JanusConfig read = janus::read_janus_config(checkpoint, root);
          require_images_fit(read.vision, read.preprocess);
        } else if (janus::is_janusflow(config)) {
          const janus::FlowConfig read = janus::read_flow_config(checkpoint, root);
          require_images_fit(read.vision, read.preprocess);
        } else {
          const janus::VaeConfig read =
              janus::VaeConfig::from_json(config, "config.json", root, janus::vae_names(root));
          require(read.factor() > 0 && read.latent_channels > 0, "sizes above 0");
        }
      },
      janus::fuzz::require_one_line);
  return 0;
}
