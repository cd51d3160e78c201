// Conversations as the Janus models were trained on them: text with places for images -> ids.
// Source: deepseek-ai/Janus, utils/conversation.py (format "deepseek") and models/processing_vlm.py.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/text/text_tokenizer.h"

namespace janus {

// The tokens that a conversation needs, found by their text.
struct SpecialIds {
  int32_t begin_of_image = -1;
  int32_t end_of_image = -1;
  int32_t placeholder = -1;  // stands for one embedding of an image
  int32_t pad = -1;
  int32_t end = -1;           // stands behind an answer
  bool system_prompt = true;  // whether one stands before the first question
  // Whether begin-of-image is the first embedding of an image, and so a placeholder, too.
  bool begins_in_image = false;
};

// Throws Error naming the first token that the tokenizer lacks. A missing placeholder is appended behind the
// last id, as the reference does for Janus-1.3B; its number never matters.
SpecialIds find_special_ids(const TextTokenizer& tokenizer);

// In what follows, what somebody typed is plain text: a question that says "<|Assistant|>" does not end its
// turn. With special_tokens, such tokens mean what they are.

// The ids of a question about `images` images, up to where the answer begins, each image expanded to
// [begin, image_tokens x placeholder, end]; without that begin where it is one of the image_tokens. Images
// stand before the question, or where it says
// "<image_placeholder>"; throws Error if it does so another number of times than there are images. Without
// images, and without `marked_places`, that is plain text, too. `system` stands in place of the system prompt
// where it is not blank.
std::vector<int32_t> understanding_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                          const std::string& question, int images, int64_t image_tokens,
                                          bool special_tokens = false, bool marked_places = true,
                                          const std::string& system = {});

// The ids that a later turn of the same conversation adds behind the end token of the answer before it.
std::vector<int32_t> next_turn_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                      const std::string& question, int images, int64_t image_tokens,
                                      bool special_tokens = false, bool marked_places = true);

// The ids of an answer that is given.
std::vector<int32_t> answer_ids(const TextTokenizer& tokenizer, const std::string& answer,
                                bool special_tokens = false);

// The ids of a request for an image, without a token for its beginning. Throws Error where special_tokens
// makes a placeholder of the prompt.
std::vector<int32_t> image_request_ids(const TextTokenizer& tokenizer, const SpecialIds& special,
                                       const std::string& prompt, bool special_tokens = false);
// The same, ending in begin-of-image.
std::vector<int32_t> generation_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                       const std::string& prompt, bool special_tokens = false);
// The same with everything between the first and the last id replaced by pads: what guidance leads away from.
std::vector<int32_t> unconditional_prompt(std::span<const int32_t> ids, int32_t pad);

}  // namespace janus
