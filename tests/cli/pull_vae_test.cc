// janus pull, list and rm of a model that draws with an autoencoder of another repository.
#include <nlohmann/json.hpp>

#include "tests/cli/pull_fixture.h"

namespace janus::test {
namespace {

using Json = nlohmann::json;

const std::string kFlow = std::string(JANUS_TEST_DATA) + "/flow/models/plain";
const std::string kVae = "stabilityai/sdxl-vae";

std::map<std::string, std::string> files_in(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = read_file(entry.path().string());
  }
  return files;
}

class PullVae : public Pull {
 protected:
  void SetUp() override {
    Pull::SetUp();
    if (IsSkipped()) return;
    model_.files = files_in(kFlow);
    vae_.id = kVae;
    vae_.commit = std::string(40, 'b');
    vae_.files = files_in(kFlow + "/vae");
    // The repository has the same weights under several names.
    vae_.files["sdxl_vae.safetensors"] = "the same in LDM's names";
    vae_.files["diffusion_pytorch_model.bin"] = "the same as a pickle";
  }
  void serve_both(bool with_vae = true) {
    serve([this, with_vae](const HttpQuery& query) -> std::optional<HttpReply> {
      if (query.target.find(kVae) == std::string::npos) return std::nullopt;
      return with_vae ? vae_.answer(query) : HttpReply{.status = 404};
    });
  }
  Result ask(std::vector<std::string> words) const {
    return run(words, {.environment = {{"HF_HUB_CACHE", path("cache")}}});
  }

  RemoteModel vae_;
};

TEST_F(PullVae, BothComeAndDrawTogether) {
  serve_both();
  const Result result = pull();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find(kVae + ": fetching it, too"), std::string::npos) << result.err;
  EXPECT_EQ(server_->queries("/sdxl_vae.safetensors").size(), 0U);
  EXPECT_EQ(server_->queries("/diffusion_pytorch_model.bin").size(), 0U);
  const std::string image = image_file("picture.png", 24, 24);
  const Result encoded = ask({"encode", image, "-m", kId, "-q", "-o", path("latent.npy")});
  EXPECT_EQ(encoded.code, 0) << encoded.err;
  // Once more: nothing comes twice.
  const Result again = pull({"--json", "-q"});
  const Json record = Json::parse(again.out);
  EXPECT_EQ(record["downloaded"], 0);
  EXPECT_EQ(record["vae"]["model"], kVae);
  EXPECT_EQ(record["vae"]["downloaded"], 0);
}

TEST_F(PullVae, TheAutoencoderComesAlone) {
  serve_both();
  const Result result = run({"pull", kVae}, around());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("models--stabilityai--sdxl-vae"), std::string::npos);
  const Result chosen = ask({"info", kVae});
  EXPECT_EQ(chosen.code, 1);
  expect_one_error(chosen.err);
  EXPECT_NE(chosen.err.find("found an autoencoder"), std::string::npos) << chosen.err;
}

TEST_F(PullVae, WithoutItTheModelStillAnswers) {
  serve_both(/*with_vae=*/false);
  const Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find(std::string(kId) + " itself is there"), std::string::npos) << result.err;
  const std::string image = image_file("picture.png", 24, 24);
  EXPECT_EQ(ask({"describe", image, "-m", kId, "-q", "-n", "2"}).code, 0);
  EXPECT_NE(ask({"list"}).out.find("complete, no autoencoder"), std::string::npos);
}

TEST_F(PullVae, ListAndRmKnowThatTheyBelongTogether) {
  serve_both();
  ASSERT_EQ(pull({"-q"}).code, 0);
  const Result list = ask({"list"});
  EXPECT_NE(list.out.find("autoencoder"), std::string::npos) << list.out;
  EXPECT_EQ(list.out.find("no autoencoder"), std::string::npos) << list.out;
  EXPECT_EQ(ask({"list", "--names"}).out.find("sdxl-vae"), std::string::npos);
  const Result vae = ask({"rm", kVae, "-y"});
  EXPECT_EQ(vae.code, 0) << vae.err;
  EXPECT_NE(vae.err.find(std::string(kId) + " draws no more"), std::string::npos) << vae.err;
  ASSERT_EQ(pull({"-q"}).code, 0);
  const Result model = ask({"rm", kId, "-y"});
  EXPECT_NE(model.err.find("janus rm " + kVae), std::string::npos) << model.err;
}

}  // namespace
}  // namespace janus::test
