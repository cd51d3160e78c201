// An answer to a request of /api/chat or /api/generate that is under way.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cli/io/json_output.h"
#include "cli/serve/ollama/ollama_request.h"
#include "cli/serve/service.h"
#include "cli/serve/stop_strings.h"

namespace janus::cli {

using Clock = std::chrono::steady_clock;

// The reply where nothing is asked and the model is loaded.
Json ollama_loaded(const OllamaAsk& ask);

class OllamaAnswer : public std::enable_shared_from_this<OllamaAnswer> {
 public:
  // begin: when the request came; loaded: when its model was there.
  OllamaAnswer(std::shared_ptr<Exchange> exchange, std::shared_ptr<ServedModel> model, OllamaAsk ask,
               Clock::time_point begin, Clock::time_point loaded);

  // Asks the model, and answers the exchange. Throws ApiError where the model does not take the request. The
  // answer is given up once nobody waits for it.
  void start(AnswerRequest request);

 private:
  struct Stopped {};  // thrown by the sink: the answer has come to a stop string

  void take_text(std::string_view piece);
  void write(const std::string& text);
  void finish(FinishReason reason, const Timings& timings);
  void fail(const ApiError& error);

  const std::shared_ptr<Exchange> exchange_;
  const std::shared_ptr<ServedModel> model_;
  const OllamaAsk ask_;
  const Clock::time_point begin_, loaded_;
  // The rest belongs to the engine's thread once the model has been asked.
  StopStrings stop_;
  std::string text_;
  bool begun_ = false;
  int64_t prompt_tokens_ = 0, tokens_ = 0;
  Clock::time_point first_token_;
};

}  // namespace janus::cli
