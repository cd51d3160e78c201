// What requests of /api/chat and /api/generate ask for.
#pragma once

#include <string>
#include <vector>

#include "cli/serve/known_images.h"
#include "cli/serve/request_json.h"
#include "cli/serve/serve_limits.h"
#include "generator/engine/request.h"
#include "generator/model.h"

namespace janus::cli {

enum class OllamaKind { chat, generate };

// The part that does not depend on the model.
struct OllamaAsk {
  OllamaKind kind = OllamaKind::chat;
  std::string model;       // as the request and the reply call it
  bool stream = true;      // a line a piece
  bool only_load = false;  // nothing is asked
  int max_tokens = 0;
  std::vector<std::string> stop = {};  // end the answer
  SamplingOptions sampling = {};
};

// Throws ApiError (400), also for what no model here can do: tools, thinking, structured output, templates,
// text to stand behind the answer. keep_alive and other options are passed over.
OllamaAsk read_ollama(OllamaKind kind, const RequestFields& fields, const ServeLimits& limits);

// The request to the engine. Decodes images, which takes a while. Throws ApiError (400).
AnswerRequest ollama_answer_request(const OllamaAsk& ask, const RequestFields& fields, const Model& model,
                                    KnownImages& known, const ServeLimits& limits);

}  // namespace janus::cli
