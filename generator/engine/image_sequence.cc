// An image of a prompt.
#include <utility>

#include "core/base/error.h"
#include "generator/engine/code_guesses.h"
#include "generator/engine/flow_sequence.h"
#include "generator/engine/sequence.h"

namespace janus {
namespace {

// An image takes codes behind its prompt, or the tokens of a latent.
void check_image_fits(const EngineModel& model, std::string_view what, std::span<const int32_t> ids) {
  const int64_t context = model.language_model().config().max_position_embeddings;
  const LatentFlow* flow = model.latent_flow();
  const int64_t own = flow != nullptr ? flow->tokens() : model.code_lines() * model.codes_per_line();
  const auto length = static_cast<int64_t>(ids.size());
  check(length + own <= context,
        "{}: expected at most {} tokens, so that the {} {} of an image fit the context of {}, found {}; "
        "shorten "
        "the prompt",
        what, context - own, own, flow != nullptr ? "tokens" : "codes", context, length);
}

class ImageSequence : public Sequence {
 public:
  ImageSequence(const EngineModel& model, ImageRequest request, ImageSink sink)
      : model_(&model), sink_(std::move(sink)), guesses_(model.codes_per_line()) {
    kind = TokenKind::code;
    sampling = request.sampling;
    guidance = request.guidance.value_or(model.image_defaults().guidance);
    codes_ = {.height = static_cast<int>(model.code_lines()),
              .width = static_cast<int>(model.codes_per_line()),
              .codes = {}};
    most = model.code_lines() * model.codes_per_line();
    room = most - 1;  // the last code is never read
    rows = image_rows(model, request);
  }

  void take(int32_t code) override {
    sampled.push_back(code);
    const auto count = static_cast<int64_t>(sampled.size());
    ended = count == most;
    if (ended) timings.decode_ms += watch.lap_ms();
    report("drawing", count, most);
    if (!ended && count % codes_.width == 0) tell_line();
  }

  std::vector<int32_t> guesses(int64_t count) override { return guesses_.next(sampled, count); }
  bool improves_guesses() const override { return true; }
  void set_guesses(std::span<const int32_t> behind) override {
    guesses_.set(static_cast<int64_t>(sampled.size()), behind);
  }

  bool finishes_later() const override { return true; }

  void finish(const EngineModel& model, KvCache&, const LayerHook& on_layer) override {
    count_speed();
    codes_.codes = std::move(sampled);
    report("decoding the picture", 0, 0);
    watch.lap_ms();
    GeneratedImage made{
        .seed = sampling.seed, .image = model.make_image(codes_, on_layer), .codes = {}, .timings = {}};
    timings.image_decode_ms = watch.lap_ms();
    made.codes = std::move(codes_);
    made.timings = timings;
    if (sink_.on_done) sink_.on_done(made);
  }

  void fail(std::exception_ptr why) override {
    if (sink_.on_error) sink_.on_error(std::move(why));
  }

  void report(const char* phase, int64_t done, int64_t total) override {
    if (sink_.on_progress) sink_.on_progress(phase, done, total);
  }

 private:
  void tell_line() {
    if (!sink_.on_line) return;
    timings.decode_ms += watch.lap_ms();
    const int width = codes_.width;
    const ImageSoFar so_far{
        .lines = static_cast<int>(sampled.size()) / width, .all_lines = codes_.height, .make = [this] {
          ImageCodes part = codes_;
          part.codes = sampled;
          return model_->make_image(part, {});
        }};
    sink_.on_line(so_far);
    watch.lap_ms();  // what the caller does with an image is its own
  }

  const EngineModel* model_;
  ImageSink sink_;
  ImageCodes codes_;
  CodeGuesses guesses_;
};

}  // namespace

std::vector<PromptRow> image_rows(const EngineModel& model, const ImageRequest& request) {
  const bool guided = request.guidance.value_or(model.image_defaults().guidance) != 1.0F;
  check(
      guided || request.negative_prompt.empty(),
      "negative prompt: expected a guidance other than 1, found 1, which leads away from nothing; raise the "
      "guidance");
  std::vector<PromptRow> rows(guided ? 2 : 1);
  rows[0].ids = request.prompt_ids.empty() ? model.image_prompt(request.prompt, request.special_tokens)
                                           : request.prompt_ids;
  check_image_fits(model, "prompt", rows[0].ids);
  if (guided) {
    rows[1].ids = request.negative_prompt.empty()
                      ? model.unconditional_prompt(rows[0].ids)
                      : model.image_prompt(request.negative_prompt, request.special_tokens);
    check_image_fits(model, "negative prompt", rows[1].ids);
  }
  return rows;
}

void check_image_prompt(const EngineModel& model, const ImageRequest& request) { image_rows(model, request); }

std::shared_ptr<Sequence> make_image(const EngineModel& model, ImageRequest request, ImageSink sink) {
  if (model.latent_flow() != nullptr)
    return std::make_shared<FlowSequence>(model, std::move(request), std::move(sink));
  return std::make_shared<ImageSequence>(model, std::move(request), std::move(sink));
}

}  // namespace janus
