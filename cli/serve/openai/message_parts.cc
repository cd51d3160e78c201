#include "cli/serve/openai/message_parts.h"

namespace janus::cli {
namespace {

// The image under `key`: a bare text, or an object with a "url".
PromptImage read_image_url(const RequestFields& part, std::string_view key, PromptImages& images) {
  const nlohmann::json* value = part.find(key);
  if (value == nullptr) refuse_field(part.path_of(key), "an image", nullptr, "send it as a data URL");
  if (value->is_string()) return images.read(value->get_ref<const std::string&>(), part.path_of(key));
  const RequestFields object(*value, part.path_of(key));
  return images.read(object.required_text("url"), object.path_of("url"));
}

MessagePart read_part(const nlohmann::json& json, const std::string& path, PromptImages& images) {
  if (json.is_string()) return {.text = json.get<std::string>()};
  const RequestFields part(json, path);
  const std::string type = part.text("type");
  if (type == "text" || type == "input_text" || type == "output_text") return {.text = part.text("text")};
  if (type == "refusal") return {.text = part.text("refusal")};
  if (type == "image_url" || type == "input_image") {
    return {.image = read_image_url(part, "image_url", images)};
  }
  refuse_field(part.path_of("type"), "one of text, image_url, input_text, input_image", type,
               "the model reads text and images alone");
}

}  // namespace

std::vector<MessagePart> read_content(const RequestFields& message, PromptImages& images) {
  std::vector<MessagePart> parts;
  const nlohmann::json* content = message.find("content");
  if (content == nullptr) return parts;
  if (content->is_string()) return {{.text = content->get<std::string>()}};
  if (!content->is_array()) refuse_field(message.path_of("content"), "a text or a list of parts", *content);
  message.each("content", [&](const nlohmann::json& part, const std::string& path) {
    parts.push_back(read_part(part, path, images));
  });
  return parts;
}

Message read_message(const nlohmann::json& json, const std::string& path, PromptImages& images) {
  const RequestFields message(json, path);
  return {.role = role_of(message.required_text("role"), message.path_of("role")),
          .parts = read_content(message, images),
          .path = path};
}

}  // namespace janus::cli
