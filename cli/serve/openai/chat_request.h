// What a request for a chat completion asks for.
#pragma once

#include <cstdint>

#include "cli/serve/answer_run.h"
#include "cli/serve/known_images.h"
#include "cli/serve/request_json.h"
#include "cli/serve/serve_limits.h"

namespace janus::cli {

struct ChatRequest {
  AnswerJob job;
  int64_t prompt_tokens = 0;
  bool stream = false, include_usage = false;
};

// Reads a body. Fields that it does not know are passed over. Throws ApiError (400).
ChatRequest read_chat_request(const nlohmann::json& body, const Model& model, KnownImages& known,
                              const ServeLimits& limits);

// The most tokens of an answer: what `key` or `other_key` asks for, as far as the limit goes.
int read_max_tokens(const RequestFields& fields, std::string_view key, std::string_view other_key,
                    const ServeLimits& limits);

}  // namespace janus::cli
