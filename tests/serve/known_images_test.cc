#include "cli/serve/known_images.h"

#include <gtest/gtest.h>

#include <span>
#include <stdexcept>

#include "tests/serve/openai_service.h"

namespace janus::cli {
namespace {

// An image of as many values as its file has bytes.
PromptImage image_of(const std::string& file) {
  return std::make_shared<const std::vector<float>>(file.size(), 1.0F);
}

PromptImage ask(KnownImages& known, const std::string& file) {
  return known.find_or_make(std::as_bytes(std::span(file)), [&] { return image_of(file); });
}

bool is_known(KnownImages& known, const std::string& file) {
  try {
    known.find_or_make(std::as_bytes(std::span(file)),
                       []() -> PromptImage { throw std::runtime_error("unknown"); });
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(KnownImages, GivesTheSameObjectForTheSameFile) {
  KnownImages known;
  const PromptImage first = ask(known, "one");
  EXPECT_EQ(ask(known, "one"), first);
  EXPECT_NE(ask(known, "two"), first);
}

TEST(KnownImages, HoldsAsManyBytesAsItMay) {
  KnownImages known(10 * sizeof(float));
  ask(known, "aaaaa");
  ask(known, "bbbbb");
  EXPECT_TRUE(is_known(known, "bbbbb"));
  EXPECT_TRUE(is_known(known, "aaaaa"));
  ask(known, "c");
  EXPECT_FALSE(is_known(known, "bbbbb")) << "aaaaa was asked for behind it";
  EXPECT_TRUE(is_known(known, "aaaaa"));
  EXPECT_TRUE(is_known(known, "c"));
}

TEST(KnownImages, KeepsNoImageThatIsTooLargeForIt) {
  KnownImages known(10 * sizeof(float));
  ask(known, "aaaaa");
  EXPECT_NE(ask(known, "elevenbytes"), nullptr);
  EXPECT_FALSE(is_known(known, "elevenbytes"));
  EXPECT_TRUE(is_known(known, "aaaaa")) << "nothing has to go for it";
}

TEST(KnownImages, KeepsTheLastImagesOfMessages) {
  JANUS_NEEDS_TINY();
  OpenAiService service;
  const auto asked = [&](const std::string& question, const Image& image) {
    return service.ask("/v1/chat/completions",
                       {{"messages", {user({text_part(question), image_part(image)})}}, {"max_tokens", 8}});
  };
  const Image red = disc(255, 0, 0), blue = disc(0, 0, 255);
  const Json first = asked("What is this?", red);
  const std::vector<std::byte> file = encode_image(red, ImageFormat::png);
  KnownImages& known = service.host.model->known_images();
  const PromptImage kept = known.find_or_make(file, [] { return image_of("unknown"); });
  EXPECT_EQ(*kept, *prompt_image(red, service.model().preprocess_config()));

  const Json other = asked("What is this?", blue), again = asked("What is this?", red);
  EXPECT_EQ(again["choices"], first["choices"]);
  EXPECT_NE(other["choices"], first["choices"]);
}

}  // namespace
}  // namespace janus::cli
