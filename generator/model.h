// A model that understands and makes images: what commands and programs call, and the one table of families.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/nn/sampler.h"
#include "generator/part_types.h"
#include "tokenizer/text/text_tokenizer.h"
#include "vision/image.h"

namespace janus {

// Milliseconds of the parts of one call; those that did not run are 0.
struct Timings {
  double vision_ms = 0, prefill_ms = 0, decode_ms = 0, image_decode_ms = 0;
  double tokens_per_second = 0;  // new tokens or codes (of all images) over decode_ms
};

enum class FinishReason { stop, length };

struct DescribeOptions {
  std::string prompt = "Describe this image.";
  int max_tokens = 512;
  SamplingOptions sampling{.temperature = 0.0F};
};

struct Answer {
  std::string text;          // without white space at the ends
  std::vector<int32_t> ids;  // new tokens, without the end token
  FinishReason finish_reason = FinishReason::stop;
  Timings timings;
};

struct GenerateOptions {
  std::string prompt;
  int count = 1;  // image k has seed + k, modulo 2^32
  float guidance = 5.0F;
  SamplingOptions sampling;
};

// One of several images drawn side by side, with a prompt and settings of its own.
struct ImageRequest {
  std::string prompt;
  float guidance = 5.0F;
  SamplingOptions sampling;  // its seed is the image's own
};

// An image as the VQ tokenizer's codes, in row order.
struct ImageCodes {
  int height = 0;
  int width = 0;
  std::vector<int32_t> codes;
};

struct GeneratedImage {
  int index = 0;
  uint32_t seed = 0;  // gives the same image alone
  ImageCodes codes;
  Timings timings;  // of the call up to this image
};

// Log-probabilities, natural logarithm, one for each id.
struct Score {
  std::vector<int32_t> ids;
  std::vector<double> logprobs;
  double total = 0;
};

// A dense f32 array on the host.
struct Array {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

// What can be had of a picture: as the tower sees it [3, h, w], the tower's features [N, width], the
// decoder's input for it [N, D], and the VQ tokenizer's vectors before quantisation [N, embed_dim].
enum class EmbedStage { pixels, vision, aligned, latent };

struct ModelInfo {
  std::string family;    // "janus"
  std::string layout;    // "transformers" or "original"
  int image_size = 0;    // pixels a side, of pictures understood and made
  int image_tokens = 0;  // embeddings a picture takes in a prompt
  int codes_height = 0, codes_width = 0;
  int64_t codebook_size = 0;
  int64_t context_length = 0;
  int64_t hidden_size = 0, intermediate_size = 0, layers = 0, heads = 0, kv_heads = 0, vocab_size = 0;
};

// What a running call tells: of `total` steps, `done` are done. May throw to end the call; nothing is lost
// but it.
using Progress = std::function<void(const char* phase, int64_t done, int64_t total)>;

struct ModelOptions {
  PartTypes
      type;  // one WeightType, or one a part; the cache is f32 where the language part is made f32, else bf16
  Progress progress = {};
  // Images drawn side by side at most; 0: as many as the device gains from. No image depends on it.
  int images_at_once = 0;
  // Only notes in the checkpoint what would become of each tensor: the model tells of itself and must not
  // run.
  bool plan = false;
};
// Receives an answer's text piece by piece; never a part of a character.
using TextSink = std::function<void(std::string_view text)>;
// Receives each image when its last code is drawn, in order of index.
using ImageSink = std::function<void(const GeneratedImage& image)>;

// Sees the images that are being drawn side by side each time a line of their codes is complete; the codes
// not drawn yet are missing.
using LineSink = std::function<void(std::span<const GeneratedImage> so_far)>;

// What a caller sees of images while they are drawn; each may be empty.
struct DrawHooks {
  ImageSink on_image;
  LineSink on_line;
  Progress progress;
};

// Parts of a model that are timed alone.
enum class Part { vision, prefill, text_decode, image_decode, vq_decode };

// What one pass of a part reads and computes.
struct PassCost {
  double bytes = 0;            // stored weights; for the decodes also the keys and values read
  double operations = 0;       // a multiply-add is two
  DType weights = DType::f32;  // of most of them, as products read them
};

// What all pictures of a running batch are asked, and how many are in it at a time.
struct BatchOptions {
  std::vector<std::string> prompts;  // each is asked about every picture
  int rows = 4;                      // answers drawn at once, and pictures looked at in one pass
  int max_tokens = 512;
  SamplingOptions sampling{.temperature = 0.0F};
};

struct BatchPicture {
  int64_t ticket = 0;         // the caller's own number
  std::vector<float> pixels;  // of preprocess() with the model's config
};

struct BatchAnswers {
  int64_t ticket = 0;
  std::vector<Answer> answers;  // one a prompt; each is what describe() says of the picture alone
};

// Answers that are drawn together, one token of each a step: pictures join while others are being answered,
// and leave when their last answer ends. Uses its model, which must outlive it, on the caller's thread.
class AnswerBatch {
 public:
  virtual ~AnswerBatch() = default;

