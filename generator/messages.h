// The messages of a chat, whatever protocol they come in, as a request to the engine.
#pragma once

#include <string>
#include <vector>

#include "core/base/error.h"
#include "generator/engine/request.h"

namespace janus {

// What cannot be made a request. `what()` begins with `param`, the place in the messages at fault:
// "messages[0].content".
struct MessageFault : Error {
  MessageFault(const std::string& place, const std::string& message) : Error(message), param(place) {}
  std::string param;
};

enum class Role { system, user, assistant };

// The role that `name` means ("developer" is a system's). Throws MessageFault for others, naming `param`.
Role role_of(const std::string& name, const std::string& param);

// A piece of text, or an image.
struct MessagePart {
  std::string text = {};
  PromptImage image = {};
};

struct Message {
  Role role = Role::user;
  std::vector<MessagePart> parts = {};
  std::string path = {};  // where it stands in the request: "messages[0]"
};

// The request for the answer to the last of `messages`, with defaults for the rest: those of `janus
// describe`. What somebody wrote is text, whatever special tokens it spells.
//
// Messages of a system stand in place of the model's system prompt, one under the other. Several messages of
// one role in a row are one, with an empty line between. Images stand before the words of their turn, as the
// models were trained, unless words stand both before and behind one: then all stand where they were put. An
// image without words is asked about with the question of `janus describe`. Images of an answer are shown
// with the question behind it.
//
// Throws MessageFault where the last message is not a user's, where an answer comes before the first
// question, or where there is neither a word nor an image in a question.
AnswerRequest answer_request(const std::vector<Message>& messages);

}  // namespace janus
