// What cannot be met is refused when it is asked for, with the field's name, what was expected and what was
// found.
#include "generator/limits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "generator/conversation.h"
#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string message(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Expects an error with each of these parts.
void expect_refused(const std::function<void()>& action, std::initializer_list<const char*> parts) {
  const std::string text = message(action);
  for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
}

#define EXPECT_REFUSED(action, ...) expect_refused([&] { action; }, {__VA_ARGS__})

class LimitsTest : public testing::Test {
 protected:
  const ModelInfo& info() const { return model_->info(); }

  // A well-formed request of each kind.
  static AnswerRequest answer() { return {.turns = {{.question = "What is it?"}}, .max_tokens = 2}; }
  static ImageRequest image() { return {.prompt = "two birds"}; }
  ScoreRequest score() const { return {.prompt = "two birds", .codes = codes()}; }
  ImageCodes codes() const {
    const int side = info().codes_height;
    return {
        .height = side, .width = side, .codes = std::vector<int32_t>(static_cast<size_t>(side) * side, 1)};
  }
  static Image picture() { return {.width = 2, .height = 3, .pixels = std::vector<uint8_t>(18)}; }

  template <typename Request>
  void submit(const Request& request) {
    engine_.submit(request, {});
  }

  std::unique_ptr<Model> model_ = open_model(Checkpoint::open(JANUS_TEST_DATA "/models/grouped-query"),
                                             open_device("cpu", {.threads = 1}));
  Engine engine_{*model_};
};

TEST_F(LimitsTest, WhatIsWellFormedIsTaken) {
  EXPECT_NO_THROW(submit(answer()));
  EXPECT_NO_THROW(submit(image()));
  EXPECT_NO_THROW(submit(score()));
  ImageRequest request = image();
  request.sampling = {.temperature = 0, .top_k = 0, .top_p = 1};
  request.guidance = 0;
  EXPECT_NO_THROW(submit(request));
}

TEST_F(LimitsTest, SamplingIsHeldAgainstTheRangesOfTheCommandLine) {
  const auto refuse = [&](SamplingOptions sampling, const char* what, const char* found) {
    AnswerRequest asked = answer();
    asked.sampling = sampling;
    EXPECT_REFUSED(submit(asked), what, ": expected ", found);
    ImageRequest drawn = image();
    drawn.sampling = sampling;
    EXPECT_REFUSED(submit(drawn), what, ": expected ", found);
  };
  for (const float value : {-0.5F, kNaN, kInfinity}) {
    const std::string found = fmt::format("found {}", value);
    refuse({.temperature = value}, "temperature", found.c_str());
    refuse({.top_p = value}, "top_p", found.c_str());
  }
  refuse({.top_p = 0}, "top_p", "above 0 and at most 1, found 0");
  refuse({.top_p = 1.5F}, "top_p", "found 1.5");
  refuse({.top_k = -1}, "top_k", "a whole number of 0 or more, found -1");
}

TEST_F(LimitsTest, GuidanceAndCounts) {
  for (const float value : {-1.0F, kNaN, kInfinity}) {
    ImageRequest drawn = image();
    drawn.guidance = value;
    EXPECT_REFUSED(submit(drawn), "guidance: expected a number of 0 or more, found ");
    ScoreRequest scored = score();
    scored.guidance = value;
    EXPECT_REFUSED(submit(scored), "guidance: expected ");
    EXPECT_REFUSED(model_->generate({.prompt = "x", .guidance = value}, {}), "guidance: expected ");
  }
  for (const int count : {0, -1, 1'000'001}) {
    EXPECT_REFUSED(model_->generate({.prompt = "x", .count = count}, {}),
                   "count: expected a whole number from 1 to 1000000", std::to_string(count).c_str());
  }
  for (const int count : {0, -7}) {
    AnswerRequest asked = answer();
    asked.max_tokens = count;
    EXPECT_REFUSED(submit(asked), "max_tokens: expected a whole number of 1 or more, found ");
    EXPECT_REFUSED(model_->describe({}, {.prompt = "x", .max_tokens = count}), "max_tokens: expected ");
  }
}

TEST_F(LimitsTest, TextsAreWordsInUtf8) {
  for (const char* blank : {"", " \n\t", "\u00a0"}) {
    EXPECT_REFUSED(submit(ImageRequest{.prompt = blank}), "prompt: expected words, found ");
    EXPECT_REFUSED(submit(AnswerRequest{.turns = {{.question = blank}}}), "question: expected words, found ");
    EXPECT_REFUSED(Conversation(engine_).ask({}, {.prompt = blank}, {}, {}), "question: expected words");
    EXPECT_REFUSED(submit(ScoreRequest{.turns = {{.question = blank}}, .answers = {"x"}}),
                   "question: expected");
  }
  const std::string broken = "a\xc3(";
  EXPECT_REFUSED(submit(ImageRequest{.prompt = broken}), "prompt: expected text in UTF-8",
                 "0xc3 at offset 1");
  EXPECT_REFUSED(submit(ImageRequest{.prompt = "x", .negative_prompt = broken}),
                 "negative prompt: ", "UTF-8");
  EXPECT_REFUSED(submit(AnswerRequest{.turns = {{.question = broken}}}), "question: expected text in UTF-8");
  EXPECT_REFUSED(submit(AnswerRequest{.turns = {{.question = "x", .answer = broken}, {.question = "y"}}}),
                 "answer: expected text in UTF-8");
  EXPECT_REFUSED(submit(ScoreRequest{.turns = {{.question = "x"}}, .answers = {broken}}),
                 "answer: expected text in UTF-8");
  EXPECT_REFUSED(Conversation(engine_).ask({}, {.prompt = broken}, {}, {}),
                 "question: expected text in UTF-8");
}

