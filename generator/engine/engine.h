// One running batch for everything that a model is asked: answers, images and scores, which join and leave at
// any step. What a request gets depends on nothing but itself: the same ids, codes and pixels as alone.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "generator/engine/engine_options.h"
#include "generator/engine/request.h"

namespace janus {

class Device;
class EngineModel;
class Model;
class Scheduler;
class Sequence;
struct TransformerConfig;

// The tokens that a conversation holds by default: what the models were trained on (4096), or the context.
int64_t conversation_tokens(const TransformerConfig& config);

// The tokens whose keys and values the memory that is free now would hold.
int64_t tokens_that_fit(const EngineModel& model);

// The number of rows in a step that a device gains from: images that share a step read all weights once.
int default_rows(const Device& device);

// Requests come from any thread; one thread at a time runs them, by step() or run(), and no other may use the
// model meanwhile. Waiting requests begin in the order they came, as soon as rows and memory are free; images
// that are drawn by flow have half of the rows at most, and others go past those that wait for them.
//
// A running request is held up by a new one for at most 50 ms and one layer of it: prompts are read 256
// tokens at a time while others run, and between two layers of a prompt, of an image that is looked at, of a
// decoder or of a step of a flow the others make their steps. An image that is drawn by flow is not hurried:
// new prompts are read between the layers of its steps.
class Engine {
 public:
  // Takes no memory before the first request. The model must outlive it.
  explicit Engine(const Model& model, EngineOptions options = {});
  // Ends what is under way with an error. On the thread that runs it, or after run() has returned.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // -- from any thread --------------------------------------------------------------------------------------

  // Throws Error for a request that can never be met: a prompt that does not fit the context, more tokens
  // than the cache can hold, a session that is in use, or after stop().
  RequestId submit(AnswerRequest request, AnswerSink sink);
  RequestId submit(ImageRequest request, ImageSink sink);
  RequestId submit(ScoreRequest request, ScoreSink sink);
  // Ends a request with Cancelled within a step. Nothing happens where it has ended already.
  void cancel(RequestId id);
  // Calls `work` between two steps, on the thread that runs the engine: there it may use the model. It must
  // not throw. Lets go of it uncalled after stop().
  void call(std::function<void()> work);
  // A conversation of at most `capacity` tokens; 0: conversation_tokens().
  std::shared_ptr<Session> open_session(int64_t capacity = 0);
  // No request is taken any more, and run() returns; what is under way ends with an error.
  void stop();

  struct Load {
    int running = 0, waiting = 0;  // requests
    int64_t tokens_sampled = 0;    // since the beginning
  };
  // The load after the last step, and the requests that have come since.
  Load load() const;

  // -- on the thread that runs it ---------------------------------------------------------------------------

  // Samples a token of every running request. False where there is nothing to do.
  bool step();
  // Steps, and waits for requests where there are none, until stop().
  void run();

  // Submits one request and steps until it is done, with all others that have come. Throws the error that it
  // ends with.
  Answer answer(AnswerRequest request, AnswerSink sink = {});
  GeneratedImage generate(ImageRequest request, ImageSink sink = {});
  std::vector<Score> score(ScoreRequest request, ScoreSink sink = {});

  const Model& model() const { return model_; }
  int rows() const { return options_.rows; }

 private:
  RequestId put(std::shared_ptr<Sequence> sequence);
  void take_inbox();
  void make_calls();
  void drop_unused_sessions();
  template <typename Result, typename Request, typename Sink>
  Result wait_for(Request request, Sink sink);

  const Model& model_;
  EngineOptions options_;
  std::unique_ptr<Scheduler> scheduler_;
  std::map<int32_t, std::weak_ptr<Session>> session_rows_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable came_;
  std::vector<std::shared_ptr<Sequence>> inbox_;
  std::vector<RequestId> cancelled_;
  std::vector<std::function<void()>> calls_;
  std::vector<std::weak_ptr<Session>> sessions_;
  RequestId next_id_ = 1;
  Load load_;
  bool stopped_ = false;
};

}  // namespace janus
