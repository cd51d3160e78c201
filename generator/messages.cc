#include "generator/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/json.h"
#include "core/base/strip.h"
#include "generator/model.h"

namespace janus {
namespace {

constexpr std::string_view kPlaceholder = "<image_placeholder>";

[[noreturn]] void refuse(const std::string& param, std::string_view expected, std::string_view found,
                         std::string_view remedy) {
  throw MessageFault(param, fmt::format("{}: expected {}, found {}; {}", param, expected, found, remedy));
}

void add_text(std::string& text, std::string_view more, std::string_view between) {
  if (is_blank(more)) return;
  if (!text.empty()) text += between;
  text += more;
}

std::string text_of(const std::vector<MessagePart>& parts) {
  std::string text;
  for (const MessagePart& part : parts) {
    if (part.image == nullptr) add_text(text, part.text, "\n");
  }
  return text;
}

bool is_words(const MessagePart& part) { return part.image == nullptr && !is_blank(part.text); }

// Whether words stand both before and behind an image.
bool is_interleaved(const std::vector<MessagePart>& parts) {
  bool words = false, image_behind_words = false;
  for (const MessagePart& part : parts) {
    if (part.image != nullptr) {
      image_behind_words = image_behind_words || words;
    } else if (is_words(part)) {
      if (image_behind_words) return true;
      words = true;
    }
  }
  return false;
}

size_t count_placeholders(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(kPlaceholder); at != text.npos;
       at = text.find(kPlaceholder, at + kPlaceholder.size())) {
    ++count;
  }
  return count;
}

ChatTurn turn_of(const std::vector<MessagePart>& parts, const std::string& path) {
  ChatTurn turn{.question = text_of(parts), .marked_places = false};
  for (const MessagePart& part : parts) turn.images += part.image != nullptr ? 1 : 0;
  if (turn.question.empty()) {
    if (turn.images == 0) refuse(path, "words or an image", "neither", "ask something");
    turn.question = DescribeOptions{}.prompt;
  }
  // Where somebody's words name such a place, no place can be told from them.
  if (is_interleaved(parts) && count_placeholders(turn.question) == 0) {
    std::string placed;
    for (const MessagePart& part : parts) {
      add_text(placed, part.image != nullptr ? kPlaceholder : std::string_view(part.text), "\n");
    }
    if (count_placeholders(placed) == static_cast<size_t>(turn.images)) {
      turn.question = std::move(placed);
      turn.marked_places = true;
    }
  }
  return turn;
}

// Collects messages to turns: a question of one or more messages, and the answer to it.
class Turns {
 public:
  void add(const Message& message) {
    switch (message.role) {
      case Role::system:
        add_text(system_, text_of(message.parts), "\n\n");
        break;
      case Role::user:
        if (answered_) next_turn();
        ask(message);
        break;
      case Role::assistant:
        answer(message);
        break;
    }
  }

  AnswerRequest take() {
    if (parts_.empty() && !path_.empty()) refuse(path_, "words or an image", "neither", "ask something");
    if (parts_.empty() || answered_) {
      refuse(path_.empty() ? "messages" : path_, "a user's message at the end",
             path_.empty() ? "none" : "another's", "ask something behind it");
    }
    next_turn();
    request_.turns.front().system = std::move(system_);
    return std::move(request_);
  }

 private:
  void ask(const Message& message) {
    const bool behind_another = !parts_.empty();
    parts_.insert(parts_.end(), shown_.begin(), shown_.end());
    shown_.clear();
    const auto first = parts_.insert(parts_.end(), message.parts.begin(), message.parts.end());
    const auto words = std::find_if(first, parts_.end(), is_words);
    if (behind_another && words != parts_.end()) words->text.insert(0, "\n");
    path_ = message.path;
  }

  void answer(const Message& message) {
    if (parts_.empty()) {
      refuse(message.path, "a user's message first", "an assistant's", "put the question before it");
    }
    answered_ = true;
    add_text(answer_, text_of(message.parts), "\n\n");
    path_ = message.path;
    std::copy_if(message.parts.begin(), message.parts.end(), std::back_inserter(shown_),
                 [](const MessagePart& part) { return part.image != nullptr; });
  }

  void next_turn() {
    ChatTurn turn = turn_of(parts_, path_);
    turn.answer = std::exchange(answer_, {});
    request_.turns.push_back(std::move(turn));
    for (const MessagePart& part : parts_) {
      if (part.image != nullptr) request_.images.push_back(part.image);
    }
    parts_.clear();
    answered_ = false;
  }

  AnswerRequest request_;
  std::string system_;
  std::vector<MessagePart> parts_;  // of the question that is put together
  std::vector<MessagePart> shown_;  // images of the answer before it
  std::string answer_, path_;
  bool answered_ = false;
};

}  // namespace

Role role_of(const std::string& name, const std::string& param) {
  if (name == "user") return Role::user;
  if (name == "assistant") return Role::assistant;
  if (name == "system" || name == "developer") return Role::system;
  refuse(param, "one of system, developer, user, assistant", excerpt(name, 20), "tools are not called");
}

AnswerRequest answer_request(const std::vector<Message>& messages) {
  Turns turns;
  for (const Message& message : messages) turns.add(message);
  return turns.take();
}

}  // namespace janus
