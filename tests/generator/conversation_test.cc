// What must hold of conversations, on small random checkpoints.
#include "generator/conversation.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/base/error.h"
#include "generator/prompt.h"

namespace janus {
namespace {

std::unique_ptr<Model> open(const std::string& name) {
  return open_model(Checkpoint::open(JANUS_TEST_DATA "/models/" + name), open_device("cpu", {}),
                    {.type = WeightType::f32});
}

Image test_image(int seed) {
  Image image{.width = 20, .height = 14, .pixels = {}};
  for (int i = 0; i < 20 * 14 * 3; ++i) image.pixels.push_back(static_cast<uint8_t>((i + seed) * 37 % 251));
  return image;
}

Answer say(Conversation& conversation, std::span<const Image> images, const std::string& text) {
  return conversation.ask(images, {.prompt = text, .max_tokens = 6}, nullptr, nullptr);
}

class Conversations : public testing::TestWithParam<const char*> {};

TEST_P(Conversations, TheFirstTurnIsDescribe) {
  const auto model = open(GetParam());
  Engine engine(*model);
  Conversation conversation(engine);
  const Image image = test_image(1);
  EXPECT_EQ(say(conversation, {&image, 1}, "What?").ids,
            model->describe({&image, 1}, {.prompt = "What?", .max_tokens = 6}, nullptr, nullptr).ids);
}

TEST_P(Conversations, ALaterTurnIsWhatReadingEverythingAnewGives) {
  const auto model = open(GetParam());
  const SpecialIds special = find_special_ids(model->tokenizer());
  const int64_t tokens = model->info().image_tokens;
  Engine engine(*model);
  Conversation conversation(engine);
  const std::vector<Image> images{test_image(1), test_image(2)};
  std::vector<int32_t> ids = understanding_prompt(model->tokenizer(), special, "What is it?", 1, tokens);
  Answer answer = say(conversation, {images.data(), 1}, "What is it?");
  for (int turn = 0; turn < 3; ++turn) {
    // Turn 1 brings the second image.
    const int shown = turn == 1 ? 1 : 0;
    const std::vector<int32_t> next =
        next_turn_prompt(model->tokenizer(), special, "And now, 2?", shown, tokens);
    ids.insert(ids.end(), answer.ids.begin(), answer.ids.end());
    ids.push_back(special.end);
    ids.insert(ids.end(), next.begin(), next.end());
    answer = say(conversation, {images.data() + 1, static_cast<size_t>(shown)}, "And now, 2?");
    const size_t seen = turn == 0 ? 1 : 2;
    EXPECT_EQ(answer.ids, model->describe({images.data(), seen}, {.prompt_ids = ids, .max_tokens = 6}).ids)
        << turn;
  }
  EXPECT_GT(conversation.tokens(), static_cast<int64_t>(ids.size()) - 1);
}

TEST_P(Conversations, TurnsHaveNoSystemPromptOrBeginTokenAgain) {
  const auto model = open(GetParam());
  const TextTokenizer& tokenizer = model->tokenizer();
  const std::vector<int32_t> first = understanding_prompt(tokenizer, find_special_ids(tokenizer), "Hi", 0, 4);
  const std::vector<int32_t> next = next_turn_prompt(tokenizer, find_special_ids(tokenizer), " Hi ", 0, 4);
  ASSERT_LT(next.size(), first.size());
  EXPECT_NE(next.front(), first.front());
  // What follows the system prompt and its empty line is the turn.
  EXPECT_EQ(std::vector<int32_t>(first.end() - static_cast<int64_t>(next.size()) + 1, first.end()),
            std::vector<int32_t>(next.begin() + 1, next.end()));
}

TEST_P(Conversations, ATurnThatBreaksOffNeverWas) {
  const auto model = open(GetParam());
  Engine engine(*model);
  Conversation broken(engine), whole(engine);
  const Image image = test_image(1);
  EXPECT_EQ(say(broken, {&image, 1}, "One").ids, say(whole, {&image, 1}, "One").ids);
  const int64_t tokens = broken.tokens();
  EXPECT_THROW(broken.ask({&image, 1}, {.prompt = "Two"}, nullptr,
                          [](const char*, int64_t, int64_t) { throw std::runtime_error("enough"); }),
               std::runtime_error);
  EXPECT_THROW(say(broken, {}, std::string(30000, 'z')), Error);
  EXPECT_EQ(broken.tokens(), tokens);
  EXPECT_EQ(say(broken, {}, "Three").ids, say(whole, {}, "Three").ids);
  broken.reset();
  EXPECT_EQ(broken.tokens(), 0);
  Conversation fresh(engine);
  EXPECT_EQ(say(broken, {&image, 1}, "Four").ids, say(fresh, {&image, 1}, "Four").ids);
}

TEST_P(Conversations, ATurnTakenBackNeverWas) {
  const auto model = open(GetParam());
  Engine engine(*model);
  Conversation conversation(engine);
  const Image image = test_image(1);
  EXPECT_THROW(conversation.undo(), Error);
  const Answer first = say(conversation, {&image, 1}, "One?");
  const int64_t tokens = conversation.tokens();
  const Answer second = say(conversation, {&image, 1}, "Two?");
  const Answer third = say(conversation, {}, "Three?");
  conversation.undo();
  EXPECT_EQ(say(conversation, {}, "Three?").ids, third.ids);
  conversation.undo();
  conversation.undo();
  EXPECT_EQ(conversation.tokens(), tokens);
  EXPECT_EQ(conversation.turns(), 1U);
  EXPECT_EQ(say(conversation, {&image, 1}, "Two?").ids, second.ids);
  conversation.undo();
  conversation.undo();
  EXPECT_EQ(conversation.tokens(), 0);
  EXPECT_EQ(say(conversation, {&image, 1}, "One?").ids, first.ids);
}

TEST_P(Conversations, ATurnThatIsToldIsAsIfItHadBeenAsked) {
  const auto model = open(GetParam());
  Engine engine(*model);
  Conversation asked(engine), told(engine), in_words(engine);
  const Image image = test_image(1);
  const auto tell = [&](Conversation& to, const std::vector<Image>& images, const std::string& question,
                        const Answer& answer, bool with_ids) {
    Conversation::Told turn{.question = question,
                            .images = {},
                            .answer = answer.text,
                            .answer_ids = with_ids ? answer.ids : std::vector<int32_t>{1 << 30}};
    for (const Image& shown : images) turn.images.push_back(prompt_image(shown, model->preprocess_config()));
    to.tell(std::move(turn));
  };
  const Answer first = say(asked, {&image, 1}, "One?");
  tell(told, {image}, "One?", first, true);
  tell(in_words, {image}, "One?", first, false);
  EXPECT_EQ(told.tokens(), asked.tokens());
  EXPECT_GT(in_words.tokens(), 0);
  const Answer second = say(asked, {}, "Two?");
  tell(told, {}, "Two?", second, true);
  EXPECT_EQ(told.tokens(), asked.tokens());
  const Answer third = say(asked, {&image, 1}, "Three?");
  EXPECT_EQ(say(told, {&image, 1}, "Three?").ids, third.ids);
  // Back to where nothing is read, and on from there.
  told.undo();
  told.undo();
  EXPECT_EQ(say(told, {}, "Two?").ids, second.ids);
  EXPECT_EQ(told.turns(), 2U);
}

TEST_P(Conversations, WhatIsToldMustFit) {
  const auto model = open(GetParam());
  Engine engine(*model);
  Conversation conversation(engine);
  std::string words;
  for (int i = 0; i < 3000; ++i) words += "again ";
  EXPECT_THROW(conversation.tell({.question = "One?", .images = {}, .answer = words, .answer_ids = {}}),
               ConversationFull);
  EXPECT_EQ(conversation.tokens(), 0);
  EXPECT_EQ(conversation.turns(), 0U);
}

TEST_P(Conversations, AFullConversationSaysSo) {
  const auto model = open(GetParam());
  Engine engine(*model);
  Conversation conversation(engine);
  bool full = false;
  for (int turn = 0; turn < 400 && !full; ++turn) {
    try {
      say(conversation, {}, "again and again and again and again");
    } catch (const Error& error) {
      full = std::string(error.what()).find("begin a new one") != std::string::npos;
      EXPECT_TRUE(full) << error.what();
    }
    EXPECT_LE(conversation.tokens(), conversation.capacity());
  }
  EXPECT_TRUE(full);
}

INSTANTIATE_TEST_SUITE_P(RandomCheckpoints, Conversations, testing::Values("tied-mixed", "original-1.3b"),
                         [](const auto& test) { return test.index == 0 ? "tokens" : "words"; });

}  // namespace
}  // namespace janus