TEST_F(LimitsTest, TurnsAndImagesAgree) {
  const PromptImage seen = prompt_image(picture(), model_->preprocess_config());
  const auto asked = [](std::vector<ChatTurn> turns, std::vector<PromptImage> images) {
    return AnswerRequest{.turns = std::move(turns), .images = std::move(images)};
  };
  EXPECT_REFUSED(submit(asked({}, {})), "turns: expected a question, found none");
  EXPECT_REFUSED(submit(asked({{.question = "x"}}, {seen})), "images: expected 0, as the turns say, found 1");
  EXPECT_REFUSED(submit(asked({{.question = "x", .images = 2}}, {seen})), "images: expected 2", "found 1");
  EXPECT_REFUSED(submit(asked({{.question = "x", .images = -1}}, {})), "found -1");
  EXPECT_REFUSED(submit(asked({{.question = "x", .images = 1}}, {nullptr})),
                 "expected an image at 0, found none");
  const auto few = std::make_shared<const std::vector<float>>(5);
  EXPECT_REFUSED(submit(asked({{.question = "x", .images = 1}}, {few})), "values at 0, found 5");
  EXPECT_REFUSED(submit(asked({{.question = "x", .answer = "y"}}, {})), "turns: expected a last one without");
}

TEST_F(LimitsTest, IdsAreTheModels) {
  const auto vocabulary = static_cast<int32_t>(info().vocab_size);
  for (const int32_t id : {-1, vocabulary + 1000, INT32_MIN, INT32_MAX}) {
    const std::string found = fmt::format("found {}", id);
    EXPECT_REFUSED(model_->describe({}, {.prompt_ids = {1, id}}), "expected ids below ", found.c_str());
    EXPECT_REFUSED(model_->generate({.prompt_ids = {1, id}}, {}), "expected ids below ", found.c_str());
    EXPECT_REFUSED(model_->score({.prompt_ids = {id}, .codes = codes()}), found.c_str());
  }
  const PromptImage seen = prompt_image(picture(), model_->preprocess_config());
  EXPECT_REFUSED(submit(AnswerRequest{.prompt_ids = {1, 2}, .images = {seen}}),
                 "places for the embeddings of 1", "found 0");
}

TEST_F(LimitsTest, CodesAreTheModels) {
  const auto refuse = [&](const ImageCodes& wrong, const char* expected, const char* found) {
    EXPECT_REFUSED(submit(ScoreRequest{.prompt = "x", .codes = wrong}), "codes: expected ", expected, found);
    EXPECT_REFUSED(model_->need_image_coder().decode(wrong), "codes: expected ", expected, found);
  };
  ImageCodes wrong = codes();
  --wrong.height;
  refuse(wrong, "the model's", "found");
  wrong = codes();
  wrong.codes.pop_back();
  refuse(wrong, "of them", "found");
  for (const int64_t code : {int64_t{-1}, info().codebook_size}) {
    wrong = codes();
    wrong.codes[0] = static_cast<int32_t>(code);
    refuse(wrong, "numbers from 0 to", std::to_string(code).c_str());
  }
  EXPECT_REFUSED(submit(ScoreRequest{.prompt = "x"}), "codes: expected");
  EXPECT_REFUSED(submit(ScoreRequest{.codes = codes()}), "prompt: expected words, found none");
  EXPECT_REFUSED(submit(ScoreRequest{}), "found neither");
  ScoreRequest both = score();
  both.answers = {"x"};
  EXPECT_REFUSED(submit(both), "found both");
  EXPECT_REFUSED(submit(ScoreRequest{.turns = {{.question = "x"}}}), "answers: expected at least one");
}

TEST_F(LimitsTest, ImagesHaveTheirPixels) {
  Image wrong = picture();
  wrong.pixels.pop_back();
  EXPECT_REFUSED(model_->describe({&wrong, 1}, {}),
                 "picture: expected 3 bytes a pixel, 18 for 2 x 3, found 17");
  EXPECT_REFUSED(model_->need_image_coder().encode(wrong), "picture: expected 3 bytes a pixel");
  EXPECT_REFUSED(model_->need_image_embedder().embed(wrong, EmbedStage::vision), "picture: expected 3 bytes");
  EXPECT_REFUSED(model_->describe(std::vector<Image>(1), {}), "found 0 x 0");
}

TEST_F(LimitsTest, EnginesAndDevices) {
  EXPECT_REFUSED(Engine(*model_, {.rows = -1}), "rows: expected a whole number of 0 or more, found -1");
  EXPECT_REFUSED(Engine(*model_, {.cache_tokens = -1}), "cache_tokens: expected", "found -1");
  EXPECT_REFUSED(Engine(*model_, {.chunk_tokens = 1}), "chunk_tokens: expected a whole number of 2 or more");
  EXPECT_REFUSED(Engine(*model_, {.hold_ms = -1}), "hold_ms: expected");
  EXPECT_REFUSED(engine_.open_session(-1), "session", "found -1");
  EXPECT_REFUSED(engine_.open_session(info().context_length + 1), "session", "a whole number from 1 to ");
  for (const int threads : {-1, 1025}) {
    EXPECT_REFUSED(open_device("cpu", {.threads = threads}),
                   "threads: expected a whole number from 1 to 1024");
  }
}

}  // namespace
}  // namespace janus
