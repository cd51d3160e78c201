// A model with damaged weights: every command that computes with them ends with a line, and says how to find
// them.
#include <limits>

#include "tests/cli/caption_files.h"
#include "tests/support/damaged.h"

namespace janus::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class DamagedModel : public CaptionFiles {
 protected:
  // A copy of the small model whose `tensor` has a NaN in each row.
  std::string model_with(const std::string& tensor) const {
    const std::string folder = path("model");
    std::filesystem::remove_all(folder);
    std::filesystem::copy(kModel, folder);
    std::filesystem::permissions(folder + "/model.safetensors", std::filesystem::perms::owner_all);
    write_file(folder + "/model.safetensors",
               safetensors_of(damaged(Checkpoint::open(kModel), tensor, kNan)));
    return folder;
  }
  static void expect_damage(const Result& result, const std::string& part) {
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    for (const std::string& expected :
         {part, std::string("expected finite numbers"), std::string("--verify")})
      EXPECT_NE(result.err.find(expected), std::string::npos) << result.err;
  }
};

TEST_F(DamagedModel, EveryCommandThatReadsTheDecoderSaysSo) {
  const std::string model = model_with("model.language_model.layers.1.mlp.down_proj.weight");
  const std::string image = image_file("a.png"), codes = path("a.json");
  ASSERT_EQ(run_model({"encode", image, "-o", codes, "-q"}).code, 0);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"describe", image},
                                             {"generate", "a ring", "-o", path("g.png")},
                                             {"score", "--image", image, "--text", "A ring."},
                                             {"score", "-p", "a ring", "--codes", codes}}) {
    SCOPED_TRACE(words[0]);
    std::vector<std::string> all = words;
    all.insert(all.end(), {"-m", model, "-q"});
    expect_damage(run(all), "decoder");
  }
  EXPECT_FALSE(std::filesystem::exists(path("g.png")));
}

TEST_F(DamagedModel, CommandsOnImagesNameTheirPart) {
  const std::string image = image_file("a.png"), codes = path("a.json");
  ASSERT_EQ(run_model({"encode", image, "-o", codes, "-q"}).code, 0);
  std::string model = model_with("model.vision_model.encoder.layers.0.mlp.fc2.weight");
  expect_damage(run({"embed", image, "-o", path("x.npy"), "-m", model, "-q"}), "vision tower");
  expect_damage(run({"describe", image, "-m", model, "-q"}), "vision tower");
  EXPECT_FALSE(std::filesystem::exists(path("x.npy")));
  model = model_with("model.vqmodel.encoder.conv_in.weight");
  expect_damage(run({"encode", image, "-o", path("x.json"), "-m", model, "-q"}), "encoder of images");
  model = model_with("model.vqmodel.decoder.conv_in.weight");
  expect_damage(run({"decode", codes, "-o", path("x.png"), "-m", model, "-q"}), "decoder of images");
  expect_damage(run({"generate", "a ring", "-o", path("x.png"), "-m", model, "-q"}), "decoder of images");
  EXPECT_FALSE(std::filesystem::exists(path("x.png")));
}

TEST_F(DamagedModel, CaptionTellsOfEachImage) {
  const std::string model = model_with("model.language_model.norm.weight");
  const Result result =
      run({"caption", image_files("p", 2), "-m", model, "-n", "4", "-q", "-o", path("out.jsonl")});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(lines_of(result.err).size(), 2U) << result.err;
  const std::vector<Json> all = records("out.jsonl");
  ASSERT_EQ(all.size(), 2U);
  for (const Json& record : all) {
    EXPECT_NE(record.dump().find("expected finite numbers"), std::string::npos) << record;
  }
}

TEST_F(DamagedModel, VerifyNamesTheTensor) {
  const std::string model = model_with("model.aligner.fc1.bias");
  EXPECT_EQ(run({"info", model, "-q"}).code, 0);  // nothing was computed
  const Result result = run({"info", model, "--verify", "-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  for (const char* part : {"model.aligner.fc1.bias", "model.safetensors", "fetch"})
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
}

}  // namespace
}  // namespace janus::test
