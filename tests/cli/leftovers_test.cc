// What killed runs leave, and model files that change under a run.
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

class Leftovers : public InFolder {
 protected:
  static bool wait_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(50);
    while (!condition() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return condition();
  }
  // A copy of the small model that a test may damage; its file of weights.
  std::string copy_model() const {
    std::filesystem::copy(kModel, path("model"));
    for (const auto& entry : std::filesystem::directory_iterator(path("model"))) {
      if (entry.path().extension() == ".safetensors") return entry.path().string();
    }
    ADD_FAILURE() << "no weights";
    return {};
  }
  Process generate_without_end() const {
    return Process({"generate", "x", "-o", path("x.png"), "-b", "100000", "-q", "-m", path("model")});
  }
  bool has_image() const { return std::filesystem::exists(path("x-000.png")); }
};

TEST_F(Leftovers, OfAKilledRunGoWithTheNext) {
  if (!JANUS_WITH_SENTENCEPIECE) GTEST_SKIP() << "the built-in model needs SentencePiece";
  Process killed({"quantize", "-o", path("m.gguf"), "--type", "q4_k"});
  ASSERT_TRUE(wait_until([&] { return !names().empty(); }));
  // What is being written stays.
  ASSERT_EQ(run({"quantize", kModel, "-o", path("other.gguf"), "--type", "q8_0", "-q"}).code, 0);
  killed.end_at_once();
  killed.finish();
  EXPECT_EQ(names().size(), 2U);
  ASSERT_EQ(run({"quantize", kModel, "-o", path("m.gguf"), "--type", "q8_0", "-q"}).code, 0);
  EXPECT_EQ(names(), (std::vector<std::string>{"m.gguf", "other.gguf"}));
}

TEST_F(Leftovers, OfSidecarsAndConversationsGoToo) {
  image_file("a.png");
  std::filesystem::create_directory(path("chats"));
  write_file(path(".janus-tmp-1-2"), "half");
  write_file(path("chats/.janus-tmp-1-2"), "half");
  EXPECT_EQ(run_model({"caption", path("a.png"), "-n", "1", "-q", "--sidecar", ".txt"}).code, 0);
  EXPECT_EQ(names(), (std::vector<std::string>{"a.png", "a.txt", "chats"}));
  EXPECT_EQ(run_model({"chat", "-n", "1", "-q", "--save", path("chats/c.json")}, {.input = "a\n"}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(path("chats/.janus-tmp-1-2")));
}

TEST_F(Leftovers, AModelThatIsCutShortIsOneLine) {
  const std::string weights = copy_model();
  Process process = generate_without_end();
  ASSERT_TRUE(wait_until([&] { return has_image(); }));
  ASSERT_EQ(truncate(weights.c_str(), 0), 0);
  const Result result = process.finish();
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find(weights + ": "), std::string::npos) << result.err;
}

TEST_F(Leftovers, AModelThatIsWrittenToIsToldAtTheEnd) {
  const std::string weights = copy_model();
  Process process({"generate", "x", "-o", path("x.png"), "-b", "30", "-q", "-m", path("model")});
  ASSERT_TRUE(wait_until([&] { return has_image(); }));
  std::ofstream(weights, std::ios::app) << "more";
  const Result result = process.finish();
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find(weights + ": "), std::string::npos) << result.err;
}

TEST_F(Leftovers, AModelInWhosePlaceAnotherIsPutIsNone) {
  const std::string weights = copy_model();
  Process process({"generate", "x", "-o", path("x.png"), "-b", "30", "-q", "-m", path("model")});
  ASSERT_TRUE(wait_until([&] { return has_image(); }));
  write_file(path("new"), "another");
  std::filesystem::rename(path("new"), weights);
  const Result result = process.finish();
  EXPECT_EQ(result.code, 0) << result.err;
}

}  // namespace
}  // namespace janus::test
