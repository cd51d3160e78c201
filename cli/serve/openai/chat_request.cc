#include "cli/serve/openai/chat_request.h"

#include <algorithm>

#include "cli/serve/openai/message_parts.h"
#include "cli/serve/sampling_fields.h"
#include "cli/serve/stop_fields.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

// What changes the answer's form: an answer of another would be taken for what was asked.
void refuse_other_forms(const RequestFields& fields) {
  if (const auto format = fields.object("response_format");
      format && format->text("type", "text") != "text") {
    refuse_field("response_format.type", "text", format->text("type"),
                 "the model is not held to JSON: ask for it in words");
  }
  const nlohmann::json* choice = fields.find("tool_choice");
  if (choice != nullptr && *choice != "auto" && *choice != "none") {
    refuse_field("tool_choice", "auto or none", *choice, "the model calls no tools");
  }
}

}  // namespace

int read_max_tokens(const RequestFields& fields, std::string_view key, std::string_view other_key,
                    const ServeLimits& limits) {
  const std::string_view used = fields.contains(key) ? key : other_key;
  constexpr IntRange kAny{.low = kMaxTokens.low, .high = INT64_MAX};
  const int64_t tokens = fields.integer(used, AnswerRequest{}.max_tokens, kAny);
  return static_cast<int>(std::min(tokens, limits.max_tokens));
}

ChatRequest read_chat_request(const nlohmann::json& body, const Model& model, KnownImages& known,
                              const ServeLimits& limits) {
  const RequestFields fields(body);
  ChatRequest chat;
  AnswerRequest& request = chat.job.request;
  refuse_other_forms(fields);
  if (!fields.contains("messages")) refuse_field("messages", "a list of messages", nullptr);
  const SamplingOptions sampling = read_sampling(fields, request.sampling);
  const int max_tokens = read_max_tokens(fields, "max_completion_tokens", "max_tokens", limits);
  chat.job.choices = static_cast<int>(fields.integer("n", 1, {.low = 1, .high = limits.choices}));
  chat.job.stops = read_stops(fields);
  chat.stream = fields.boolean("stream");
  const auto options = fields.object("stream_options");
  chat.include_usage = options && options->boolean("include_usage");
  const bool logprobs = fields.boolean("logprobs");
  const auto top = static_cast<int>(fields.integer("top_logprobs", 0, kTopLogprobs));
  if (top > 0 && !logprobs) refuse_field("top_logprobs", "\"logprobs\": true beside it", top);

  PromptImages images(model, known, limits);
  std::vector<Message> messages;
  fields.each("messages", [&](const nlohmann::json& message, const std::string& path) {
    messages.push_back(read_message(message, path, images));
  });
  request = answer_request(messages);
  request.sampling = sampling;
  request.max_tokens = max_tokens;
  request.logprobs = logprobs;
  request.top_logprobs = top;
  chat.prompt_tokens = make_prompt(request, model, "messages");
  return chat;
}

}  // namespace janus::cli
