#include "generator/engine/check_request.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/base/error.h"
#include "generator/engine/engine_model.h"
#include "generator/limits.h"
#include "generator/model.h"

namespace janus {
namespace {

// Ids of a caller's own have a place for every embedding of `images` images. Ids that are no token are found
// where they are embedded, which can name them.
void check_places(const Model& model, std::span<const int32_t> ids, size_t images) {
  const EngineModel& parts = model.engine_model();
  const int32_t placeholder = parts.placeholder_id();
  const auto places = std::count(ids.begin(), ids.end(), placeholder);
  const int64_t needed = parts.image_tokens() * static_cast<int64_t>(images);
  check(
      places == needed,
      "prompt_ids: expected {} places for the embeddings of {} images (id {}), found {}; give each image {}",
      needed, images, placeholder, places, parts.image_tokens());
}

void check_images(const Model& model, std::span<const PromptImage> images) {
  const size_t side = static_cast<size_t>(model.preprocess_config().image_size), values = 3 * side * side;
  for (size_t i = 0; i < images.size(); ++i) {
    check(images[i] != nullptr, "images: expected an image at {}, found none; make it with prompt_image()",
          i);
    check(images[i]->size() == values,
          "images: expected 3 x {} x {} values at {}, found {}; make them with prompt_image() and this "
          "model's config",
          side, side, i, images[i]->size());
  }
}

void check_turns(std::span<const ChatTurn> turns, size_t images) {
  check(!turns.empty(), "turns: expected a question, found none; give one");
  int64_t placed = 0;
  for (const ChatTurn& turn : turns) {
    check_prompt("question", turn.question);
    check_text("answer", turn.answer);
    check_text("system prompt", turn.system);
    check(turn.system.empty() || &turn == turns.data(),
          "system prompt: expected one before the first turn alone, found another; join them");
    check(turn.images >= 0, "images of a turn: expected 0 or more, found {}; give their number", turn.images);
    placed += turn.images;
  }
  check(turns.back().answer.empty(),
        "turns: expected a last one without an answer, found one with it; ask a question behind it");
  check(placed == static_cast<int64_t>(images),
        "images: expected {}, as the turns say, found {}; give each turn its number", placed, images);
}

// An image's file holds its prompts, and ends a text at a zero byte.
void check_no_zeros(const char* what, const std::string& text) {
  check(text.find('\0') == std::string::npos,
        "{}: expected a text without zero bytes, found one at {}; leave it out", what, text.find('\0'));
}

// The prompt of an image, and what guidance leads away from.
void check_image_request(const Model& model, const std::string& prompt, std::span<const int32_t> ids,
                         const std::string& negative_prompt, std::optional<float> guidance) {
  if (guidance) kGuidance.check("guidance", *guidance);
  if (ids.empty()) {
    check_prompt("prompt", prompt);
    check_no_zeros("prompt", prompt);
  } else {
    check_places(model, ids, 0);
  }
  check_text("negative prompt", negative_prompt);
  check_no_zeros("negative prompt", negative_prompt);
}

// What decides how an image is drawn: a flow has steps, and samples no codes.
void check_drawing(const EngineModel& model, const ImageRequest& request) {
  if (model.latent_flow() == nullptr) {
    check(!request.steps,
          "steps: expected none for a model that draws an image code by code, found {}; leave them out",
          request.steps.value_or(0));
    return;
  }
  if (request.steps) kFlowSteps.check("steps", *request.steps);
  constexpr const char* kNoCodes = "which samples no codes; leave it out";
  const SamplingOptions none;
  check(request.sampling.temperature == none.temperature,
        "temperature: expected none for a model that draws by flow, found {}, {}",
        request.sampling.temperature, kNoCodes);
  check(request.sampling.top_k == none.top_k,
        "top_k: expected none for a model that draws by flow, found {}, {}", request.sampling.top_k,
        kNoCodes);
  check(request.sampling.top_p == none.top_p,
        "top_p: expected none for a model that draws by flow, found {}, {}", request.sampling.top_p,
        kNoCodes);
}

}  // namespace

void check_request(const Model& model, const AnswerRequest& request) {
  check_sampling(request.sampling);
  kMaxTokens.check("max_tokens", request.max_tokens);
  kTopLogprobs.check("top_logprobs", request.top_logprobs);
  check_images(model, request.images);
  if (request.prompt_ids.empty()) {
    check_turns(request.turns, request.images.size());
  } else {
    check_places(model, request.prompt_ids, request.images.size());
  }
}

void check_request(const Model& model, const ImageRequest& request) {
  check_sampling(request.sampling);
  check_drawing(model.engine_model(), request);
  check_image_request(model, request.prompt, request.prompt_ids, request.negative_prompt, request.guidance);
}

void check_request(const Model& model, const ScoreRequest& request) {
  const bool of_image =
      !request.prompt.empty() || !request.prompt_ids.empty() || !request.codes.codes.empty();
  const bool of_answers = !request.turns.empty() || !request.answers.empty();
  check(of_image != of_answers,
        "score: expected either answers to turns or the codes of a prompt, found {}; ask twice",
        of_image ? "both" : "neither");
  if (of_image) {
    model.need_image_coder();  // says so where there are no codes
    const ModelInfo& info = model.info();
    check_codes(request.codes, info.codes_height, info.codes_width, info.codebook_size);
    check_image_request(model, request.prompt, request.prompt_ids, request.negative_prompt, request.guidance);
    return;
  }
  check_images(model, request.images);
  check_turns(request.turns, request.images.size());
  check(!request.answers.empty(), "answers: expected at least one to score, found none; give one");
  for (const std::string& answer : request.answers) check_text("answer", answer);
}

void check_options(const EngineOptions& options) {
  constexpr IntRange kFromZero{.low = 0}, kChunk{.low = 2};
  kFromZero.check("rows", options.rows);
  IntRange{.low = 0, .high = INT64_MAX}.check("cache_tokens", options.cache_tokens);
  kChunk.check("chunk_tokens", options.chunk_tokens);
  kFromZero.check("hold_ms", options.hold_ms);
  kWindows.check("answer_window", options.answer_window);
  kWindows.check("image_window", options.image_window);
}

}  // namespace janus