  // Pictures that may join now: a whole pass of them as soon as a row is free for which none waits.
  virtual int room() const = 0;
  // Looks at the pictures in one pass.
  virtual void add(std::vector<BatchPicture> pictures) = 0;
  // Begins answers where there is place, draws a token of each and returns the pictures that are done.
  virtual std::vector<BatchAnswers> step() = 0;
  // Sends away the pictures whose answers have not begun.
  virtual void dismiss_waiting() = 0;
  virtual bool idle() const = 0;             // no picture is in it
  virtual int64_t tokens_drawn() const = 0;  // of all answers so far
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;
  virtual Device& device() const = 0;
  // Throws Error that says why where this build or folder has none: then only calls that take ids work.
  virtual const TextTokenizer& tokenizer() const = 0;
  virtual const PreprocessConfig& preprocess_config() const = 0;
  // tokens: of the prompt for prefill, before the new one for a step of the decodes; not read for the others.
  // images: drawn side by side, two rows each; read for image_decode alone.
  virtual PassCost cost(Part part, int64_t tokens, int images = 1) const = 0;

  // One answer to one question about all `images` together. Throws Error if prompt and images do not fit the
  // context.
  virtual Answer describe(std::span<const Image> images, const DescribeOptions& options,
                          const TextSink& on_text, const Progress& progress) const = 0;
  // Throws Error if a prompt with one picture does not fit the context.
  virtual std::unique_ptr<AnswerBatch> open_batch(const BatchOptions& options) const = 0;
  // Draws the codes of `count` images of one prompt. Each is what its seed gives alone.
  virtual Timings generate(const GenerateOptions& options, const ImageSink& on_image,
                           const Progress& progress) const = 0;

  // Draws an image of each request, a few at a time side by side whatever their prompts; image k answers
  // request k. Each is what its prompt and seed give alone.
  virtual Timings generate_each(std::span<const ImageRequest> requests, const DrawHooks& hooks) const = 0;
  // Throws Error where a prompt and an image's codes do not fit the context, as drawing it would.
  virtual void check_prompt(const std::string& prompt) const = 0;

  // The log-probabilities of each of `texts` as the answer to `prompt` about `images`; pictures and prompt
  // are read once.
  virtual std::vector<Score> score_texts(std::span<const Image> images, const std::string& prompt,
                                         std::span<const std::string> texts) const = 0;
  // The log-probability of `text` as the answer to `prompt` about `images`.
  virtual Score score_text(std::span<const Image> images, const std::string& prompt,
                           const std::string& text) const = 0;
  // The log-probability of codes given a prompt, teacher-forced; of the guided distribution where guidance
  // != 1.
  virtual Score score_codes(const std::string& prompt, const ImageCodes& codes, float guidance) const = 0;

  virtual ImageCodes encode(const Image& image) const = 0;
  // -> [3, h, w], nominal range -1..1, not clamped. Throws Error for a size or a code that is not the
  // model's.
  virtual Array decode(const ImageCodes& codes) const = 0;
  // -> shapes as EmbedStage says.
  virtual Array embed(const Image& image, EmbedStage stage) const = 0;

  // The same on ids instead of text, for builds without the model's tokenizer; `prompt` of the options is not
  // read, the answer has no text. prompt_ids: the whole conversation, each picture's places filled with as
  // many placeholder ids as it has embeddings; for generate_ids ending in the begin-of-image id.
  virtual Answer describe_ids(std::span<const Image> images, std::span<const int32_t> prompt_ids,
                              const DescribeOptions& options, const Progress& progress) const = 0;
  virtual Timings generate_ids(std::span<const int32_t> prompt_ids, const GenerateOptions& options,
                               const ImageSink& on_image, const Progress& progress) const = 0;
};

// Opens the model of a checkpoint, whatever its family. Throws Error for a family that is not in the table.
std::unique_ptr<Model> open_model(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                  const ModelOptions& options = {});

}  // namespace janus
