#include "generator/messages.h"

#include <gtest/gtest.h>

#include "generator/model.h"

namespace janus {
namespace {

const PromptImage kImage = std::make_shared<const std::vector<float>>(1);

Message says(Role role, std::vector<MessagePart> parts) {
  return {.role = role, .parts = std::move(parts), .path = "messages[0]"};
}
MessagePart text(const char* words) { return {.text = words}; }
MessagePart image() { return {.image = kImage}; }

TEST(Messages, ImagesStandBeforeTheWordsUnlessWordsStandOnBothSides) {
  for (const auto& parts : {std::vector{text("What is it?"), image()},
                            {image(), text("What is it?")},
                            {text(" "), image(), text("What is it?")}}) {
    const ChatTurn turn = answer_request({says(Role::user, parts)}).turns.at(0);
    EXPECT_EQ(turn.question, "What is it?");
    EXPECT_EQ(turn.images, 1);
    EXPECT_FALSE(turn.marked_places);
  }
  const ChatTurn placed =
      answer_request({says(Role::user, {text("This"), image(), text("or this?"), image()})}).turns.at(0);
  EXPECT_EQ(placed.question, "This\n<image_placeholder>\nor this?\n<image_placeholder>");
  EXPECT_EQ(placed.images, 2);
  EXPECT_TRUE(placed.marked_places);
}

TEST(Messages, WordsNeverMakeAPlace) {
  const ChatTurn turn =
      answer_request({says(Role::user, {text("a <image_placeholder> b"), image(), text("c")})}).turns.at(0);
  EXPECT_FALSE(turn.marked_places);
  EXPECT_EQ(turn.images, 1);
  // Nor do those that only become one when they are joined.
  const ChatTurn split =
      answer_request({says(Role::user, {text("<image_"), text("placeholder>"), image(), text("c")})})
          .turns.at(0);
  EXPECT_EQ(split.question.find("<image_placeholder>"), split.question.rfind("<image_placeholder>"));
}

TEST(Messages, MessagesBecomeTurns) {
  const AnswerRequest request = answer_request({
      says(Role::system, {text("Be brief.")}),
      says(Role::user, {image(), text("One?")}),
      says(Role::assistant, {text("Yes."), image()}),
      says(Role::system, {text("In English.")}),
      says(Role::user, {text("Two?")}),
      says(Role::user, {text("Or three?")}),
  });
  ASSERT_EQ(request.turns.size(), 2U);
  EXPECT_EQ(request.turns[0].system, "Be brief.\n\nIn English.");
  EXPECT_EQ(request.turns[0].question, "One?");
  EXPECT_EQ(request.turns[0].answer, "Yes.");
  EXPECT_EQ(request.turns[1].images, 1) << "the answer's";
  EXPECT_TRUE(request.turns[1].question.starts_with("Two?"));
  EXPECT_TRUE(request.turns[1].question.ends_with("\n\nOr three?")) << request.turns[1].question;
  EXPECT_EQ(request.images.size(), 2U);
}

TEST(Messages, AnImageAloneIsAskedAbout) {
  EXPECT_EQ(answer_request({says(Role::user, {image()})}).turns[0].question, DescribeOptions{}.prompt);
}

TEST(Messages, RefusesWhatNobodyCanAnswer) {
  const std::vector<std::vector<Message>> cases{
      {},
      {says(Role::system, {text("Be brief.")})},
      {says(Role::user, {})},
      {says(Role::user, {text("\n")})},
      {says(Role::assistant, {text("Yes.")}), says(Role::user, {text("One?")})},
      {says(Role::user, {text("One?")}), says(Role::assistant, {text("Yes.")})},
  };
  for (const auto& messages : cases) EXPECT_THROW(answer_request(messages), MessageFault);
  try {
    answer_request({says(Role::user, {})});
  } catch (const MessageFault& error) {
    EXPECT_NE(std::string(error.what()).find("expected words or an image"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(role_of("tool", "messages[0].role"), MessageFault);
}

}  // namespace
}  // namespace janus
