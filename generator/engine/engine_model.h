// What a family of models implements for the engine: its prompts, the embedding and the head of each kind of
// token, and the image that codes stand for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/nn/transformer.h"
#include "generator/engine/request.h"
#include "generator/image_defaults.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {

class LatentFlow;

// Whether a token belongs to an answer's text or is a code of an image.
enum class TokenKind { text, code };

class EngineModel {
 public:
  virtual ~EngineModel() = default;

  virtual const Transformer& language_model() const = 0;
  virtual DType cache_dtype() const = 0;
  // Null where this build or folder has none: then only requests by ids can be met.
  virtual const TextTokenizer* text_tokenizer() const = 0;

  // The ids of a conversation up to where the answer to its last turn begins. Throws Error where they cannot
  // be made, or do not have a place for each of `images`. special_tokens, here and below: as in the requests.
  virtual std::vector<int32_t> answer_prompt(std::span<const ChatTurn> turns, int images,
                                             bool special_tokens) const = 0;
  // The ids that one more turn adds behind the end of the answer before it.
  virtual std::vector<int32_t> next_turn(const ChatTurn& turn, bool special_tokens) const = 0;
  // The ids of an answer that is given, without its end.
  virtual std::vector<int32_t> answer_ids(const std::string& answer, bool special_tokens) const = 0;
  // The ids of a request for an image: all that stands before the image's own tokens.
  virtual std::vector<int32_t> image_prompt(const std::string& prompt, bool special_tokens) const = 0;
  // What guidance leads away from. Throws Error where the model does not say what it is.
  virtual std::vector<int32_t> unconditional_prompt(std::span<const int32_t> image_prompt) const = 0;

  virtual int32_t placeholder_id() const = 0;  // one place of an image in an answer's prompt
  virtual int32_t end_id() const = 0;          // stands behind an answer in a conversation
  // Each of them ends an answer; end_id() is one.
  virtual std::span<const int32_t> end_ids() const = 0;
  virtual int64_t image_tokens() const = 0;  // places that an image takes there
  // What an image is asked for with.
  virtual ImageDefaults image_defaults() const { return {}; }
  // How images are drawn where they are no codes; null where they are.
  virtual const LatentFlow* latent_flow() const { return nullptr; }
  // An image has code_lines() lines of codes_per_line() codes; all 0 where images are no codes.
  virtual int64_t code_lines() const = 0;
  virtual int64_t codes_per_line() const = 0;
  virtual int64_t codebook_size() const = 0;

  // pixels: B images, one after another -> embeddings [B, N, D]. `on_layer` may end it by throwing.
  virtual Tensor encode_images(std::span<const float> pixels, const LayerHook& on_layer) const = 0;
  // Throws Error that names the part of the model where the embeddings of an image are not finite.
  virtual void check_image_embeddings(std::span<const float> pixels) const = 0;
  // Prompt ids, the places of images filled with `images` [N, D] in order -> [1, T, D].
  virtual Tensor prompt_embeddings(std::span<const int32_t> ids, std::span<const Tensor> images) const = 0;

  // The decoder's input for tokens, one a row -> [B, 1, D].
  virtual Tensor embed(TokenKind kind, std::span<const int32_t> ids) const = 0;
  // hidden [B, 1, D] or [T, D] -> logits [.., V].
  virtual Tensor logits(TokenKind kind, const Tensor& hidden) const = 0;
  // Adds to a plan the table and the head that a device needs to sample tokens of a kind by itself.
  virtual void complete_plan(TokenKind kind, DeviceDecodePlan& plan) const = 0;

  // Decodes all codes of an image, or the first lines of them; the missing lines are grey.
  virtual Image make_image(const ImageCodes& codes, const LayerHook& on_layer) const = 0;
};

// Throws Error where the conversation of a request with its images does not fit the context, as answering it
// would.
void check_answer_prompt(const EngineModel& model, const AnswerRequest& request);
// Throws Error where the prompt of a request or its negative prompt and an image's codes do not fit the
// context, as generating it would.
void check_image_prompt(const EngineModel& model, const ImageRequest& request);

}  // namespace janus
