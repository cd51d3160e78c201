// JanusFlow's autoencoder on the command line: where it is found, images as latents and back, and each way in
// which it can be wrong.
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/support/damaged.h"
#include "tokenizer/image/vae_files.h"

namespace janus::test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

const std::string kFlow = std::string(JANUS_TEST_DATA) + "/flow/models/plain";
constexpr const char* kVaeFile = "diffusion_pytorch_model.safetensors";

// A .npy file of float32, or of what `type` says.
std::string npy(const std::string& shape, const std::vector<float>& values, const std::string& type = "<f4",
                const std::string& order = "False") {
  std::string head = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  head.resize(118 - 1, ' ');
  head += '\n';
  std::string file = "\x93NUMPY";
  file += {'\x01', '\0', static_cast<char>(head.size()), '\0'};
  return file + head + bytes_of(values);
}

class FlowVae : public InFolder {
 protected:
  static constexpr int kSide = 12, kPixels = 24;  // of the model's latents and images

  void SetUp() override {
    InFolder::SetUp();
    fs::copy(kFlow, path("model"), fs::copy_options::recursive);
    image_ = image_file("picture.png", kPixels, kPixels);
  }
  std::string model() const { return path("model"); }
  std::string vae() const { return path("model/vae"); }
  // The model without its autoencoder, which is now elsewhere.
  void move_vae(const std::string& name) const { fs::rename(vae(), path(name)); }

  Result ask(std::vector<std::string> words, std::map<std::string, std::string> environment = {}) const {
    environment.emplace("HF_HUB_CACHE", path("cache"));
    words.insert(words.begin() + 1, {"-m", model(), "-q"});
    return run(words, {.environment = std::move(environment)});
  }
  // Where `words` make a file of this name: its bytes.
  std::string made(std::vector<std::string> words, const std::string& name,
                   std::map<std::string, std::string> environment = {}) const {
    words.insert(words.end(), {"-o", path(name)});
    const Result result = ask(std::move(words), std::move(environment));
    EXPECT_EQ(result.code, 0) << result.err;
    return result.code == 0 ? read_file(path(name)) : "";
  }
  std::string latent(std::vector<std::string> more = {},
                     std::map<std::string, std::string> environment = {}) const {
    more.insert(more.begin(), {"encode", image_});
    return made(std::move(more), "latent.npy", std::move(environment));
  }
  void expect_refused(const Result& result, const std::vector<std::string>& parts) const {
    EXPECT_EQ(result.code, 1) << result.out << result.err;
    expect_one_error(result.err);
    for (const std::string& part : parts)
      EXPECT_NE(result.err.find(part), std::string::npos) << part << " in " << result.err;
    EXPECT_FALSE(fs::exists(path("out.png")));
    EXPECT_FALSE(fs::exists(path("latent.npy")));
  }
  Result try_encode(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"encode", image_, "-o", path("latent.npy")});
    return ask(std::move(more));
  }
  Result try_decode(const std::string& file) const {
    write_file(path("given.npy"), file);
    return ask({"decode", path("given.npy"), "-o", path("out.png")});
  }
  Json info(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"info", "--json"});
    const Result result = ask(std::move(more));
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  }
  // The stored autoencoder with `change` made to its config.
  template <typename Change>
  void change_config(const Change& change) const {
    Json config = Json::parse(read_file(vae() + "/config.json"));
    change(config);
    write_file(vae() + "/config.json", config.dump());
  }

  std::string image_;
};

