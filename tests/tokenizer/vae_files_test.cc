// Finding an autoencoder's files: folders and files as other programs save them, and what is none.
#include "tokenizer/image/vae_files.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/tensor/ops.h"
#include "tests/core/model_files.h"
#include "tests/golden.h"
#include "tests/support/damaged.h"
#include "tokenizer/image/vae.h"

namespace janus {
namespace {

using test::error_of;
using test::expect_error;

const std::string kStored = JANUS_TEST_DATA "/flow/vae/diffusers";
constexpr const char* kWeights = "diffusion_pytorch_model.safetensors";

class VaeFiles : public testing::Test {
 protected:
  const std::string& path() const { return folder_.path(); }
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }
  // The stored one's file.
  static std::string stored(const std::string& name) {
    return read_file(kStored + "/" + name, name, 1 << 20);
  }
  std::vector<float> pixels_of(const std::string& place) const {
    const Vae vae = Vae::load(open_vae(place), *device_);
    const std::vector<float> latent(4 * 4 * 4, 0.25F);
    return ops::to_host(vae.decode(latent, 4, 4));
  }
  std::string fault_of(const std::string& place) const {
    return error_of([&] { Vae::load(open_vae(place), *device_); });
  }
  // The stored tensors, each under the name that `renamed` gives it.
  template <typename Renamed>
  static std::string file_of(const Renamed& renamed) {
    const Checkpoint whole = open_vae(kStored);
    std::map<std::string, StoredTensor> tensors;
    for (const auto& [name, tensor] : whole.tensors()) tensors.emplace(renamed(name), tensor);
    return test::safetensors_of(Checkpoint::from_tensors(whole.files(), {}, std::move(tensors)));
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<Device> device_ = open_device("cpu", {.threads = 1});
  std::vector<float> expected_ = pixels_of(kStored);
};

TEST_F(VaeFiles, ChoosesWeightsAsDiffusersDoes) {
  const auto chosen = [](const std::vector<std::string>& names) { return choose_vae_weights(names, "here"); };
  EXPECT_EQ(chosen({"config.json", kWeights, "sdxl_vae.safetensors"}), kWeights);
  EXPECT_EQ(chosen({"diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.safetensors"}),
            "diffusion_pytorch_model.fp16.safetensors");
  EXPECT_EQ(chosen({"diffusion_pytorch_model.bin", "sdxl_vae.safetensors"}), "diffusion_pytorch_model.bin");
  EXPECT_EQ(chosen({"._b.safetensors", "sdxl_vae.safetensors"}), "sdxl_vae.safetensors");
  EXPECT_EQ(chosen({"config.json"}), "");
  expect_error(error_of([&] {
                 chosen({"a.safetensors", "b.safetensors"});
               }),
               {"here", "a.safetensors, b.safetensors", "give the path of one"});
}

TEST_F(VaeFiles, OpensAFolderAndAFile) {
  EXPECT_EQ(pixels_of(kStored + "/" + kWeights), expected_);
  const std::string file = write("any.safetensors", stored(kWeights));
  write("config.json", stored("config.json"));
  EXPECT_EQ(pixels_of(file), expected_);
  EXPECT_EQ(pixels_of(path()), expected_);
}

// A diffusers pipeline, or a JanusFlow model: its autoencoder is in a folder of its own.
TEST_F(VaeFiles, OpensTheFolderBelowAnotherModels) {
  std::filesystem::copy(kStored, path() + "/vae");
  write("config.json", R"({"model_type": "multi_modality"})");
  write("model.safetensors", "something else");
  EXPECT_EQ(pixels_of(path()), expected_);
}

TEST_F(VaeFiles, OpensAWholeDiffusionModel) {
  const std::string text = file_of([](const std::string& name) { return "first_stage_model." + name; });
  write("config.json", stored("config.json"));
  EXPECT_EQ(pixels_of(write("sd_xl_base.safetensors", text)), expected_);
}

// Groups cannot be told by tensors: without a config only autoencoders as SDXL's are taken.
TEST_F(VaeFiles, AFileWithoutConfigIsTakenForSdxls) {
  const std::string file = write("any.safetensors", stored(kWeights));
  expect_error(fault_of(file), {"norm_num_groups (32)"});
  write("config.json", R"({"model_type": "multi_modality"})");
  expect_error(fault_of(file), {"norm_num_groups (32)"});  // of another model beside it
}

TEST_F(VaeFiles, RefusesWhatIsNoneByName) {
  expect_error(fault_of(path() + "/none"), {"/none", "found nothing there"});
  expect_error(fault_of(path()), {path(), "expected weights", "found none"});
  const std::string whole = stored(kWeights);
  expect_error(fault_of(write("cut.safetensors", whole.substr(0, whole.size() / 2))),
               {"cut.safetensors", "download it again"});
  expect_error(fault_of(write("short.safetensors", whole.substr(0, 100))), {"short.safetensors"});
  expect_error(fault_of(write("empty.safetensors", "")), {"empty.safetensors"});
  expect_error(fault_of(write("pointer.safetensors", "version https://git-lfs.github.com/spec/v1\n")),
               {"Git LFS pointer"});
  expect_error(fault_of(write("other.safetensors", test::safetensors_file({{"w", "F32", {1}, "abcd"}}))),
               {"AutoencoderKL", "found neither"});
}

TEST_F(VaeFiles, RefusesAutoencodersOfOtherKinds) {
  write("config.json", stored("config.json"));
  const std::string vq = test::safetensors_file({{"quantize.embedding.weight", "F32", {1}, "abcd"}});
  expect_error(fault_of(write("vq.safetensors", vq)), {"quantize.embedding.weight", "VQ model"});
  // Those of 16 latent channels, of SD3 and FLUX, have no convolutions around the latent.
  const auto without_quant = [](const std::string& name) {
    return name.find("quant_conv") == std::string::npos ? name : "loss." + name;
  };
  expect_error(fault_of(write("sd3.safetensors", file_of(without_quant))),
               {"quant_conv.weight: expected this tensor", "stabilityai/sdxl-vae"});
}

TEST_F(VaeFiles, RefusesAConfigThatCannotBeRead) {
  write(kWeights, stored(kWeights));
  for (const char* scaling : {"NaN", "1e999", "\"a lot\"", "[0.13]", "true"}) {
    nlohmann::json config = nlohmann::json::parse(stored("config.json"));
    config["scaling_factor"] = "HERE";
    std::string text = config.dump();
    text.replace(text.find("\"HERE\""), 6, scaling);
    write("config.json", text);
    expect_error(fault_of(path()), {"config.json"});
  }
}

}  // namespace
}  // namespace janus
