// One seed, one result: whatever the number of threads, the batch, the order in which pictures come, the run,
// and the container that the weights lie in.
#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/support/damaged.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;
using Results = std::map<std::string, std::string>;  // of every command, by what they are of

// Its weights lie in a file of torch.
const std::string kPickled = std::string(JANUS_TEST_DATA) + "/models/janus-pro-1b";

struct Setting {
  std::string name, threads = "1", batch = "1";
  bool backwards = false;
};

class Determinism : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    for (int at = 0; at < 5; ++at) {
      images_.push_back(
          image_file("p" + std::to_string(at) + ".png", 20 + 7 * at, 30, static_cast<uint8_t>(40 * at)));
    }
  }

  static std::string printed(Words words) {
    words.emplace_back("-q");
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }

  // What all commands make with `model`.
  Results results(const std::string& model, const Setting& setting = {}) const {
    const Words common = {"-m", model, "-t", setting.threads, "-s", "7"};
    const auto of = [&](Words words, const Words& more) {
      words.insert(words.end(), common.begin(), common.end());
      words.insert(words.end(), more.begin(), more.end());
      return words;
    };
    Words images = images_;
    if (setting.backwards) std::reverse(images.begin(), images.end());
    Results found;
    const auto keep = [&](const std::string& lines, const std::string& command, const Words& fields) {
      for (const std::string& line : lines_of(lines)) {
        const Json record = Json::parse(line);
        for (const std::string& field : fields) {
          const std::string name = command + " " + record["key"].get<std::string>() + " " + field;
          EXPECT_EQ(found.count(name), 0U) << name;
          found[name] = record[field].dump();
        }
      }
    };
    Words many = of({"caption"}, {"-n", "5", "--temperature", "0.9", "-b", setting.batch});
    many.insert(many.end(), images.begin(), images.end());
    keep(printed(many), "caption", {"text", "ids"});
    many = of({"score"}, {"--text", "red", "--text", "a blue ring"});
    for (const std::string& image : images) many.insert(many.end(), {"--image", image});
    keep(printed(many), "score", {"scores"});
    many = of({"embed", "-o", path("e.jsonl")}, {"--pool", "mean", "-b", setting.batch});
    many.insert(many.end(), images.begin(), images.end());
    printed(many);
    keep(read_file(path("e.jsonl")), "embed", {"embedding"});
    for (const std::string temperature : {"0", "0.9"}) {
      const Json record = Json::parse(
          printed(of({"describe", images_[0], "--json"}, {"-n", "8", "--temperature", temperature})));
      found["describe " + temperature] = record["text"].dump() + record["ids"].dump();
    }
    list(found, setting, of({"generate"}, {"--overwrite"}));
    return found;
  }

  // The images of a list, in its order or from its end.
  void list(Results& found, const Setting& setting, Words words) const {
    Words lines;
    for (int at = 0; at < 3; ++at) {
      const std::string number = std::to_string(at);
      lines.push_back(R"({"prompt": "a red circle )" + number + R"(", "seed": )" + number +
                      R"(, "output": "g)" + number + ".png\"}\n");
    }
    if (setting.backwards) std::reverse(lines.begin(), lines.end());
    write_file(path("list.jsonl"), lines[0] + lines[1] + lines[2]);
    words.insert(words.end(), {"--prompts", path("list.jsonl"), "-o", path("made/")});
    printed(words);
    for (const std::string name : {"g0.png", "g1.png", "g2.png"}) {
      const std::vector<uint8_t> pixels = read_image(path("made/" + name)).image.pixels;
      found["generate " + name].assign(pixels.begin(), pixels.end());
    }
  }

  static void expect_same(const Results& expected, const Results& found, const std::string& what) {
    ASSERT_EQ(expected.size(), found.size()) << what;
    for (const auto& [name, result] : expected) EXPECT_TRUE(found.at(name) == result) << what << ": " << name;
  }

  Words images_;
};

TEST_F(Determinism, ThreadsBatchesOrdersAndRunsChangeNothing) {
  const Results expected = results(kPickled);
  ASSERT_EQ(expected.size(), 5U * 4 + 2 + 3);
  // Else equal results would prove nothing.
  EXPECT_NE(expected.at("describe 0"), expected.at("describe 0.9"));
  EXPECT_NE(expected.at("generate g0.png"), expected.at("generate g1.png"));
  for (const Setting& setting :
       {Setting{"another run"}, Setting{"2 threads", "2"}, Setting{"batches of 2", "1", "2"},
        Setting{"batches of 5, from the end", "1", "5", true},
        Setting{"2 threads, batches of 3, from the end", "2", "3", true}})
    expect_same(expected, results(kPickled, setting), setting.name);
}

TEST_F(Determinism, ContainersOfTheWeightsChangeNothing) {
  const std::string folder = path("safetensors"), file = path("native.gguf");
  std::filesystem::copy(kPickled, folder);
  std::filesystem::remove(folder + "/pytorch_model.bin");
  write_file(folder + "/model.safetensors", safetensors_of(Checkpoint::open(kPickled)));
  printed({"quantize", kPickled, "-o", file});
  const Results expected = results(kPickled);
  expect_same(expected, results(folder), "a folder of safetensors");
  expect_same(expected, results(file), "GGUF");
  // As another type while loading, and as a file of that type.
  for (const std::string type : {"f32", "bf16"}) {
    const std::string typed = path(type + ".gguf");
    printed({"quantize", folder, "-o", typed, "--type", type});
    const auto codes = [&](const std::string& model, const std::string& loaded) {
      printed({"generate", "a red circle", "-o", path("x.png"), "--codes-out", path("x.json"), "-m", model,
               "--type", loaded});
      return read_file(path("x.json"));
    };
    EXPECT_EQ(codes(kPickled, type), codes(typed, type == "f32" ? type : "native")) << type;
  }
}

}  // namespace
}  // namespace janus::test