TEST_F(FlowVae, AnImageBecomesALatentAndBack) {
  const std::string file = latent();
  EXPECT_NE(file.find("(4, 12, 12)"), std::string::npos);
  EXPECT_EQ(file.size() % 64, 4 * kSide * kSide * sizeof(float) % 64);
  const std::string png = made({"decode", path("latent.npy")}, "back.png");
  EXPECT_EQ(png.substr(1, 3), "PNG");
  const std::string planes = made({"decode", path("latent.npy")}, "planes.npy");
  EXPECT_NE(planes.find("(3, 24, 24)"), std::string::npos);
  // As torch has one of a batch, and from standard input.
  std::string batch = file;
  batch.replace(batch.find("(4, 12, 12), }"), 17, "(1, 4, 12, 12), }");
  write_file(path("batch.npy"), batch);
  EXPECT_EQ(made({"decode", path("batch.npy")}, "again.png"), png);
  const Result piped = run({"decode", "-", "-o", "-", "-m", model(), "-q"}, {.input = file});
  EXPECT_EQ(piped.out, png) << piped.err;
  EXPECT_EQ(made({"embed", image_, "--stage", "latent"}, "rows.npy").size(), file.size());
}

TEST_F(FlowVae, IsFoundWhereverItIs) {
  const std::string expected = latent();
  EXPECT_EQ(info()["vae"]["found"], "beside");
  move_vae("elsewhere");
  EXPECT_TRUE(info()["vae"].is_null());
  EXPECT_EQ(latent({"--vae", path("elsewhere")}), expected);
  EXPECT_EQ(latent({"--vae", path("elsewhere") + "/" + kVaeFile}), expected);
  EXPECT_EQ(latent({}, {{"JANUS_VAE", path("elsewhere")}}), expected);
  EXPECT_EQ(info({"--vae", path("elsewhere")})["vae"]["found"], "chosen");

  const std::string repository = path("cache/models--stabilityai--sdxl-vae");
  const std::string commit(40, 'a');
  fs::create_directories(repository + "/snapshots");
  fs::rename(path("elsewhere"), repository + "/snapshots/" + commit);
  EXPECT_EQ(latent(), expected);
  EXPECT_EQ(latent({"--vae", "stabilityai/sdxl-vae"}), expected);
  const Json found = info()["vae"];
  EXPECT_EQ(found["found"], "cached");
  EXPECT_EQ(found["path"], repository + "/snapshots/" + commit);
  EXPECT_EQ(found["scaling_factor"], 0.13025);
  EXPECT_GT(found["parameters"], 10000);
  EXPECT_EQ(found["types"].begin().key(), "bf16");
}

TEST_F(FlowVae, TheChosenOneComesFirst) {
  const std::string expected = latent();
  fs::copy(vae(), path("other"), fs::copy_options::recursive);
  Json config = Json::parse(read_file(path("other/config.json")));
  config["scaling_factor"] = 0.5;
  write_file(path("other/config.json"), config.dump());
  EXPECT_NE(latent({"--vae", path("other")}), expected);
  EXPECT_EQ(info({"--vae", path("other")})["vae"]["scaling_factor"], 0.5);
  EXPECT_EQ(latent(), expected);
}

