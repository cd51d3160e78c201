// Several turns with one model, about text and pictures.
// Source: deepseek-ai/Janus, utils/conversation.py (format "deepseek").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "generator/janus/janus_model.h"

namespace janus {

// Keys and values of what was said stay, so that a turn reads only what is new. A turn that throws leaves the
// conversation as it was.
class Conversation {
 public:
  // `model` must outlive this. Throws Error for a family that does not converse, or without a tokenizer.
  explicit Conversation(const Model& model);

  // Answers `options.prompt` about `images`, which stay part of the conversation, and everything before.
  // Throws Error where the turn does not fit; `on_text` may throw to break the turn off.
  Answer ask(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text,
             const Progress& progress);
  // Tokens a conversation with such a decoder has room for.
  static int64_t room(const TransformerConfig& config);
  // Forgets everything.
  void reset();

  // Tokens read so far, and how many there is room for.
  int64_t tokens() const { return cache_.length(0); }
  int64_t capacity() const { return cache_.capacity(0); }

 private:
  const JanusModel* model_;
  KvCache cache_;
  // Of the answer before, what no step has read yet: its last token if it was cut, and the end token.
  std::vector<int32_t> unread_;
};

}  // namespace janus
