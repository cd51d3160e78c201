// A model that understands and makes images: what commands and programs call, and the one table of families.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/nn/sampler.h"
#include "generator/image_defaults.h"
#include "generator/part_types.h"
#include "generator/results.h"
#include "generator/vae_source.h"
#include "tokenizer/text/text_tokenizer.h"
#include "vision/image.h"

namespace janus {

class EngineModel;
struct ScoreRequest;

struct DescribeOptions {
  std::string prompt = "Describe this image.";
  // Replace `prompt` where they are not empty: the ids of the whole conversation, with as many placeholder
  // ids for each image as it has embeddings. Builds without the model's tokenizer use them; the answer has no
  // text then.
  std::vector<int32_t> prompt_ids = {};
  int max_tokens = 512;
  SamplingOptions sampling{.temperature = 0.0F};
  bool special_tokens = false;  // in `prompt`: as in AnswerRequest (generator/engine/request.h)
};

struct GenerateOptions {
  std::string prompt = {};
  std::vector<int32_t> prompt_ids = {};  // these, guidance and steps as ImageRequest's
  std::string negative_prompt = {};
  int count = 1;  // image k has seed + k, modulo 2^32
  std::optional<float> guidance = {};
  std::optional<int> steps = {};
  SamplingOptions sampling = {};
  bool special_tokens = false;  // in `prompt`, as in DescribeOptions
};

// The stages at which an image can be read out: the tower's pixels [3, h, w], the tower's features [N,
// width], the decoder's input for the image [N, D], and the VQ tokenizer's vectors before quantisation [N,
// embed_dim], or the places of the autoencoder's latent [N, channels].
enum class EmbedStage { pixels, vision, aligned, latent };

struct ModelInfo {
  std::string family;    // "janus"
  std::string layout;    // "transformers" or "original"
  int image_size = 0;    // pixels a side, of images understood and made
  int image_tokens = 0;  // embeddings an image takes in a prompt
  int codes_height = 0, codes_width = 0;
  int64_t codebook_size = 0;
  // Of families whose images are latents of an autoencoder; else 0.
  int latent_channels = 0, latent_side = 0;
  int64_t context_length = 0;
  int64_t hidden_size = 0, intermediate_size = 0, layers = 0, heads = 0, kv_heads = 0, vocab_size = 0;
};

struct ModelOptions {
  // One WeightType, or one a part. The cache is f32 where the language part is made f32, else bf16.
  PartTypes type = {};
  Progress progress = {};
  // Where the autoencoder is, for families that draw with one.
  VaePlaces vae = {};
  // Only notes in the checkpoint what would become of each tensor. Such a model has its info() and must not
  // run.
  bool plan = false;
};
// Receives an answer's text piece by piece; never a part of a character.
using TextSink = std::function<void(std::string_view text)>;
// Receives each image as soon as it is made, in any order.
using ImagesSink = std::function<void(GeneratedImage& image)>;

// The parts of a model that are timed alone.
// Images of codes have image_decode, a step, and vq_decode; images that are drawn by flow have the last four.
enum class Part {
  vision,
  prefill,
  text_decode,
  image_decode,
  vq_decode,
  flow_step,    // of both rows, all of it
  uvit_encode,  // a latent becomes tokens
  uvit_decode,  // the tokens of both rows become velocities
  vae_decode
};

// The bytes that one pass of a part reads, and the operations that it computes.
struct PassCost {
  double bytes = 0;            // stored weights; for the decodes also the keys and values read
  double operations = 0;       // a multiply-add is two
  DType weights = DType::f32;  // the type of most weights, as products read them
};

// Turns images into codes and back, for families with a VQ image tokenizer.
class ImageCoder {
 public:
  virtual ~ImageCoder() = default;
  virtual ImageCodes encode(const Image& image) const = 0;
  // Returns [h, w, 3] of nominal range -1..1, not clamped. Throws Error for a size or a code that is not the
  // model's.
  virtual Array decode(const ImageCodes& codes) const = 0;
};

// Turns images into latents of an autoencoder and back, for families that draw in its space. The autoencoder
// is looked for and loaded when it is first needed; may be called from any thread.
class LatentCoder {
 public:
  virtual ~LatentCoder() = default;
  // The autoencoder, opened as far as its headers; its checkpoint's read() tells what loading makes of it.
  // Nothing where none is found. Throws Error for one that is damaged or not the model's.
  virtual std::optional<VaeSource> find_vae() const = 0;
  // Returns the mean of the image's latent, [channels, h, w] as drawing has it. Throws Error where there is
  // no autoencoder, naming the places and what to do.
  virtual Array encode(const Image& image) const = 0;
  // latent: [channels, h, w] -> [H, W, 3] of nominal range -1..1, not clamped. Throws Error as encode(), for
  // a shape that is not the model's, and for values that are no numbers.
  virtual Array decode(const Array& latent) const = 0;
};

// Turns images into embeddings.
class ImageEmbedder {
 public:
  virtual ~ImageEmbedder() = default;
  // The image as embed() takes it for `stage`: planes [3, h, w]. May be called from any thread.
  virtual std::vector<float> prepare(const Image& image, EmbedStage stage) const = 0;
  // Returns for each of `prepared` the shape that EmbedStage names, the same as alone. Throws Error for a
  // stage that the family does not have, and NotFinite where one of them gives no numbers.
  virtual std::vector<Array> embed(std::span<const std::vector<float>> prepared, EmbedStage stage) const = 0;

