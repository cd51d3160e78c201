// Errors of the world name their cause, and a remedy that helps there.
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class Remedies : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    fs::copy(kModel, path("model"));
    image_file("lighthouse.png");
  }
  std::string model() const { return path("model"); }
  void remove_file(const std::string& name) const { ASSERT_TRUE(fs::remove(path(name))) << name; }

  // The one error of these words, which holds all parts.
  void expect_told(const Words& words, const Words& parts, int code = 1) const {
    const Result result = run(words, {.environment = {{"HF_HUB_CACHE", path("cache")}}});
    EXPECT_EQ(result.code, code) << result.err;
    Words errors = lines_of(result.err);
    std::erase_if(errors, [](const std::string& line) { return !line.starts_with("janus: "); });
    ASSERT_EQ(errors.size(), 1U) << result.err;
    for (const std::string& part : parts) {
      EXPECT_NE(errors[0].find(part), std::string::npos) << "no \"" << part << "\" in " << errors[0];
    }
  }
};

// Loading a large model takes long: what can be seen before is said before.
TEST_F(Remedies, AMissingTokenizerIsToldBeforeWeightsAreLoaded) {
  // With another name for one tensor, the same length: loading ends in an error of its own.
  std::string weights = read_file(path("model/model.safetensors"));
  const std::string name = "model.language_model.layers.0.input_layernorm.weight";
  const size_t at = weights.find(name);
  ASSERT_NE(at, std::string::npos);
  weights.replace(at, name.size(), "model.language_model.layers.0.input_layernorm.weighX");
  fs::remove(path("model/model.safetensors"));
  write_file(path("model/model.safetensors"), weights);
  std::string zeros = "0";
  for (int k = 1; k < kModelCodes; ++k) zeros += ", 0";
  write_file(path("codes.json"), "{\"height\": 8, \"width\": 8, \"codes\": [" + zeros + "]}");

  const std::string image = path("lighthouse.png");
  const std::vector<Words> commands{{"describe", image, "-m", model()},
                                    {"generate", "x", "-o", path("x.png"), "-m", model()},
                                    {"score", "--image", image, "--text", "a", "-m", model()},
                                    {"score", "-p", "a", "--codes", path("codes.json"), "-m", model()},
                                    {"chat", "-m", model()},
                                    {"caption", image, "-o", path("c.jsonl"), "-m", model()}};
  for (const Words& words : commands) expect_told(words, {"input_layernorm.weight"});
  remove_file("model/tokenizer.json");
  for (const Words& words : commands) {
    expect_told(words, {"expected a tokenizer, tokenizer.json or tokenizer.model, found neither",
                        "put the model's tokenizer files there"});
  }
}

TEST_F(Remedies, AFileOfTheModelThatCannotBeUsedIsNamed) {
  const std::string image = path("lighthouse.png");
  const Words words{"describe", image, "-m", model()};
  write_file(path("model/tokenizer.json"), "{");
  expect_told(words, {"tokenizer.json", "expected JSON", "correct the file, or download it again"});
  remove_file("model/tokenizer.json");
  fs::create_directory(path("model/tokenizer.json"));
  expect_told(words, {"expected the file tokenizer.json, found a folder of that name; put the file there"});
  remove_file("model/tokenizer.json");
  write_file(path("model/tokenizer.model"), "no such thing");
  if (JANUS_WITH_SENTENCEPIECE)
    expect_told(words, {"tokenizer.model", "SentencePiece", "download the file again"});
  const std::string config = read_file(path("model/config.json"));
  write_file(path("model/config.json"), "[]");
  expect_told(words,
              {"config.json: expected a JSON object, found []; correct the file, or download it again"});
  remove_file("model/config.json");
  fs::create_directory(path("model/config.json"));
  expect_told(words, {"expected the file config.json, found a folder of that name"});
  remove_file("model/config.json");
  write_file(path("model/config.json"), config);
  remove_file("model/model.safetensors");
  ASSERT_EQ(mkfifo(path("model/model.safetensors").c_str(), 0600), 0);
  expect_told(words, {"expected the file model.safetensors, found a pipe or device of that name"});
}

