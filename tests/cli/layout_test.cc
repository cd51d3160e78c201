// janus generate --layout: the prompt files of GenEval and DPG-Bench, and the folders that their scorers
// read.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

// Lines as evaluation_metadata.jsonl has them.
const std::string kBench =
    R"({"tag": "single_object", "include": [{"class": "bench", "count": 1}], "prompt": "a photo of a bench"})";
const std::string kClocks =
    R"({"tag": "counting", "include": [{"class": "clock", "count": 2}], "exclude": [{"class": "clock", "count": 3}], "prompt": "a photo of two clocks"})";

class LayoutRun : public InFolder {
 protected:
  Result generate(const std::string& layout, const std::string& prompts, Words words = {}) const {
    Words all{"generate", "--layout", layout, "--prompts", path(prompts), "-o", path("out/")};
    all.insert(all.end(), words.begin(), words.end());
    return run_model(all);
  }
  std::string made(const std::string& name) const { return read_file(path("out/" + name)); }
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path("out"))) {
      if (entry.is_regular_file())
        found.push_back(std::filesystem::relative(entry.path(), path("out")).string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // Byte for byte, what the prompt gives alone.
  std::string alone(const std::string& prompt, const std::string& seed) const {
    EXPECT_EQ(run_model({"generate", prompt, "-s", seed, "-o", path("alone.png"), "-q"}).code, 0);
    return read_file(path("alone.png"));
  }
  Image image(const std::string& name) const { return read_image(path(name)).image; }
};

TEST_F(LayoutRun, GenevalHasAFolderAPromptWithItsLineAndSamples) {
  write_file(path("metadata.jsonl"), kBench + "\r\n\n" + kClocks + "\n");
  const Result result = generate("geneval", "metadata.jsonl", {"-s", "7"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(files(), (Words{"00000/metadata.jsonl", "00000/samples/0000.png", "00000/samples/0001.png",
                            "00000/samples/0002.png", "00000/samples/0003.png", "00001/metadata.jsonl",
                            "00001/samples/0000.png", "00001/samples/0001.png", "00001/samples/0002.png",
                            "00001/samples/0003.png", "janus-records.jsonl"}));
  EXPECT_EQ(made("00000/metadata.jsonl"), kBench + "\n");
  EXPECT_EQ(made("00001/metadata.jsonl"), kClocks + "\n");
  EXPECT_EQ(made("00000/samples/0002.png"), alone("a photo of a bench", "9"));
  EXPECT_EQ(made("00001/samples/0000.png"), alone("a photo of two clocks", "11"));
}

TEST_F(LayoutRun, GenevalGoesOnAndMendsWhatIsGone) {
  write_file(path("metadata.jsonl"), kBench + "\n" + kClocks + "\n");
  ASSERT_EQ(generate("geneval", "metadata.jsonl", {"-b", "2"}).code, 0);
  const std::string sample = made("00001/samples/0001.png");
  std::filesystem::remove(path("out/00001/samples/0001.png"));
  std::filesystem::remove(path("out/00000/metadata.jsonl"));
  const Result again = generate("geneval", "metadata.jsonl", {"-b", "2"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("3 of 4 images are there"), std::string::npos) << again.err;
  EXPECT_EQ(made("00001/samples/0001.png"), sample);
  EXPECT_EQ(made("00000/metadata.jsonl"), kBench + "\n");
  // Another list does not mix with it.
  write_file(path("metadata.jsonl"), kBench + " \n" + kClocks + "\n");
  const Result other = generate("geneval", "metadata.jsonl", {"-b", "2"});
  EXPECT_EQ(other.code, 1);
  expect_one_error(other.err);
  EXPECT_NE(other.err.find("00000/metadata.jsonl: expected the text"), std::string::npos) << other.err;
  EXPECT_EQ(generate("geneval", "metadata.jsonl", {"-b", "2", "--overwrite"}).code, 0);
  EXPECT_EQ(made("00000/metadata.jsonl"), kBench + " \n");
}

TEST_F(LayoutRun, DpgHasAnImageAPromptOfFourTiles) {
  std::filesystem::create_directory(path("prompts"));
  write_file(path("prompts/partiprompts10.txt"), "a blue star\n");
  write_file(path("prompts/0%.txt"), "  a red circle on a hill ");
  write_file(path("prompts/.hidden.txt"), "no");
  write_file(path("prompts/README.md"), "no");
  const Result result = generate("dpg", "prompts", {"-s", "7", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(files(), (Words{"0%.png", "janus-records.jsonl", "partiprompts10.png"}));
  const Image whole = image("out/partiprompts10.png");
  ASSERT_EQ(whole.width, 2 * kModelSide);
  ASSERT_EQ(whole.height, 2 * kModelSide);
  for (int tile = 0; tile < 4; ++tile) {
    write_file(path("tile.png"), alone("a blue star", std::to_string(11 + tile)));
    const Image one = image("tile.png");
    for (int y = 0; y < kModelSide; ++y) {
      const auto* const row = one.pixels.data() + static_cast<size_t>(y * kModelSide * 3);
      const auto at =
          static_cast<size_t>(((tile / 2 * kModelSide + y) * 2 * kModelSide + tile % 2 * kModelSide) * 3);
      EXPECT_TRUE(std::equal(row, row + kModelSide * 3, whole.pixels.data() + at)) << tile << ' ' << y;
    }
  }
  const Json record = Json::parse(lines_of(result.out).at(1));
  EXPECT_EQ(record["tiled"], 4);
  EXPECT_EQ(record["seed"], 11);
  EXPECT_FALSE(record.contains("codes"));
  // Nothing is left to do, and what is lost is made again.
  const std::string before = made("0%.png");
  std::filesystem::remove(path("out/0%.png"));
  const Result again = generate("dpg", "prompts", {"-s", "7"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("1 of 2 images are there"), std::string::npos) << again.err;
  EXPECT_EQ(made("0%.png"), before);
  // One image a prompt is that image.
  ASSERT_EQ(generate("dpg", "prompts", {"-s", "7", "-b", "1", "--overwrite"}).code, 0);
  EXPECT_EQ(image("out/partiprompts10.png").pixels, [&] {
    write_file(path("tile.png"), alone("a blue star", "8"));
    return image("tile.png").pixels;
  }());
}

TEST_F(LayoutRun, WrongFilesAreOneErrorBeforeAnyWork) {
  const std::string line = "metadata.jsonl line 2: ";
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"{\"prompt\": \"x\"", line},
      {"a photo of a bench", line},
      {"[1]", line},
      {R"({"tag": "t", "include": []})", "prompt"},
      {R"({"prompt": "x", "include": []})", "tag"},
      {R"({"prompt": "x", "tag": "t"})", "include"},
      {R"({"prompt": "x", "tag": "t", "include": "bench"})", "\"include\", found \"bench\""},
      {R"({"prompt": " ", "tag": "t", "include": []})", "expected a prompt"},
      {"{\"prompt\": \"\xff\", \"tag\": \"t\", \"include\": []}", line},
  };
  for (const auto& [text, words] : wrong) {
    write_file(path("metadata.jsonl"), kBench + "\n" + text + "\n");
    const Result result = generate("geneval", "metadata.jsonl");
    EXPECT_EQ(result.code, 1) << text;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
  }
  write_file(path("metadata.jsonl"), "\n");
  EXPECT_EQ(generate("geneval", "metadata.jsonl").code, 1);
  for (const char* prompts : {"metadata.jsonl", "nothing", "empty", "blank"}) {
    std::filesystem::create_directories(path("empty"));
    std::filesystem::create_directories(path("blank"));
    write_file(path("blank/x.txt"), " \n");
    const Result result = generate("dpg", prompts);
    EXPECT_EQ(result.code, 1) << prompts;
    expect_one_error(result.err);
  }
  EXPECT_FALSE(std::filesystem::exists(path("out/00000")));
}

TEST_F(LayoutRun, OptionsThatDoNotGoTogetherAreRefused) {
  write_file(path("metadata.jsonl"), kBench + "\n");
  std::filesystem::create_directory(path("prompts"));
  write_file(path("prompts/x.txt"), "x");
  const std::vector<Words> wrong{
      {"x", "--layout", "geneval", "-o", path("out/")},
      {"--layout", "geneval", "--prompts", path("metadata.jsonl"), "-o", path("x-%d.png")},
      {"--layout", "other", "--prompts", path("metadata.jsonl"), "-o", path("out/")},
      {"--layout", "dpg", "--prompts", path("prompts"), "-o", path("out/"), "--best-of", "2"},
      {"--layout", "dpg", "--prompts", path("prompts"), "-o", path("out/"), "--codes-out", path("codes/")},
      {"--layout", "dpg", "--prompts", path("prompts"), "-o", path("out/"), "--upscale", "2"},
      {"--layout", "dpg", "--prompts", path("prompts"), "-o", path("out/"), "-b", "5"},
  };
  for (Words words : wrong) {
    words.insert(words.begin(), "generate");
    const Result result = run_model(words);
    EXPECT_EQ(result.code, 2) << result.err;
    expect_one_error(result.err);
  }
}

TEST_F(LayoutRun, TheBestOfSeveralAreSamplesToo) {
  write_file(path("metadata.jsonl"), kBench + "\n");
  const Result result = generate("geneval", "metadata.jsonl", {"--best-of", "3", "--keep", "2"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(files(), (Words{"00000/metadata.jsonl", "00000/samples/0000.png", "00000/samples/0001.png",
                            "janus-records.jsonl"}));
}

}  // namespace
}  // namespace janus::test
