// The commands with a JanusFlow model: what it does, and how what it does not do is refused.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::json;

const std::string kFlow = std::string(JANUS_TEST_DATA) + "/flow/models/plain";

class Flow : public InFolder {
 protected:
  Result ask(std::vector<std::string> arguments, const Surroundings& around = {}) const {
    arguments.insert(arguments.begin() + 1, {"-m", kFlow, "-q"});
    return run(arguments, around);
  }
  static std::vector<uint8_t> pixels(const std::string& file) { return read_image(file).image.pixels; }
  std::string picture() const { return image_file("picture.png"); }
  void expect_refused(const Result& result, const std::string& part) const {
    EXPECT_NE(result.code, 0) << result.out;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
  }
};

TEST_F(Flow, InfoNamesTheFamilyAndNoCodes) {
  const Result result = run({"info", kFlow});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("janusflow, original layout"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("37 places in a prompt"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("codes"), std::string::npos) << result.out;
}

TEST_F(Flow, AnswersScoresAndEmbeds) {
  const std::string file = picture();
  EXPECT_EQ(ask({"describe", file, "--max-tokens", "4"}).code, 0);
  EXPECT_EQ(ask({"caption", file, "-o", path("captions.jsonl"), "--max-tokens", "4"}).code, 0);
  EXPECT_EQ(ask({"score", "--image", file, "--text", "a red circle"}).code, 0);
  EXPECT_EQ(ask({"embed", file, "-o", path("vectors.npy")}).code, 0);
  EXPECT_EQ(ask({"chat", "--image", file, "--max-tokens", "4"}, {.input = "What is it?\n"}).code, 0);
}

TEST_F(Flow, AnswersAlikeFromOneQuantizedFile) {
  const std::string file = path("flow.gguf"), image = picture();
  const Result written = run({"quantize", "-m", kFlow, "-q", "--type", "f16", "-o", file});
  EXPECT_EQ(written.code, 0) << written.err;
  const Result first = run({"describe", "-m", file, "-q", image, "--max-tokens", "4"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(run({"quantize", "-m", kFlow, "-q", "--type", "q8_0", "-o", path("small.gguf")}).code, 0);
  EXPECT_EQ(run({"describe", "-m", path("small.gguf"), "-q", image, "--max-tokens", "4"}).code, 0);
}

TEST_F(Flow, DrawsWhatIsAskedFor) {
  const std::string a = path("a.png"), b = path("b.png");
  EXPECT_EQ(ask({"generate", "two birds", "-o", a, "--steps", "3", "--seed", "7"}).code, 0);
  // The settings in the image make it again, and what the model's defaults are need not be said.
  EXPECT_EQ(ask({"generate", "--from", a, "-o", b}).code, 0);
  EXPECT_EQ(pixels(a), pixels(b));
  EXPECT_EQ(ask({"generate", "--from", a, "-o", b, "--steps", "4"}).code, 0);
  EXPECT_NE(pixels(a), pixels(b));
  const Json settings = Json::parse(run({"info", "--json", a}).out);
  EXPECT_EQ(settings.at("steps"), 3);
  EXPECT_EQ(settings.at("cfg_scale"), 2);
  EXPECT_FALSE(settings.contains("temperature")) << settings;
}

TEST_F(Flow, KeepsTheLatentThatAnImageIsMadeOf) {
  const std::string image = path("made.png"), latent = path("made.npy"), again = path("again.png");
  EXPECT_EQ(
      ask({"generate", "two birds", "-o", image, "--steps", "2", "--codes-out", latent, "--type", "f32"})
          .code,
      0);
  EXPECT_EQ(ask({"decode", latent, "-o", again, "--type", "f32"}).code, 0);
  EXPECT_EQ(pixels(image), pixels(again));
  EXPECT_EQ(ask({"generate", "two birds", "-o", path("%d.png"), "-b", "2", "--steps", "1", "--codes-out",
                 path("d/")})
                .code,
            0);
  EXPECT_EQ(ask({"decode", path("d/1.npy"), "-o", again}).code, 0);
}

TEST_F(Flow, DrawsSeveralAndKeepsTheBest) {
  const Result several =
      ask({"generate", "two birds", "-o", path("x-%02d.png"), "--steps", "2", "-b", "3", "--grid",
           path("sheet.png"), "--preview", path("preview.png"), "--preview-every", "1", "--upscale", "2"});
  EXPECT_EQ(several.code, 0) << several.err;
  for (const char* name : {"x-00.png", "x-01.png", "x-02.png", "sheet.png", "preview.png"})
    EXPECT_TRUE(std::filesystem::exists(path(name))) << name;
  const Result alone = ask(
      {"generate", "two birds", "-o", path("alone.png"), "--steps", "2", "--seed", "44", "--upscale", "2"});
  EXPECT_EQ(alone.code, 0) << alone.err;
  EXPECT_EQ(pixels(path("alone.png")), pixels(path("x-02.png"))) << "image k has the seed and k";
  EXPECT_EQ(ask({"generate", "two birds", "-o", path("best.png"), "--steps", "2", "--best-of", "2"}).code, 0);
}

TEST_F(Flow, DrawsAListAndGoesOn) {
  const std::string list = path("list.jsonl");
  write_file(list,
             "{\"prompt\": \"a bird\", \"steps\": 2}\n{\"prompt\": \"a house\", "
             "\"cfg_scale\": 1}\n{\"prompt\": \"a tree\", \"temperature\": 0.5}\n");
  const Result result = ask({"generate", "--prompts", list, "-o", path("all/"), "--steps", "3"});
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_NE(result.err.find("temperature: expected none"), std::string::npos) << result.err;
  const std::string first = path("all/00000.png");
  EXPECT_EQ(Json::parse(run({"info", "--json", first}).out).at("steps"), 2);
  const auto written = std::filesystem::last_write_time(first);
  EXPECT_EQ(ask({"generate", "--prompts", list, "-o", path("all/"), "--steps", "3"}).code, 3);
  EXPECT_EQ(std::filesystem::last_write_time(first), written) << "what is done is not done again";
}

TEST_F(Flow, DrawsInAConversation) {
  const std::string out = path("made-%d.png");
  const Result result = ask({"chat", "-o", out, "--steps", "2"},
                            {.input = "/generate two birds\n/set steps 3\n/generate two birds\n"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::vector<int> steps;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    if (file.path().extension() != ".png") continue;
    steps.push_back(Json::parse(run({"info", "--json", file.path()}).out).at("steps"));
  }
  std::sort(steps.begin(), steps.end());
  EXPECT_EQ(steps, (std::vector<int>{2, 3}));
}

TEST_F(Flow, TakesStepsFromImagesOfOtherPrograms) {
  const auto from = [&](const std::string& steps, std::vector<std::string> options) {
    const std::string text = "two birds\nSteps: " + steps + ", Sampler: Euler a, CFG scale: 3, Seed: 7";
    const Image image{.width = 8, .height = 8, .pixels = std::vector<uint8_t>(8 * 8 * 3, 100)};
    const std::vector<std::byte> bytes = encode_image(image, ImageFormat::png, {{"parameters", text}});
    write_file(path("other.png"), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    options.insert(options.begin(),
                   {"generate", "--from", path("other.png"), "-o", path("own.png"), "-m", kFlow});
    return run(options);
  };
  const auto steps = [&] {
    return Json::parse(run({"info", "--json", path("own.png")}).out).at("steps").get<int>();
  };
  const Result taken = from("4", {});
  ASSERT_EQ(taken.code, 0) << taken.err;
  EXPECT_NE(taken.err.find("Steps, "), std::string::npos) << taken.err;
  EXPECT_EQ(taken.err.find("passed over"), std::string::npos) << taken.err;
  EXPECT_EQ(steps(), 4);
  EXPECT_EQ(from("4", {"--steps", "2"}).code, 0);
  EXPECT_EQ(steps(), 2);
  const Result many = from("2000", {"--steps", "2"});
  EXPECT_NE(many.err.find("; Steps, Sampler mean nothing here"), std::string::npos) << many.err;
}

TEST_F(Flow, SaysWhatItDrawsWithIsMissing) {
  const std::string model = path("model");
  std::filesystem::copy(kFlow, model, std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(model + "/vae");
  const Result result = run({"generate", "a bird", "-m", model, "-q", "-o", path("out.png")});
  expect_refused(result, "autoencoder");
  EXPECT_EQ(run({"describe", picture(), "-m", model, "-q", "--max-tokens", "2"}).code, 0);
}

TEST_F(Flow, BenchMeasuresItsParts) {
  const Result result = ask({"bench", "--json", "-t", "1"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::vector<std::pair<std::string, int>> found;
  for (const std::string& line : lines_of(result.out)) {
    const Json record = Json::parse(line);
    if (record["what"] == "matrix_peak") continue;  // of some processors
    found.emplace_back(record["what"], record["rows"]);
    EXPECT_GT(record["ms"], 0) << line;
    if (found.size() > 4) {
      EXPECT_GT(record["gop_per_s"], 0) << line;
    }
  }
  const std::vector<std::pair<std::string, int>> parts{
      {"read_bandwidth", 1}, {"f32_peak", 1},    {"int8_peak", 1},   {"load", 1},
      {"vision", 1},         {"prefill", 1},     {"text_decode", 1}, {"prefill", 2},
      {"flow_step", 2},      {"uvit_encode", 1}, {"uvit_decode", 2}, {"vae_decode", 1}};
  EXPECT_EQ(found, parts);
  expect_refused(ask({"bench", "--only", "vq_decode"}), "expected a part that");
  expect_refused(run({"bench", "-q", "--only", "flow_step"}), "expected a part that");
}

TEST_F(Flow, BenchMeasuresStepsOfAnswersThatEndEarly) {
  const std::string model = path("model");
  std::filesystem::copy(kFlow, model, std::filesystem::copy_options::recursive);
  const Json config = Json::parse(read_file(kFlow + "/config.json"));
  const auto vocabulary = config["language_config"]["vocab_size"].get<int>();
  // Every token that is a multiple of `step` ends an answer.
  const auto bench = [&](int step) {
    Json ends = Json::array();
    for (int id = 0; id < vocabulary; id += step) ends.push_back(id);
    write_file(model + "/generation_config.json", Json{{"eos_token_id", ends}}.dump());
    return run({"bench", "-m", model, "-q", "--json", "--only", "text_decode", "-t", "1"});
  };
  const Result result = bench(2);
  ASSERT_EQ(result.code, 0) << result.err;
  const Json record = Json::parse(lines_of(result.out).back());
  EXPECT_EQ(record["what"], "text_decode");
  for (const char* key : {"ms", "gb_per_s", "fraction"}) EXPECT_GT(record[key], 0) << record;
  expect_refused(bench(1), "text_decode: expected answers of several tokens");
}

TEST_F(Flow, HelpNamesTheDefaultsOfBothFamilies) {
  const std::string help = run({"generate", "--help"}).out;
  EXPECT_NE(help.find("(default 5, of JanusFlow 2)"), std::string::npos) << help;
  EXPECT_NE(help.find("--steps N"), std::string::npos) << help;
}

TEST_F(Flow, RefusesWhatItHasNot) {
  const std::string out = path("out.png");
  const auto refused = [&](std::vector<std::string> options, const std::string& part) {
    options.insert(options.begin(), {"generate", "a red circle", "-o", out});
    expect_refused(ask(options), part);
  };
  refused({"--codes-out", path("out.json")}, "expected a name that ends in .npy");
  refused({"--temperature", "0.5"}, "option --temperature");
  refused({"--top-k", "5"}, "option --top-k");
  refused({"--top-p", "0.5"}, "option --top-p");
  refused({"--steps", "0"}, "option --steps");
  refused({"--steps", "1001"}, "option --steps");
  refused({"--cfg-scale", "-1"}, "option --cfg-scale");
  expect_refused(run({"generate", "a red circle", "-q", "-o", out, "--steps", "4"}), "option --steps");
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace janus::test