TEST_F(Remedies, AModelOfAnotherNameIsProposed) {
  const std::string image = path("lighthouse.png");
  const auto with = [&](const std::string& name) { return Words{"describe", image, "-m", name}; };
  expect_told(with(path("modle")), {"did you mean -m " + path("model") + "?"});
  expect_told(with("janus-tinny"), {"did you mean -m janus-tiny?"});
  expect_told(with("janus-tiny/"), {"did you mean -m janus-tiny?"});
  expect_told(with("Janus-Pro-1B"), {"janus pull deepseek-community/Janus-Pro-1B, then -m Janus-Pro-1B"});
  expect_told(with("janus-pro-7b"), {"janus pull deepseek-community/Janus-Pro-7B, then -m Janus-Pro-7B"});
  expect_told(with("deepseek-community/Janus-Pro-1b"),
              {"did you mean deepseek-community/Janus-Pro-1B? Get it with: janus pull deepseek"});
  expect_told(with("deepseek-community/Janus-Pro-1B"),
              {"janus pull deepseek-community/Janus-Pro-1B (or by hand"});
  expect_told(with("https://huggingface.co/some-one/Own-Model/tree/main"),
              {"found an address", "janus pull some-one/Own-Model, then -m some-one/Own-Model"});
  expect_told(with(image), {"found a picture (PNG)", "give -m a model"});
  expect_told({"pull", "https://huggingface.co/some-one/Own-Model"}, {"some-one/Own-Model, it seems"}, 2);
  expect_told({"pull", "Janus-Pro-1B"}, {"deepseek-community/Janus-Pro-1B, it seems"}, 2);
}

TEST_F(Remedies, AnImageThatIsNoneSaysWhatToDo) {
  const auto told = [&](const std::string& image, const Words& parts) {
    expect_told({"describe", image, "-m", model()}, parts);
  };
  told(path("lighthuose.png"), {"did you mean " + path("lighthouse.png") + "?"});
  told(path("lighthouse.jpg"), {"did you mean " + path("lighthouse.png") + "?"});
  told(path("zzz/a.png"), {"check the path: there is no folder " + path("zzz")});
  told("https://example.com/a.png", {"download it first"});
  told(path("model"), {"Is a directory; name the files in it"});
  told(path("model/model.safetensors"), {"found weights of a model (safetensors); a model is given with -m"});
  told("What is this?", {"found words, a question it seems; give it with -p"});
  expect_told({"decode", path("lighthouse.png"), "-o", path("x.png"), "-m", model()},
              {"found a picture (PNG); make its codes first: janus encode"});
}

TEST_F(Remedies, APromptThatIsAPathIsNotDrawn) {
  write_file(path("list.txt"), "a red circle\n");
  const auto told = [&](const std::string& prompt, const Words& parts) {
    expect_told({"generate", prompt, "-o", path("x.png"), "-m", model()}, parts);
    EXPECT_FALSE(fs::exists(path("x.png")));
  };
  told(path("list.txt"), {"its lines are drawn with --prompts " + path("list.txt")});
  told(path("lighthouse.png"), {"found the picture", "janus describe"});
  // No such file: words as any others.
  EXPECT_EQ(run_model({"generate", "notes.txt", "-o", path("x.png")}).code, 0);
}

TEST_F(Remedies, AClosedStreamIsToldSo) {
  const auto shell = [&](const std::string& command) {
    return run({"-c", command}, {.environment = {{"J", JANUS_PROGRAM}, {"M", kModel}}, .program = "/bin/sh"});
  };
  for (const char* command : {"\"$J\" describe -m \"$M\" - <&-", "\"$J\" chat -m \"$M\" <&-"}) {
    const Result result = shell(command);
    EXPECT_EQ(result.code, 1) << command << result.err;
    EXPECT_NE(result.err.find("it was closed before the program began: name a file"), std::string::npos)
        << result.err;
  }
  const Result closed = shell("\"$J\" list >&-");
  EXPECT_EQ(closed.code, 1);
  EXPECT_NE(closed.err.find("it was closed before the program began; redirect it"), std::string::npos);
  const Result full = shell("\"$J\" list >/dev/full");
  EXPECT_NE(full.err.find("free space on its disk, or redirect it"), std::string::npos) << full.err;
}

}  // namespace
}  // namespace janus::test
