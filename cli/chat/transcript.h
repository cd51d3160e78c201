// What was said and shown in a conversation, and the files that hold it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/io/json_output.h"
#include "generator/engine/request.h"

namespace janus::cli {

// An image that was shown or made, or a question with its answer.
struct ChatEntry {
  enum class Kind { shown, made, asked };
  Kind kind = Kind::asked;
  std::string text;                 // the question, or the prompt of the image that was made
  std::vector<std::string> images;  // paths: of the image, or of those that the question is about
  PromptImage image;                // of one shown or made; null until it is read
  std::string answer, finish_reason, model;
  std::vector<int32_t> ids;  // of the answer
  uint32_t seed = 0;         // of the answer
  bool special_tokens = false;
};

// In order. The images that a question is about are entries, too: those since the question before.
using Transcript = std::vector<ChatEntry>;

// The images that no question has been about yet: they are part of the next one.
std::span<const ChatEntry> waiting_images(const Transcript& transcript);
std::vector<std::string> waiting_paths(const Transcript& transcript);
size_t count_of(const Transcript& transcript, ChatEntry::Kind kind);

// [{"role": "user", "text", "images": [...]}, {"role": "assistant", "text", "ids", "finish_reason", "seed",
// "model"}, ...], with whole paths, so that it can be read anywhere. An image that was made is a user's turn
// of the text "/generate PROMPT", one that was only shown and waits for its question one of "/image PATH".
Json transcript_json(const Transcript& transcript);
// The same for people, with paths as they were typed.
std::string transcript_text(const Transcript& transcript);

// Reads such a file of JSON; its images are left to the caller. Throws Error, naming the turn, for anything
// else.
Transcript read_transcript(const std::string& path);

}  // namespace janus::cli