TEST_F(FlowVae, OneFileHoldsItToo) {
  const std::string png = (latent(), made({"decode", path("latent.npy")}, "back.png"));
  const auto written = [&](const std::string& type, const std::string& name) {
    const Result result = ask({"quantize", "--type", type, "-o", path(name), "--json"});
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  };
  // Never as blocks: as stored below f32 and bf16.
  for (const char* type : {"native", "q8_0", "f16", "bf16"}) {
    const Json record = written(type, "one.gguf");
    EXPECT_EQ(record["vae"], vae());
    EXPECT_TRUE(record["parts"]["vae"].contains("bf16")) << record;
    move_vae("away");
    const Result back =
        run({"decode", path("latent.npy"), "-o", path("one.png"), "-m", path("one.gguf"), "-q"});
    EXPECT_EQ(back.code, 0) << back.err;
    EXPECT_EQ(read_file(path("one.png")), png) << type;
    // Another model may take it from there, and it can be made smaller again.
    EXPECT_EQ(made({"decode", path("latent.npy"), "--vae", path("one.gguf")}, "two.png"), png);
    fs::rename(path("away"), vae());
  }
  const Result info = run({"info", path("one.gguf"), "--json"});
  EXPECT_EQ(Json::parse(info.out)["vae"]["found"], "inside") << info.err;
  const Result again = run({"quantize", path("one.gguf"), "-o", path("again.gguf"), "-q", "--json"});
  EXPECT_EQ(Json::parse(again.out)["vae"], path("one.gguf")) << again.err;
  EXPECT_EQ(run({"quantize", model(), "-o", path("x.gguf"), "-q", "--keep", "vae=q8_0"}).code, 2);
  // One that is not the model's goes along only where it is named.
  fs::rename(vae(), path("away"));
  fs::create_directory_symlink(path("away"), vae());
  const Result linked = run({"quantize", model(), "-o", path("x.gguf"), "-q"});
  EXPECT_EQ(linked.code, 1);
  EXPECT_NE(linked.err.find(vae() + ": expected a file of the model itself"), std::string::npos)
      << linked.err;
  EXPECT_EQ(run({"quantize", model(), "-o", path("x.gguf"), "-q", "--vae", path("away")}).code, 0);
  fs::rename(path("away/config.json"), path("config.json"));
  fs::create_symlink(path("config.json"), path("away/config.json"));
  for (const std::string& place : {path("away"), path("away") + "/" + kVaeFile}) {
    const Result outside = run({"quantize", model(), "-o", path("x.gguf"), "-q", "--vae", place});
    EXPECT_EQ(outside.code, 1);
    EXPECT_NE(outside.err.find("config.json: expected a file of the model itself"), std::string::npos)
        << outside.err;
  }
}

TEST_F(FlowVae, AFileWithoutItSaysSo) {
  fs::remove_all(vae());
  const Result result =
      run({"quantize", model(), "-o", path("one.gguf")}, {.environment = {{"HF_HUB_CACHE", path("cache")}}});
  EXPECT_EQ(result.code, 0);
  EXPECT_NE(result.err.find("no autoencoder was found"), std::string::npos) << result.err;
  EXPECT_EQ(run({"describe", image_, "-m", path("one.gguf"), "-q", "-n", "2"}).code, 0);
}

TEST_F(FlowVae, AnswersNeedNone) {
  write_file(vae() + "/" + kVaeFile, "damaged");
  const std::vector<std::string> few{"-n", "2"};
  EXPECT_EQ(ask({"describe", image_, "-n", "2"}, {{"JANUS_VAE", "/no/such"}}).code, 0);
  EXPECT_EQ(ask({"embed", image_, "-o", path("vectors.npy")}).code, 0);
  EXPECT_EQ(run({"chat", "-m", model(), "-q", "--image", image_, "-n", "2"}, {.input = "What?\n"}).code, 0);
  expect_refused(try_encode(), {vae(), "damaged"});
}

TEST_F(FlowVae, NoneIsOneLineThatHelps) {
  fs::remove_all(vae());
  for (const Result& result : {try_encode(), try_decode(npy("(4, 12, 12)", std::vector<float>(576)))})
    expect_refused(result, {vae(), path("cache"), "janus pull stabilityai/sdxl-vae", "--vae PATH"});
  expect_refused(try_encode({"--vae", path("nowhere")}), {path("nowhere"), "nothing there"});
  const Result info = ask({"info"});
  EXPECT_NE(info.out.find("none found"), std::string::npos) << info.out;
}

TEST_F(FlowVae, DamagedWeightsAreNoGreyImage) {
  const Checkpoint whole = open_vae(vae());
  const auto damage = [&](const std::string& tensor) {
    const Checkpoint hurt = damaged(whole, tensor, std::numeric_limits<float>::quiet_NaN());
    return safetensors_of(hurt);
  };
  const std::string encoder = damage("encoder.conv_in.weight"), decoder = damage("decoder.conv_out.weight");
  write_file(path("latent.given"), npy("(4, 12, 12)", std::vector<float>(576)));
  write_file(vae() + "/" + kVaeFile, encoder);
  expect_refused(try_encode(), {"encoder.conv_in.weight", vae(), "damaged"});
  write_file(vae() + "/" + kVaeFile, decoder);
  expect_refused(try_decode(read_file(path("latent.given"))), {"decoder.conv_out.weight", vae(), "damaged"});
  expect_refused(ask({"info", "--verify"}), {"decoder.conv_out.weight"});
}

