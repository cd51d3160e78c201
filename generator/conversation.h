// A conversation of several turns, whose keys and values stay from one turn to the next.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus {

// A turn that the rest of the conversation's room does not hold.
struct ConversationFull : Error {
  using Error::Error;
};

// A client of an engine: every answer is what reading the whole conversation anew would give, but only the
// new turn is read.
class Conversation {
 public:
  // Throws Error where the model's tokenizer cannot be read. The engine must outlive the conversation.
  explicit Conversation(Engine& engine);

  // Asks one more question, with images of its own. Throws ConversationFull where it does not fit. The
  // conversation stays as it was then, and also where a sink throws.
  Answer ask(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text,
             const Progress& progress);
  // The same with images as prompt_image() makes them.
  Answer ask_preprocessed(std::vector<PromptImage> images, const DescribeOptions& options,
                          const TextSink& on_text, const Progress& progress);

  // A turn that was answered before, in another conversation.
  struct Told {
    std::string question;
    std::vector<PromptImage> images;
    std::string answer;
    std::vector<int32_t> answer_ids;  // taken where they are ids of this model that spell `answer`
    bool special_tokens = false;
  };
  // Goes on behind such a turn as if it had been asked here. It is read with the next question. Throws
  // ConversationFull where it does not fit; the conversation stays as it was then.
  void tell(Told turn);

  // The number of turns.
  size_t turns() const { return before_.size(); }
  // Takes back the last turn: the conversation is as it was before. Throws Error where there is none.
  void undo();
  void reset();

  // The number of tokens that it holds, with those that the next question reads first, and that it can hold.
  int64_t tokens() const { return std::min(held(), capacity()); }
  int64_t capacity() const { return session_->capacity(); }

 private:
  // What stands behind the session's tokens and is not read yet: turns that were told, and the end of the
  // last answer.
  struct Unread {
    std::vector<int32_t> ids;
    std::vector<PromptImage> images;
  };
  // The state before a turn.
  struct Before {
    int64_t length = 0;  // of the session
    Unread unread;
  };

  // Beyond the capacity by the end of an answer that filled it.
  int64_t held() const { return session_->length() + static_cast<int64_t>(unread_.ids.size()); }
  std::vector<int32_t> turn_ids(const std::string& question, size_t images, bool special_tokens) const;
  std::vector<int32_t> ids_of_answer(const Told& turn) const;
  void check_room(int64_t new_tokens) const;

  Engine& engine_;
  std::shared_ptr<Session> session_;
  Unread unread_;
  std::vector<Before> before_;  // one a turn
};

}  // namespace janus
