// What a request to the Responses API asks for: an answer, or an image.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/serve/answer_run.h"
#include "cli/serve/known_images.h"
#include "cli/serve/openai/image_fields.h"
#include "cli/serve/request_json.h"
#include "cli/serve/serve_limits.h"
#include "generator/messages.h"

namespace janus::cli {

struct ResponseRequest {
  AnswerJob job;
  int64_t prompt_tokens = 0;
  // What the image_generation tool draws, where it is used: then there is no answer.
  std::optional<ImageFields> image = {};
  std::string image_prompt = {};
  bool stream = false;
};

// Reads a body. The tool is used where `tool_choice` asks for it, or where it leaves the choice and the last
// message shows no image: a question about an image is answered. It draws the words of the last message.
// Throws ApiError (400), also for what needs a state of earlier requests.
ResponseRequest read_response_request(const nlohmann::json& body, const Model& model, KnownImages& known,
                                      const ServeLimits& limits);

}  // namespace janus::cli
