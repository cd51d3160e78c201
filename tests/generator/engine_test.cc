// The running batch: what a request gets is what it gets alone, whoever joins, leaves, is cancelled or fails
// beside it.
#include "generator/engine/engine.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <thread>

#include "core/base/error.h"
#include "generator/engine/enough.h"
#include "tests/generator/engine_requests.h"
#include "tests/generator/engine_schedules.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

class EngineTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    if (name == "janus-tiny" && JANUS_WITH_SENTENCEPIECE == 0) {
      GTEST_SKIP() << "its tokenizer needs SentencePiece";
    }
    const std::string folder = name == "janus-tiny" ? JANUS_SOURCE_DIR "/samples/janus-tiny/model"
                                                    : JANUS_TEST_DATA "/models/" + name;
    model_ = open_model(Checkpoint::open(folder), oracle::test_device({.threads = 1}));
  }

  std::vector<PromptImage> look(std::vector<int> indices) const {
    std::vector<Image> images;
    for (const int index : indices) images.push_back(test_image(index));
    return test::prompt_images(*model_, images);
  }

  // Requests of all kinds, some of which share images, questions and prompts, with what each gives alone.
  std::vector<Asked> requests() const {
    std::vector<Asked> all;
    const auto answer = [&](const char* question, std::vector<PromptImage> images, int tokens,
                            SamplingOptions sampling) {
      Asked asked;
      const auto count = static_cast<int>(images.size());
      asked.answer = AnswerRequest{.turns = {{.question = question, .images = count}},
                                   .images = std::move(images),
                                   .max_tokens = tokens,
                                   .sampling = sampling};
      all.push_back(std::move(asked));
    };
    const auto image = [&](const char* prompt, float guidance, SamplingOptions sampling) {
      Asked asked;
      asked.image = ImageRequest{.prompt = prompt, .guidance = guidance, .sampling = sampling};
      all.push_back(std::move(asked));
    };
    const SamplingOptions greedy{.temperature = 0.0F}, warm{.temperature = 3.0F, .seed = 7};
    const std::vector<PromptImage> first = look({0}), second = look({1}), both = {first[0], second[0]};
    answer("What is it?", first, 7, greedy);
    answer("Which colour has the thing in the middle?", first, 9, warm);
    answer("What is it?", second, 24, warm);
    answer("Look at <image_placeholder> and say what it is.", second, 5, greedy);
    answer("What has changed?", both, 6, {.temperature = 0.8F, .top_k = 5, .seed = 3});
    answer("Say something.", {}, 12, {.temperature = 1.0F, .top_p = 0.7F, .seed = 9});
    image("two birds", 5.0F, {.seed = 7});
    image("two birds", 5.0F, {.seed = 8});
    image("two birds", 1.0F, {.top_k = 3, .seed = 7});
    image("a much longer prompt about three quiet lakes", 2.5F, {.temperature = 0.0F});
    for (const char* negative : {"a", "four loud and very angry geese on a lake"}) {
      Asked led_away;
      led_away.image = ImageRequest{
          .prompt = "two birds", .negative_prompt = negative, .guidance = 4.0F, .sampling = {.seed = 7}};
      all.push_back(std::move(led_away));
    }
    Asked scored;
    scored.score = ScoreRequest{.turns = {{.question = "What is it?", .images = 1}},
                                .images = first,
                                .answers = {"Yes", "a longer answer of several words", "No"}};
    all.push_back(std::move(scored));
    for (Asked& asked : all) alone(*model_, asked);
    Asked codes;
    const int side = model_->info().codes_height;
    codes.score = ScoreRequest{.prompt = "two birds",
                               .codes = {.height = side, .width = side, .codes = all[6].ids},
                               .guidance = 5.0F};
    alone(*model_, codes);
    all.push_back(std::move(codes));
    return all;
  }

  std::unique_ptr<Model> model_;
};

TEST_P(EngineTest, RandomMixturesGiveWhatEachGivesAlone) {
  // The built-in model is asked most: it ends answers by itself.
  int schedules = std::string(GetParam()) == "janus-tiny" ? 1000 : 150;
  if (oracle::traits().has_own_memory) schedules = 3;
  run_schedules(*model_, requests(), schedules);
}

TEST_P(EngineTest, ManyAtOnceGiveWhatEachGivesAlone) { expect_alone_at_once(*model_, requests()); }

TEST_P(EngineTest, EveryWindowGivesTheSame) {
  for (const Asked& asked : requests()) {
    if (asked.score) continue;
    for (const int window : {0, 2, 3, 8, 16, 64}) {
      SCOPED_TRACE(testing::Message() << "window " << window);
      Engine engine(*model_, {.answer_window = window, .image_window = window});
      Outcome outcome;
      submit(engine, asked, outcome);
      while (engine.step()) {
      }
      expect_alone(outcome, asked);
    }
  }
}