  // One image.
  Array embed(const Image& image, EmbedStage stage) const;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;
  virtual Device& device() const = 0;
  // Throws Error that says why where this build or folder has none: then only requests by ids can be met.
  virtual const TextTokenizer& tokenizer() const = 0;
  virtual const PreprocessConfig& preprocess_config() const = 0;
  // tokens: the prompt's for prefill and flow_step, those before the new one for a step of the decodes; other
  // parts ignore it. images: generated side by side, two rows each; only image_decode uses it.
  virtual PassCost cost(Part part, int64_t tokens, int images = 1) const = 0;
  // The model as an engine (generator/engine/engine.h) runs it.
  virtual const EngineModel& engine_model() const = 0;

  // Null where the family cannot do it.
  virtual const ImageCoder* image_coder() const { return nullptr; }
  virtual const LatentCoder* latent_coder() const { return nullptr; }
  virtual const ImageEmbedder* image_embedder() const { return nullptr; }
  // Throws Error that names the family where it cannot do it.
  const ImageCoder& need_image_coder() const;
  const LatentCoder& need_latent_coder() const;
  const ImageEmbedder& need_image_embedder() const;

  // The three below run one request each, on an engine of its own. Callers with several requests share an
  // Engine.

  // Answers one question about all `images` together. Throws Error if prompt and images do not fit the
  // context.
  Answer describe(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text = {},
                  const Progress& progress = {}) const;
  // Generates `count` images of one prompt. Each is what its seed gives alone.
  void generate(const GenerateOptions& options, const ImagesSink& on_image,
                const Progress& progress = {}) const;
  // Returns the log-probabilities of answers, or of an image's codes.
  std::vector<Score> score(const ScoreRequest& request) const;
};

// Throws Error unless the model's config.json names a family of the table: before the weights are looked at,
// which may be of a kind that no family has. A folder without config.json passes; Checkpoint::open says more.
void check_family(const FileSet& files);

// Whether the models of a config draw with an autoencoder of its own files.
bool draws_latents(const nlohmann::json& config);
// Throws Error where images of the model would need an autoencoder that is not found (the places, and what to
// do) or is not the model's. Reads headers alone.
void check_draws(const Checkpoint& checkpoint, const ModelOptions& options);
// What an image of the model of a checkpoint is asked for with, known before the model is opened.
ImageDefaults image_defaults(const Checkpoint& checkpoint);

// Opens the model of a checkpoint, whatever its family. Throws Error for a family that is not in the table.
std::unique_ptr<Model> open_model(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                  const ModelOptions& options = {});

}  // namespace janus
