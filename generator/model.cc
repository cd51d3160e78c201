#include "generator/model.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "generator/engine/engine.h"
#include "generator/engine/engine_model.h"
#include "generator/janus/janus_memory.h"
#include "generator/janus/janus_model.h"
#include "generator/janusflow/flow_memory.h"
#include "generator/janusflow/flow_model.h"
#include "generator/janusflow/flow_vae.h"
#include "generator/limits.h"
#include "tokenizer/image/vae_files.h"

namespace janus {
namespace {

// The one table of model families: a new family is one line here and files of its own.
struct Family {
  bool (*recognises)(const nlohmann::json& config);
  std::unique_ptr<Model> (*open)(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                 const ModelOptions& options);
  MemoryNeed (*memory_need)(const Checkpoint& checkpoint, std::string_view device_name,
                            const ModelOptions& options, const Work& work);
  // Throws Error where models of the family could not draw; null where they always can.
  void (*check_draws)(const Checkpoint& checkpoint, const ModelOptions& options);
  ImageDefaults image_defaults = {};
};

template <typename T>
std::unique_ptr<Model> open_as(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                               const ModelOptions& options) {
  return std::make_unique<T>(checkpoint, std::move(device), options);
}

constexpr Family kFamilies[] = {
    {is_janusflow, open_as<FlowModel>, flow_memory_need, check_flow_draws, kFlowImages},
    {is_janus, open_as<JanusModel>, janus_memory_need, nullptr},
};

std::string type_of(const nlohmann::json& config) {
  const auto type = config.find("model_type");
  return type != config.end() ? excerpt(*type) : "none";
}

const Family& family_of(const FileSet& files, const nlohmann::json& config) {
  for (const Family& family : kFamilies) {
    if (family.recognises(config)) return family;
  }
  check(
      !is_vae_config(config),
      "{}: expected a model that answers or draws, found an autoencoder; use a Janus, Janus-Pro or JanusFlow "
      "model, and give this one as --vae to a JanusFlow",
      files.path("config.json"));
  fail(
      "{}: model_type: expected \"multi_modality\" or \"janus\", found {}; use a Janus, Janus-Pro or "
      "JanusFlow model",
      files.path("config.json"), type_of(config));
}

const Family& family_of(const Checkpoint& checkpoint) {
  return family_of(checkpoint.files(), checkpoint.config());
}

}  // namespace

const ImageCoder& Model::need_image_coder() const {
  const ImageCoder* coder = image_coder();
  check(coder != nullptr, "model: expected one that has images as codes, found the family {}, which has {}",
        info().family,
        latent_coder() == nullptr
            ? "not; use a Janus or Janus-Pro model"
            : "latents: janus encode -o LATENTS.npy and janus decode LATENTS.npy take them; for codes use a "
              "Janus or Janus-Pro model");
  return *coder;
}

const LatentCoder& Model::need_latent_coder() const {
  const LatentCoder* coder = latent_coder();
  check(coder != nullptr,
        "model: expected one that has images as latents, found the family {}, which has codes: janus encode "
        "-o CODES.json and janus decode CODES.json take them; for latents use a JanusFlow model",
        info().family);
  return *coder;
}

Array ImageEmbedder::embed(const Image& image, EmbedStage stage) const {
  const std::vector<float> prepared = prepare(image, stage);
  return std::move(embed(std::span(&prepared, 1), stage).front());
}

const ImageEmbedder& Model::need_image_embedder() const {
  const ImageEmbedder* embedder = image_embedder();
  check(embedder != nullptr,
        "model: expected one that has images as embeddings, found the family {}, which has not; use a "
        "Janus or Janus-Pro model",
        info().family);
  return *embedder;
}

Answer Model::describe(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text,
                       const Progress& progress) const {
  AnswerRequest request{.turns = {{.question = options.prompt, .images = static_cast<int>(images.size())}},
                        .prompt_ids = options.prompt_ids,
                        .images = {},
                        .max_tokens = options.max_tokens,
                        .sampling = options.sampling,
                        .special_tokens = options.special_tokens,
                        .session = nullptr};
  for (const Image& image : images) request.images.push_back(prompt_image(image, preprocess_config()));
  return Engine(*this).answer(std::move(request), {.on_text = on_text, .on_progress = progress});
}

void Model::generate(const GenerateOptions& options, const ImagesSink& on_image,
                     const Progress& progress) const {
  kImageCounts.check("count", options.count);
  Engine engine(*this);
  std::exception_ptr error;
  for (int k = 0; k < options.count; ++k) {
    ImageRequest request{.prompt = options.prompt,
                         .prompt_ids = options.prompt_ids,
                         .negative_prompt = options.negative_prompt,
                         .guidance = options.guidance,
                         .steps = options.steps,
                         .sampling = options.sampling,
                         .special_tokens = options.special_tokens};
    request.sampling.seed += static_cast<uint32_t>(k);
    engine.submit(std::move(request), {.on_line = {},
                                       .on_progress = progress,
                                       .on_done =
                                           [&, k](GeneratedImage& image) {
                                             image.index = k;
                                             if (on_image) on_image(image);
                                           },
                                       .on_error = [&](const std::exception_ptr& found) { error = found; }});
  }
  while (!error && engine.step()) {
  }
  if (error) std::rethrow_exception(error);
}

std::vector<Score> Model::score(const ScoreRequest& request) const { return Engine(*this).score(request); }

void check_family(const FileSet& files) {
  if (!files.contains("config.json")) return;
  const nlohmann::json config = files.json("config.json");
  family_of(files, JsonObject(config, files.path("config.json")).json());
}

bool draws_latents(const nlohmann::json& config) { return is_janusflow(config); }

void check_draws(const Checkpoint& checkpoint, const ModelOptions& options) {
  const Family& family = family_of(checkpoint);
  if (family.check_draws != nullptr) family.check_draws(checkpoint, options);
}

ImageDefaults image_defaults(const Checkpoint& checkpoint) { return family_of(checkpoint).image_defaults; }

std::unique_ptr<Model> open_model(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                  const ModelOptions& options) {
  return family_of(checkpoint).open(checkpoint, std::move(device), options);
}

MemoryNeed memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                       const ModelOptions& options, const Work& work) {
  return family_of(checkpoint).memory_need(checkpoint, device_name, options, work);
}

}  // namespace janus
