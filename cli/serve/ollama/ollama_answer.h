// Answers to requests of /api/chat and /api/generate.
#pragma once

#include <chrono>
#include <memory>

#include "cli/io/json_output.h"
#include "cli/serve/ollama/ollama_request.h"
#include "cli/serve/service.h"

namespace janus::cli {

// When a request came, and when its model was there.
struct OllamaTimes {
  std::chrono::steady_clock::time_point begin, loaded;
};

// The reply where nothing is asked and the model is loaded.
Json ollama_loaded(const OllamaAsk& ask);

// Asks the model, and answers the exchange as a whole or line by line. Throws ApiError where the model does
// not take the request.
void start_ollama_answer(const std::shared_ptr<ServedModel>& model, const std::shared_ptr<Exchange>& exchange,
                         const OllamaAsk& ask, AnswerRequest request, const OllamaTimes& times);

}  // namespace janus::cli
