// Several turns with a model, which keeps what it has read.
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
  // Throws Error where the model's tokenizer cannot be read. Both must outlive it.
  explicit Conversation(Engine& engine);

  // One more turn, with images of its own. Throws Error where it does not fit; the conversation is as before
  // then, and so it is where a sink throws.
  Answer ask(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text,
             const Progress& progress);
  void reset();

  // Tokens that it holds, and can hold.
  int64_t tokens() const { return session_->length(); }
  int64_t capacity() const { return session_->capacity(); }

 private:
  Engine& engine_;
  std::shared_ptr<Session> session_;
  std::vector<int32_t> unread_;  // the end of the last answer
};

}  // namespace janus
