// A conversation of several turns, whose keys and values stay from one turn to the next.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus {

// A client of an engine: every answer is what reading the whole conversation anew would give, but only the
// new turn is read.
class Conversation {
 public:
  // Throws Error where the model's tokenizer cannot be read. The engine must outlive the conversation.
  explicit Conversation(Engine& engine);

  // Asks one more question, with images of its own. Throws Error where it does not fit. The conversation
  // stays as it was then, and also where a sink throws.
  Answer ask(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text,
             const Progress& progress);
  void reset();

  // The number of tokens that it holds, and that it can hold.
  int64_t tokens() const { return session_->length(); }
  int64_t capacity() const { return session_->capacity(); }

 private:
  Engine& engine_;
  std::shared_ptr<Session> session_;
  std::vector<int32_t> unread_;  // the end of the last answer
};

}  // namespace janus
