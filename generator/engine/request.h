// The requests that an engine takes, and the sinks that take its results.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/nn/sampler.h"
#include "generator/results.h"

namespace janus {

using RequestId = uint64_t;

// An image as the vision tower takes it: preprocess() with the model's config. It is encoded once for all
// requests that hold the same object.
using PromptImage = std::shared_ptr<const std::vector<float>>;

PromptImage prompt_image(const Image& image, const PreprocessConfig& config);

// One exchange of a conversation. Places for its images stand before the question, or where it says
// "<image_placeholder>"; in a question without images that is text.
struct ChatTurn {
  std::string question = {};
  int images = 0;
  std::string answer = {};    // of every turn but the last
  bool marked_places = true;  // false: "<image_placeholder>" is text beside images, too
  // Stands before the first turn in place of the model's own words; empty: those. Text, whatever it spells.
  std::string system = {};
};

// The keys and values of a conversation that stay from one answer to the next. Made by
// Engine::open_session(); lets go of its memory when the last owner does.
class Session {
 public:
  explicit Session(int64_t capacity) : capacity_(capacity) {}
  int64_t capacity() const { return capacity_; }  // tokens
  // The number of tokens that it holds. Must not be called while a request uses it.
  int64_t length() const { return length_; }
  // Forgets all but the first `length` tokens. Throws Error if it holds fewer. The same holds of the call.
  void truncate(int64_t length);

 private:
  friend class Engine;
  friend class Scheduler;
  int64_t capacity_;
  std::atomic<int64_t> length_{0};
  std::atomic<bool> in_use_{false};
  int32_t cache_row_ = -1;  // the engine's
};

// Asks for an answer to the last of `turns`. `images` are those of all turns, in order.
struct AnswerRequest {
  std::vector<ChatTurn> turns = {};
  // Replace `turns` where they are not empty: the ids of the whole prompt, with as many placeholder ids for
  // each image as it has embeddings.
  std::vector<int32_t> prompt_ids = {};
  std::vector<PromptImage> images = {};
  int max_tokens = 512;
  SamplingOptions sampling{.temperature = 0.0F};
  // Whether role, begin, end and placeholder tokens that `turns` spell out mean what they are. Otherwise they
  // are text, so that nobody's words can close their own turn.
  bool special_tokens = false;
  // Whether the answer's tokens come with their log-probabilities, and with those of so many of the likeliest
  // in their place.
  bool logprobs = false;
  int top_logprobs = 0;
  // The request goes on behind what the session holds, and adds the prompt and every sampled token but the
  // last. A request that fails leaves the session as it was. Null: a conversation of its own.
  std::shared_ptr<Session> session = {};
};

// Asks for an image of a prompt; `sampling.seed` is the image's own.
struct ImageRequest {
  std::string prompt = {};
  // In place of `prompt`, where they are not empty: all ids before the image's own tokens.
  std::vector<int32_t> prompt_ids = {};
  // What guidance leads away from: the prompt of the unconditional row, in place of pads. Empty: pads, as the
  // models were trained. Throws Error where guidance is 1, which has no such row.
  std::string negative_prompt = {};
  std::optional<float> guidance = {};  // else the family's, EngineModel::image_defaults()
  // Steps from noise to the image, of a model that draws by flow; else the family's. Such a model samples
  // nothing: of `sampling` it takes the seed.
  std::optional<int> steps = {};
  SamplingOptions sampling = {};
  bool special_tokens = false;  // in `prompt`, as in AnswerRequest
};

// Asks for teacher-forced log-probabilities of each of `answers` to the last of `turns` about `images`. Where
// `codes` are given, it asks for theirs as the image of `prompt` under `guidance`, at temperature 1.
struct ScoreRequest {
  std::vector<ChatTurn> turns = {};
  std::vector<PromptImage> images = {};
  std::vector<std::string> answers = {};

  std::string prompt = {};
  std::vector<int32_t> prompt_ids = {};  // in place of `prompt`, where they are not empty
  std::string negative_prompt = {};      // as ImageRequest's
  ImageCodes codes = {};
  float guidance = 1.0F;
  bool special_tokens = false;  // in `turns`, `answers` and `prompt`, as in AnswerRequest
};

// An image that is being made.
struct ImageSoFar {
  // Finished lines of codes, and all; of an image that is drawn by flow, steps.
  int lines = 0, all_lines = 0;
  // Makes the image as it is now, with grey for the lines to come; drawn by flow, as what it is becoming.
  // Must be called before the sink returns.
  std::function<Image()> make = {};
};

// The error that a cancelled request ends with.
struct Cancelled : Error {
  Cancelled() : Error("request: expected to be let finish, found it cancelled; ask again") {}
};

// Every function of a sink may be empty, and is called on the thread that runs the engine, which waits for
// it. One that throws ends its request with what it threw (or well: Enough, enough.h); the others go on. A
// request ends with one call: on_done, or on_error, which also follows an on_done that throws.
struct AnswerSink {
  // Called for every token, before the text that it makes certain. Without logprobs it has its id alone.
  std::function<void(const SampledToken& token)> on_token = {};
  std::function<void(std::string_view piece)> on_text = {};  // never a part of a character
  Progress on_progress = {};
  std::function<void(Answer& answer)> on_done = {};
  std::function<void(std::exception_ptr error)> on_error = {};
};

struct ImageSink {
  std::function<void(const ImageSoFar& image)> on_line = {};
  Progress on_progress = {};
  std::function<void(GeneratedImage& image)> on_done = {};
  std::function<void(std::exception_ptr error)> on_error = {};
};

struct ScoreSink {
  Progress on_progress = {};
  std::function<void(std::vector<Score>& scores)> on_done = {};  // one an answer, or one
  std::function<void(std::exception_ptr error)> on_error = {};
};

}  // namespace janus