TEST_P(EngineTest, QuestionsOfOneImageShareIt) {
  const std::vector<PromptImage> image = look({0});
  Engine engine(*model_);
  std::vector<Answer> answers(3);
  for (size_t i = 0; i < answers.size(); ++i) {
    engine.submit(
        AnswerRequest{.turns = {{.question = "What is it, " + std::to_string(i) + "?", .images = 1}},
                      .images = image,
                      .max_tokens = 3},
        {.on_done = [&, i](Answer& answer) { answers[i] = answer; }});
  }
  while (engine.step()) {
  }
  EXPECT_GT(answers[0].timings.vision_ms, 0);
  for (const size_t i : {1U, 2U}) {
    EXPECT_FALSE(answers[i].ids.empty());
    EXPECT_EQ(answers[i].timings.vision_ms, 0) << "it was looked at for the first question";
  }
}

TEST_P(EngineTest, AnswersTellHowLikelyTheirTokensWere) {
  AnswerRequest request{.turns = {{.question = "What is it?", .images = 1}},
                        .images = look({0}),
                        .max_tokens = 7,
                        .sampling = {.temperature = 0.0F}};
  Engine engine(*model_);
  const Answer plain = engine.answer(request);
  EXPECT_TRUE(plain.tokens.empty());
  request.logprobs = true;
  request.top_logprobs = 3;
  std::vector<int32_t> told;
  const Answer answer =
      engine.answer(request, {.on_token = [&](const SampledToken& token) { told.push_back(token.id); }});
  EXPECT_EQ(answer.ids, plain.ids);
  EXPECT_EQ(told, plain.ids);
  ASSERT_EQ(answer.tokens.size(), answer.ids.size());
  for (size_t i = 0; i < answer.tokens.size(); ++i) {
    const SampledToken& token = answer.tokens[i];
    EXPECT_EQ(token.id, answer.ids[i]);
    ASSERT_EQ(token.top.size(), 3U);
    EXPECT_EQ(token.top[0].id, token.id) << "the likeliest was taken";
    EXPECT_EQ(token.top[0].logprob, token.logprob);
    EXPECT_GE(token.top[1].logprob, token.top[2].logprob);
  }
  // The same text, read anew, may be other tokens.
  const Score score =
      engine.score({.turns = request.turns, .images = request.images, .answers = {answer.text}}).front();
  if (std::string(GetParam()) == "janus-tiny") {
    ASSERT_EQ(score.ids, answer.ids);
    for (size_t i = 0; i < score.ids.size(); ++i) {
      EXPECT_NEAR(answer.tokens[i].logprob, score.logprobs[i], 1e-3);
    }
  }
  request.top_logprobs = 21;
  EXPECT_THROW(engine.answer(request), Error);
}

TEST_P(EngineTest, AnswersEndWithTheContext) {
  // A prompt that leaves room for a few tokens.
  const int64_t context = model_->info().context_length;
  const std::vector<int32_t> prompt(static_cast<size_t>(context - 3), 25);
  const Answer answer = Engine(*model_).answer(
      {.prompt_ids = prompt, .max_tokens = 100, .sampling = {.temperature = 1e4F, .seed = 2}});
  EXPECT_LE(answer.ids.size(), 3U);
  EXPECT_TRUE(answer.ids.size() == 3U || answer.finish_reason == FinishReason::stop);
}

TEST_P(EngineTest, AnswersEndWhereTheirSinkHasEnough) {
  Engine engine(*model_);
  const AnswerRequest request{.turns = {{.question = "Say something."}},
                              .max_tokens = 9,
                              .sampling = {.temperature = 1.0F, .seed = 9}};
  const Answer whole = engine.answer(request);
  ASSERT_GT(whole.ids.size(), 4U);
  size_t pieces = 0;
  const Answer cut = engine.answer(request, {.on_text = [&](std::string_view) {
                                     if (++pieces == 2) throw Enough();
                                   }});
  EXPECT_LT(cut.ids.size(), whole.ids.size());
  EXPECT_EQ(cut.ids, std::vector<int32_t>(whole.ids.begin(), whole.ids.begin() + std::ssize(cut.ids)));
  EXPECT_EQ(cut.finish_reason, FinishReason::stop);
  EXPECT_GT(cut.timings.decode_ms, 0);
  EXPECT_EQ(engine.load().running, 0);
}

