#include "cli/serve/openai/response_request.h"

#include <algorithm>

#include "cli/serve/openai/chat_request.h"
#include "cli/serve/openai/message_parts.h"
#include "cli/serve/sampling_fields.h"

namespace janus::cli {
namespace {

constexpr const char* kStateless = "the server keeps nothing between requests: send the whole conversation";
constexpr const char* kImageTool = "image_generation";

void refuse_state_and_forms(const RequestFields& fields) {
  for (const char* key : {"previous_response_id", "conversation"}) {
    if (const nlohmann::json* value = fields.find(key)) refuse_field(key, "none", *value, kStateless);
  }
  if (fields.boolean("background")) {
    refuse_field("background", "false", true, "the server keeps nothing between requests: wait, or stream");
  }
  const auto text = fields.object("text");
  const auto format = text ? text->object("format") : std::nullopt;
  if (format && format->text("type", "text") != "text") {
    refuse_field("text.format.type", "text", format->text("type"),
                 "the model is not held to JSON: ask for it in words");
  }
}

// An item of the input that is no plain message. Nothing for one that is passed over.
std::optional<Message> read_item(const nlohmann::json& json, const std::string& path, PromptImages& images) {
  const RequestFields item(json, path);
  const std::string type = item.text("type", "message");
  if (type == "message") return read_message(json, path, images);
  if (type == "reasoning") return std::nullopt;
  if (type == "image_generation_call") {
    return Message{.role = Role::assistant,
                   .parts = {{.image = images.read(item.required_text("result"), item.path_of("result"))}},
                   .path = path};
  }
  refuse_field(item.path_of("type"), "one of message, image_generation_call", type,
               type == "item_reference" ? kStateless : "the model calls no other tools");
}

std::vector<Message> read_messages(const RequestFields& fields, PromptImages& images) {
  std::vector<Message> messages;
  if (const std::string instructions = fields.text("instructions"); !instructions.empty()) {
    messages.push_back({.role = Role::system, .parts = {{.text = instructions}}, .path = "instructions"});
  }
  const nlohmann::json* input = fields.find("input");
  if (input == nullptr) refuse_field("input", "a text or a list of messages", nullptr);
  if (input->is_string()) {
    messages.push_back({.role = Role::user, .parts = {{.text = input->get<std::string>()}}, .path = "input"});
    return messages;
  }
  fields.each("input", [&](const nlohmann::json& item, const std::string& path) {
    if (auto message = read_item(item, path, images)) messages.push_back(std::move(*message));
  });
  return messages;
}

// The image_generation tool among the request's; nothing where there is none.
std::optional<RequestFields> image_tool(const RequestFields& fields) {
  std::optional<RequestFields> found;
  fields.each("tools", [&](const nlohmann::json& json, const std::string& path) {
    const RequestFields tool(json, path);
    if (tool.text("type") == kImageTool) found = tool;
  });
  return found;
}

// Whether the tool is to be used; `shows_image`: the last message does.
bool uses_tool(const RequestFields& fields, bool has_tool, bool shows_image) {
  const nlohmann::json* choice = fields.find("tool_choice");
  if (choice == nullptr || *choice == "auto") return has_tool && !shows_image;
  if (*choice == "none") return false;
  const bool names_it = choice->is_object() && choice->value("type", nlohmann::json()) == kImageTool;
  if (has_tool && (*choice == "required" || names_it)) return true;
  refuse_field("tool_choice",
               has_tool ? "auto, none, required or {\"type\": \"image_generation\"}" : "auto or none",
               *choice, "image_generation is the one tool there is");
}

std::string words_of(const Message& message) {
  std::string words;
  for (const MessagePart& part : message.parts) {
    if (part.text.empty()) continue;
    if (!words.empty()) words += "\n";
    words += part.text;
  }
  return words;
}

}  // namespace

ResponseRequest read_response_request(const nlohmann::json& body, const Model& model, KnownImages& known,
                                      const ServeLimits& limits) {
  const RequestFields fields(body);
  refuse_state_and_forms(fields);
  ResponseRequest response;
  response.stream = fields.boolean("stream");
  const SamplingOptions sampling = read_sampling(fields, AnswerRequest{}.sampling);
  const int max_tokens = read_max_tokens(fields, "max_output_tokens", "max_tokens", limits);
  PromptImages images(model, known, limits);
  const std::vector<Message> messages = read_messages(fields, images);
  AnswerRequest request = answer_request(messages);

  const Message& last = messages.back();
  const bool shows_image = std::any_of(last.parts.begin(), last.parts.end(),
                                       [](const MessagePart& part) { return part.image != nullptr; });
  const std::optional<RequestFields> tool = image_tool(fields);
  if (uses_tool(fields, tool.has_value(), shows_image)) {
    response.image_prompt = words_of(last);
    response.image = read_image_fields(*tool, response.image_prompt, "input", model, limits);
    response.image->job.count = 1;
    if (fields.contains("seed")) response.image->job.request.sampling.seed = sampling.seed;
    response.prompt_tokens = response.image->prompt_tokens;
    return response;
  }
  request.sampling = sampling;
  request.max_tokens = max_tokens;
  response.job.request = std::move(request);
  response.prompt_tokens = make_prompt(response.job.request, model, "input");
  return response;
}

}  // namespace janus::cli
