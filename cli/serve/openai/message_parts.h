// The messages of OpenAI's chats and responses.
#pragma once

#include <string>
#include <vector>

#include "cli/serve/inline_image.h"
#include "cli/serve/request_json.h"
#include "generator/messages.h"

namespace janus::cli {

// Reads a content: one text, or a list of {"type": "text", "text"}, {"type": "image_url", "image_url":
// {"url"} or a bare string}, and the same as responses have it (input_text, output_text, input_image).
// Nothing where it is null. Throws ApiError (400) that names the part.
std::vector<MessagePart> read_content(const RequestFields& message, PromptImages& images);

// Reads {"role", "content"}.
Message read_message(const nlohmann::json& json, const std::string& path, PromptImages& images);

}  // namespace janus::cli