TEST_P(EngineTest, WhatCanNeverBeMetIsRefusedWithTheNumbers) {
  const auto message = [](const std::function<void()>& action) -> std::string {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::vector<int32_t> too_long(static_cast<size_t>(model_->info().context_length), 25);
  Engine engine(*model_);
  EXPECT_NE(
      message([&] { engine.submit(AnswerRequest{.prompt_ids = too_long}, {}); }).find("expected at most"),
      std::string::npos);
  EXPECT_NE(message([&] { engine.submit(ImageRequest{.prompt_ids = too_long}, {}); }).find("fit the context"),
            std::string::npos);
  Engine small(*model_, {.cache_tokens = 4});
  const std::string refused = message([&] {
    small.submit(AnswerRequest{.prompt_ids = {25, 26, 27}, .max_tokens = 9}, {});
  });
  EXPECT_NE(refused.find("at most 4 tokens"), std::string::npos) << refused;
  EXPECT_NE(refused.find("found 12"), std::string::npos) << refused;
  EXPECT_FALSE(small.step());
}

TEST_P(EngineTest, ANegativePromptIsThePromptOfTheUnconditionalRow) {
  // Guidance 0 leaves nothing of the conditional row, guidance 1 nothing of the other.
  Engine engine(*model_);
  const auto codes = [&](const char* prompt, const char* negative, float guidance) {
    const ImageRequest request{
        .prompt = prompt, .negative_prompt = negative, .guidance = guidance, .sampling = {.seed = 5}};
    return engine.generate(request).codes.codes;
  };
  const std::vector<int32_t> geese = codes("four loud geese", "", 1.0F);
  EXPECT_EQ(codes("two birds", "four loud geese", 0.0F), geese);
  EXPECT_EQ(codes("a very much longer prompt about two birds", "four loud geese", 0.0F), geese);
  EXPECT_NE(codes("two birds", "", 0.0F), geese);
  EXPECT_NE(codes("two birds", "four loud geese", 3.0F), codes("two birds", "", 3.0F));
  EXPECT_THROW(codes("two birds", "four loud geese", 1.0F), Error);
  ScoreRequest score{.prompt = "two birds", .negative_prompt = "four loud geese", .guidance = 0.0F};
  score.codes = {.height = model_->info().codes_height, .width = model_->info().codes_width, .codes = geese};
  ScoreRequest alone = score;
  alone.prompt = "four loud geese";
  alone.negative_prompt = "";
  alone.guidance = 1.0F;
  EXPECT_EQ(engine.score(score).front().logprobs, engine.score(alone).front().logprobs);
}

TEST_P(EngineTest, RequestsComeFromAnyThread) {
  const std::vector<Asked> all = requests();
  Engine engine(*model_);
  std::thread runner([&] { engine.run(); });
  std::vector<std::unique_ptr<Outcome>> outcomes(all.size());
  std::vector<std::thread> askers;
  std::atomic<int> left{static_cast<int>(all.size())};
  for (size_t i = 0; i < all.size(); ++i) {
    outcomes[i] = std::make_unique<Outcome>();
    askers.emplace_back([&, i] {
      submit(engine, all[i], *outcomes[i]);
      --left;
    });
  }
  for (std::thread& asker : askers) asker.join();
  // The last one is cancelled, and then the engine stopped while others may run.
  Outcome last;
  const RequestId id = submit(engine, all[6], last);
  engine.cancel(id);
  while (engine.load().running + engine.load().waiting > 0) std::this_thread::yield();
  engine.stop();
  runner.join();
  EXPECT_EQ(last.told, 1);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(outcomes[i]->told, 1);
    if (outcomes[i]->done) expect_alone(*outcomes[i], all[i]);
  }
  EXPECT_THROW(submit(engine, all[0], last), Error) << "after stop()";
}

TEST_P(EngineTest, WhatIsUnderWayWhenItStopsEndsWithAnError) {
  const std::vector<Asked> all = requests();
  Outcome running, waiting;
  {
    Engine engine(*model_, {.rows = 1});
    submit(engine, all[6], running);
    submit(engine, all[7], waiting);
    engine.step();
  }
  for (const Outcome* outcome : {&running, &waiting}) {
    EXPECT_EQ(outcome->told, 1);
    EXPECT_NE(outcome->other.find("stopped"), std::string::npos) << outcome->other;
  }
}

TEST_P(EngineTest, RequestsBeginInTheOrderTheyCame) {
  Engine engine(*model_, {.rows = 2});
  std::vector<int> ended;
  for (int i = 0; i < 6; ++i) {
    engine.submit(ImageRequest{.prompt_ids = {25, 24, 23}, .sampling = {.seed = static_cast<uint32_t>(i)}},
                  {.on_done = [&ended, i](GeneratedImage&) { ended.push_back(i); }});
  }
  while (engine.step()) {
  }
  EXPECT_EQ(ended, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST_P(EngineTest, ASessionIsForOneRequestAtATime) {
  Engine engine(*model_);
  const std::shared_ptr<Session> session = engine.open_session(64);
  const AnswerRequest request{.prompt_ids = {25, 26, 27}, .max_tokens = 4, .session = session};
  int done = 0;
  engine.submit(request, {.on_done = [&](Answer&) { ++done; }});
  EXPECT_THROW(engine.submit(request, {}), Error);
  while (engine.step()) {
  }
  EXPECT_EQ(done, 1);
  const int64_t held = session->length();
  EXPECT_GE(held, 3);
  // A turn that is cancelled or whose sink throws never was.
  engine.submit(request, {.on_progress = [](const char*, int64_t, int64_t) { throw SinkFault(); }});
  while (engine.step()) {
  }
  EXPECT_EQ(session->length(), held);
  const RequestId id = engine.submit(request, {});
  engine.cancel(id);
  while (engine.step()) {
  }
  EXPECT_EQ(session->length(), held);
  EXPECT_NO_THROW(engine.answer(request));
  EXPECT_GT(session->length(), held);
}

INSTANTIATE_TEST_SUITE_P(Models, EngineTest,
                         testing::Values("janus-tiny", "grouped-query", "original-pro", "original-1.3b",
                                         "tied-mixed"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace janus
