#include "generator/model.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "generator/engine/engine.h"
#include "generator/janus/janus_memory.h"
#include "generator/janus/janus_model.h"
#include "generator/limits.h"

namespace janus {
namespace {

// The one table of model families: a new family is one line here and files of its own.
struct Family {
  bool (*recognises)(const nlohmann::json& config);
  std::unique_ptr<Model> (*open)(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                 const ModelOptions& options);
  MemoryNeed (*memory_need)(const Checkpoint& checkpoint, std::string_view device_name,
                            const ModelOptions& options, const Work& work);
};

template <typename T>
std::unique_ptr<Model> open_as(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                               const ModelOptions& options) {
  return std::make_unique<T>(checkpoint, std::move(device), options);
}

constexpr Family kFamilies[] = {
    {is_janus, open_as<JanusModel>, janus_memory_need},
};

std::string type_of(const nlohmann::json& config) {
  const auto type = config.find("model_type");
  return type != config.end() ? excerpt(*type) : "none";
}

const Family& family_of(const FileSet& files, const nlohmann::json& config) {
  for (const Family& family : kFamilies) {
    if (family.recognises(config)) return family;
  }
  fail("{}: model_type: expected \"multi_modality\" or \"janus\", found {}; use a Janus or Janus-Pro model",
       files.path("config.json"), type_of(config));
}

const Family& family_of(const Checkpoint& checkpoint) {
  return family_of(checkpoint.files(), checkpoint.config());
}

}  // namespace

const ImageCoder& Model::need_image_coder() const {
  const ImageCoder* coder = image_coder();
  check(coder != nullptr,
        "model: expected one that has images as codes, found the family {}, which has not; use a "
        "Janus or Janus-Pro model",
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

std::unique_ptr<Model> open_model(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                  const ModelOptions& options) {
  return family_of(checkpoint).open(checkpoint, std::move(device), options);
}

MemoryNeed memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                       const ModelOptions& options, const Work& work) {
  return family_of(checkpoint).memory_need(checkpoint, device_name, options, work);
}

}  // namespace janus