TEST_F(FlowVae, OnesOfOtherKindsAndSizesAreRefusedByName) {
  const std::string file = read_file(vae() + "/" + kVaeFile);
  write_file(vae() + "/" + kVaeFile, file.substr(0, file.size() - 100));
  expect_refused(try_encode(), {kVaeFile, "download it again"});
  write_file(vae() + "/" + kVaeFile, file);
  // Three levels make a picture twice as large of the same latent.
  expect_refused(try_encode({"--vae", std::string(JANUS_TEST_DATA) + "/flow/vae/diffusers"}),
                 {"block_out_channels", "24 wide", "latent 12 wide"});
  expect_refused(try_encode({"--vae", std::string(JANUS_TEST_DATA) + "/models/tied-mixed"}), {"tied-mixed"});
  expect_refused(try_encode({"--vae", image_}), {"picture.png"});
  change_config([](Json& config) { config["latent_channels"] = 16; });
  expect_refused(try_encode(), {"latent_channels: expected 4", "found 16"});
  change_config([](Json& config) { config["latent_channels"] = 4, config["block_out_channels"] = {8, 16}; });
  expect_refused(ask({"info"}), {"block_out_channels", "expected 12", "found 16"});
  for (const Json& scaling : {Json(0), Json(-0.5), Json("a lot")}) {
    change_config([&](Json& config) {
      config["block_out_channels"] = {8, 12}, config["scaling_factor"] = scaling;
    });
    expect_refused(try_encode(), {"scaling_factor: expected"});
  }
}

TEST_F(FlowVae, OtherLatentsAreRefused) {
  const std::vector<float> values(576);
  expect_refused(try_decode(npy("(4, 6, 24)", values)), {"[4, 12, 12]", "[4, 6, 24]"});
  expect_refused(try_decode(npy("(576,)", values)), {"[4, 12, 12]", "[576]"});
  expect_refused(try_decode(npy("(4, 12, 13)", values)), {"bytes of values"});
  expect_refused(try_decode(npy("(4, 12, 9223372036854775807)", values)), {"as many values"});
  expect_refused(try_decode(npy("(4, 12, 12)", values, "<f8")), {"expected float32", "<f8"});
  expect_refused(try_decode(npy("(4, 12, 12)", values, "<f4", "True")), {"C order"});
  std::vector<float> none = values;
  none[7] = std::numeric_limits<float>::infinity();
  expect_refused(try_decode(npy("(4, 12, 12)", none)), {"expected finite numbers"});
  expect_refused(try_decode(npy("(4, 12, 12)", values).substr(0, 60)), {"header"});
  expect_refused(try_decode("\x93NUMPY\x07"), {"NumPy"});
}

TEST_F(FlowVae, CodesAndLatentsAreNotMistaken) {
  expect_refused(ask({"encode", image_, "-o", path("codes.json")}), {"family janusflow", ".npy"});
  write_file(path("codes.json"), R"({"height": 1, "width": 1, "codes": [0]})");
  expect_refused(ask({"decode", path("codes.json"), "-o", path("out.png")}), {"family janusflow", ".npy"});
  expect_refused(ask({"score", "-p", "a ring", "--codes", path("codes.json")}), {"janusflow", "latents"});
  const auto with_codes = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"-m", kModel, "-q"});
    return run(words);
  };
  expect_refused(with_codes({"encode", image_, "-o", path("latent.npy")}), {"family janus", ".json"});
  write_file(path("given.npy"), npy("(4, 12, 12)", std::vector<float>(576)));
  expect_refused(with_codes({"decode", path("given.npy"), "-o", path("out.png")}), {"family janus", ".json"});
  EXPECT_EQ(ask({"encode", image_, "-o", path("x.txt")}).code, 2);
}

}  // namespace
}  // namespace janus::test
