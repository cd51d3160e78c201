// The models that the server answers with, and the threads that run their engines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve/api_error.h"
#include "cli/serve/known_images.h"
#include "generator/engine/engine.h"

namespace janus::cli {

// What is known of a model without loading it.
struct ModelSummary {
  std::string name;                   // what requests call it
  int64_t created = 0;                // seconds since 1970: when its files changed last
  int64_t bytes = 0;                  // of its weights' files
  int64_t parameters = 0;             // numbers in its weights; 0: not known
  int64_t context_length = 0;         // tokens; 0: not known
  std::string family;                 // "janus"
  std::string type, device;           // type: of most weights
  std::string asked_type = "native";  // --type
  std::string fingerprint;
  bool loaded = false;
  int64_t unloads = 0;  // seconds since 1970: when it is unloaded unless somebody asks; 0: it stays
  int rows = 0;  // of a step of its engine; 0 as long as it is not loaded
};

// The phase of a sink's progress while a request waits for its turn: done is its place in the queue, from 1
// on; 0 as soon as it runs.
inline constexpr const char* kWaiting = "waiting";

// A model that is loaded, with its engine, which a thread of its own runs. It stays as long as a request
// holds it.
class ServedModel {
 public:
  virtual ~ServedModel() = default;
  virtual const ModelSummary& summary() const = 0;
  virtual const Model& model() const = 0;
  // Those that its requests have shown last.
  virtual KnownImages& known_images() = 0;

  // As the engine's submit(), but throws ApiError: 429 where the queue is full, 400 for a request that can
  // never be met.
  virtual RequestId submit(AnswerRequest request, AnswerSink sink) = 0;
  virtual RequestId submit(ImageRequest request, ImageSink sink) = 0;
  // A part of a request that is under way: never refused because of the queue.
  virtual RequestId submit(ScoreRequest request, ScoreSink sink) = 0;
  virtual void cancel(RequestId id) = 0;
  // Calls `work` on the engine's thread between two steps: all else that runs the model (embeddings, codes)
  // has to happen there. Lets go of it uncalled where the engine ends first.
  virtual void call(std::function<void(const Model&)> work) = 0;
};

class ModelHost {
 public:
  virtual ~ModelHost() = default;
  // The models there are, in the order of the command line; the first is the default.
  virtual std::vector<ModelSummary> summaries() const = 0;
  // Why no request can be met yet: 503 while the first model is loaded.
  virtual std::optional<ApiError> unready() const { return std::nullopt; }
  // Calls `ready` with the model that `name` means (empty: the default) as soon as it is loaded, on any
  // thread, or `failed`: 404 with the names there are, 503 while the server starts or where it cannot load.
  virtual void ask(const std::string& name, std::function<void(std::shared_ptr<ServedModel>)> ready,
                   std::function<void(const ApiError&)> failed) = 0;
};

}  // namespace janus::cli
