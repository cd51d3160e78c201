#include "cli/serve/ollama/ollama_request.h"

#include <algorithm>

#include "cli/serve/inline_image.h"
#include "cli/serve/sampling_fields.h"
#include "cli/serve/stop_fields.h"
#include "generator/messages.h"

namespace janus::cli {
namespace {

// Whether a field holds anything: clients send empty ones along.
bool is_set(const RequestFields& fields, std::string_view key) {
  const nlohmann::json* value = fields.find(key);
  if (value == nullptr || (value->is_boolean() && !value->get<bool>())) return false;
  return !(value->is_string() || value->is_structured()) || !(value->empty() || *value == "");
}

// As Ollama says it of models that lack a capability.
void refuse_unsupported(const RequestFields& fields, const std::string& model) {
  constexpr std::pair<const char*, const char*> kLacking[] = {
      {"tools", "tools"},
      {"think", "thinking"},
      {"format", "structured output"},
      {"suffix", "insert"},
      {"template", "templates"},
      {"context", "context; send messages to /api/chat"},
      {"logprobs", "logprobs; ask /v1/chat/completions"},
  };
  for (const auto& [key, what] : kLacking) {
    if (is_set(fields, key)) {
      throw ApiError(400, fmt::format("\"{}\" does not support {}", model, what), {}, key);
    }
  }
}

// As where somebody wants the model to be loaded.
bool asks_nothing(OllamaKind kind, const RequestFields& fields) {
  if (kind == OllamaKind::generate) return !is_set(fields, "prompt") && !is_set(fields, "images");
  const nlohmann::json* messages = fields.find("messages");
  return messages == nullptr || (messages->is_array() && messages->empty());
}

void add_images(Message& message, PromptImages& images, const RequestFields& fields) {
  fields.each("images", [&](const nlohmann::json& image, const std::string& path) {
    if (!image.is_string()) refuse_field(path, "an image in base64", image);
    message.parts.push_back({.image = images.read(image.get<std::string>(), path)});
  });
}

std::vector<Message> chat_messages(const RequestFields& fields, PromptImages& images) {
  std::vector<Message> messages;
  fields.each("messages", [&](const nlohmann::json& json, const std::string& path) {
    const RequestFields one(json, path);
    Message message{.role = role_of(one.required_text("role"), one.path_of("role")), .path = path};
    add_images(message, images, one);
    message.parts.push_back({.text = one.text("content")});
    messages.push_back(std::move(message));
  });
  return messages;
}

std::vector<Message> prompt_messages(const RequestFields& fields, PromptImages& images) {
  std::vector<Message> messages;
  const std::string system = fields.text("system");
  if (!system.empty()) {
    messages.push_back({.role = Role::system, .parts = {{.text = system}}, .path = "system"});
  }
  Message message{.path = "prompt"};
  add_images(message, images, fields);
  message.parts.push_back({.text = fields.text("prompt")});
  messages.push_back(std::move(message));
  return messages;
}

// The prompt as it stands, special tokens and all.
AnswerRequest raw_request(const RequestFields& fields, const Model& model) {
  if (is_set(fields, "images")) {
    throw ApiError(
        400,
        "raw: expected no images beside it, which a raw prompt has no places for, found some; leave raw out",
        {}, "raw");
  }
  return {.prompt_ids = model.tokenizer().encode(fields.text("prompt"), true)};
}

}  // namespace

OllamaAsk read_ollama(OllamaKind kind, const RequestFields& fields, const ServeLimits& limits) {
  OllamaAsk ask{.kind = kind, .model = fields.text("model")};
  if (ask.model.empty()) throw ApiError(400, "model is required", {}, "model");
  refuse_unsupported(fields, ask.model);
  ask.stream = fields.boolean("stream", true);
  ask.only_load = asks_nothing(kind, fields);
  const AnswerRequest defaults;
  const nlohmann::json none = nlohmann::json::object();
  const RequestFields options = fields.object("options").value_or(RequestFields(none, "options"));
  ask.sampling = read_sampling(options, defaults.sampling);
  ask.stop = read_stops(options);
  // -1: no end, -2: until the context is full; either is as far as the server goes.
  const int64_t tokens = options.integer("num_predict", defaults.max_tokens, {.low = -2});
  ask.max_tokens = static_cast<int>(tokens < 1 ? limits.max_tokens : std::min(tokens, limits.max_tokens));
  return ask;
}

AnswerRequest ollama_answer_request(const OllamaAsk& ask, const RequestFields& fields, const Model& model,
                                    KnownImages& known, const ServeLimits& limits) {
  AnswerRequest request;
  if (ask.kind == OllamaKind::generate && fields.boolean("raw")) {
    request = raw_request(fields, model);
  } else {
    PromptImages images(model, known, limits);
    request = answer_request(ask.kind == OllamaKind::chat ? chat_messages(fields, images)
                                                          : prompt_messages(fields, images));
  }
  request.max_tokens = ask.max_tokens;
  request.sampling = ask.sampling;
  return request;
}

}  // namespace janus::cli
