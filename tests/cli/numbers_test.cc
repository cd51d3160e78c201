// The commands that hand out numbers: encode, decode, embed, score, tokenize, info, bench.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/tensor/device.h"
#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

struct NpyFile {
  std::string header;
  std::vector<float> values;
};

NpyFile parse_npy(const std::string& bytes) {
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  size_t length = static_cast<uint8_t>(bytes[8]) + 256 * static_cast<size_t>(static_cast<uint8_t>(bytes[9]));
  EXPECT_EQ((10 + length) % 64, 0U);
  NpyFile file{.header = bytes.substr(10, length), .values = {}};
  EXPECT_EQ(file.header.back(), '\n');
  file.values.resize((bytes.size() - 10 - length) / sizeof(float));
  std::memcpy(file.values.data(), bytes.data() + 10 + length, file.values.size() * sizeof(float));
  return file;
}

class Numbers : public InFolder {
 protected:
  std::string encoded(const std::string& name) const {
    Result result = run_model({"encode", image_file(name + ".png"), "-o", path(name + ".json"), "-q"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out + result.err, "");
    return path(name + ".json");
  }
};

TEST_F(Numbers, EncodeWritesCodesAndNothingElse) {
  std::string text = read_file(encoded("a"));
  EXPECT_EQ(text.rfind("{\"height\": 8, \"width\": 8, \"codes\": [", 0), 0U) << text;
  Json file = Json::parse(text);
  EXPECT_EQ(file.size(), 3U);
  EXPECT_EQ(file["codes"].size(), kModelCodes);
  EXPECT_EQ(run_model({"encode", path("a.png"), "-o", "-", "-q", "-t", "1"}).out, text);
}

TEST_F(Numbers, DecodeWritesImagesAndRawPlanes) {
  std::string codes = encoded("a");
  ASSERT_EQ(run_model({"decode", codes, "-o", path("x.png"), "-q"}).code, 0);
  ASSERT_EQ(run_model({"decode", "-", "-o", path("x.npy"), "-q"}, {.input = read_file(codes)}).code, 0);
  NpyFile planes = parse_npy(read_file(path("x.npy")));
  EXPECT_EQ(planes.header.rfind("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 16, 16), }", 0), 0U)
      << planes.header;
  ASSERT_EQ(planes.values.size(), 3U * kModelSide * kModelSide);
  std::vector<float> pixels(planes.values.size());  // channels last
  const size_t plane = pixels.size() / 3;
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = planes.values[i % 3 * plane + i / 3];
  EXPECT_EQ(read_image(path("x.png")).image.pixels, to_image(pixels, kModelSide, kModelSide).pixels);
}

TEST_F(Numbers, RecordsNameTheOutputs) {
  std::string codes = encoded("a");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"encode", path("a.png"), "-o", path("y.json")},
        std::vector<std::string>{"decode", codes, "-o", path("y.png")},
        std::vector<std::string>{"embed", path("a.png"), "-o", path("y.npy")}}) {
    std::vector<std::string> with_json = words;
    with_json.insert(with_json.end(), {"--json", "-q"});
    Result result = run_model(with_json);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(Json::parse(result.out)["output"], words.back());
  }
}

TEST_F(Numbers, DamagedCodesAreRefusedInOneLine) {
  Json good = Json::parse(read_file(encoded("a")));
  auto refuse = [&](const std::string& text) {
    write_file(path("bad.json"), text);
    Result result = run_model({"decode", path("bad.json"), "-o", path("bad.png"), "-q"});
    EXPECT_EQ(result.code, 1) << text;
    expect_one_error(result.err);
    EXPECT_FALSE(std::filesystem::exists(path("bad.png")));
  };
  auto with = [&](const char* key, const Json& value) {
    Json changed = good;
    changed[key] = value;
    return changed.dump();
  };
  for (const char* text : {"", "[]", "{", "{}", "null", "\xff\xfe", "{\"height\": 8}"}) refuse(text);
  for (const Json& size :
       {Json(0), Json(-8), Json(7), Json(8.0), Json("8"), Json(1e300), Json(4000000000), Json()}) {
    refuse(with("height", size));
    refuse(with("width", size));
  }
  for (const Json& code :
       {Json(-1), Json(1.5), Json("1"), Json(2147483647), Json(99999999999), Json(nullptr)}) {
    Json codes = good["codes"];
    codes[3] = code;
    refuse(with("codes", codes));
  }
  refuse(with("codes", Json::array()));
  refuse(std::string(100000, '['));
}

TEST_F(Numbers, EmbedWritesEveryStage) {
  std::string image = image_file("a.png");
  const std::map<std::string, std::string> shapes{
      {"vision", "(64, 48)"}, {"aligned", "(64, 40)"}, {"pixels", "(3, 16, 16)"}, {"latent", "(64, "}};
  for (const auto& [stage, shape] : shapes) {
    ASSERT_EQ(run_model({"embed", image, "-o", path("x.npy"), "--stage", stage, "-q"}).code, 0) << stage;
    NpyFile file = parse_npy(read_file(path("x.npy")));
    EXPECT_NE(file.header.find("'shape': " + shape), std::string::npos) << stage << ": " << file.header;
    EXPECT_TRUE(
        std::all_of(file.values.begin(), file.values.end(), [](float x) { return std::isfinite(x); }));
  }
  std::string aligned = run_model({"embed", image, "-o", "-", "-q"}).out;
  ASSERT_EQ(run_model({"embed", image, "-o", path("x.npy"), "--stage", "aligned", "-q"}).code, 0);
  EXPECT_EQ(aligned, read_file(path("x.npy")));
}

void expect_score(const Result& result, const char* what, size_t count) {
  ASSERT_EQ(result.code, 0) << result.err;
  Json score = Json::parse(result.out);
  ASSERT_EQ(score.size(), 3U);
  ASSERT_EQ(score[what].size(), count);
  ASSERT_EQ(score["logprobs"].size(), count);
  double total = 0;
  for (double logprob : score["logprobs"]) {
    EXPECT_LT(logprob, 0);
    total += logprob;
  }
  EXPECT_LE(std::abs(score["total"].get<double>() - total), 1e-9 * std::abs(total));
}

TEST_F(Numbers, ScoresTextAsItIsTokenizedAlone) {
  std::string image = image_file("a.png");
  Json ids = Json::parse(run_model({"tokenize", "A red square.", "-q"}).out);
  Result result = run_model({"score", "--image", image, "--text", "A red square.", "-q"});
  // `tokenize` puts the begin token first, `score` does not.
  expect_score(result, "ids", ids.size() - 1);
  ids.erase(ids.begin());
  EXPECT_EQ(Json::parse(result.out)["ids"], ids);
  Result asked = run_model({"score", "--image", image, "-p", "Which?", "--text", "A red square.", "-q"});
  expect_score(asked, "ids", ids.size());
  EXPECT_NE(asked.out, result.out);
}

TEST_F(Numbers, ScoresCodesWithAndWithoutGuidance) {
  std::string codes = encoded("a");
  Result plain = run_model({"score", "-p", "a red circle", "--codes", codes, "-q"});
  expect_score(plain, "codes", kModelCodes);
  EXPECT_EQ(run_model({"score", "-p", "a red circle", "--codes", codes, "-q", "--cfg-scale", "1"}).out,
            plain.out);
  Result guided = run_model({"score", "-p", "a red circle", "--codes", codes, "-q", "--cfg-scale", "5"});
  expect_score(guided, "codes", kModelCodes);
  EXPECT_NE(guided.out, plain.out);
}

TEST_F(Numbers, ScoresAnImageAsItsCodes) {
  const std::string image = image_file("a.png");
  const Result of_codes = run_model({"score", "-p", "a red circle", "--codes", encoded("a"), "-q"});
  expect_score(of_codes, "codes", kModelCodes);
  EXPECT_EQ(run_model({"score", "-p", "a red circle", image, "-q"}).out, of_codes.out);
  EXPECT_EQ(run_model({"score", "-p", "a red circle", "-", "-q"}, {.input = read_file(image)}).out,
            of_codes.out);
  const Result bare = run_model({"score", image, "-q"});
  EXPECT_EQ(bare.code, 1);
  expect_one_error(bare.err);
  EXPECT_NE(bare.err.find("-p"), std::string::npos) << bare.err;
}

TEST_F(Numbers, ScoresAGeneratedImageForThePromptInIt) {
  ASSERT_EQ(run_model({"generate", "a <|User|> circle", "--special-tokens", "--negative-prompt",
                       "a blue square", "-o", path("g.png"), "-q"})
                .code,
            0);
  const auto score = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{"score", path("g.png"), "-q"};
    all.insert(all.end(), words.begin(), words.end());
    const Result result = run_model(all);
    expect_score(result, "codes", kModelCodes);
    return result.out;
  };
  EXPECT_EQ(score({}), score({"-p", "a <|User|> circle", "--special-tokens"}));
  EXPECT_NE(score({}), score({"-p", "a <|User|> circle"}));
  EXPECT_NE(score({"--cfg-scale", "5"}),
            score({"-p", "a <|User|> circle", "--special-tokens", "--cfg-scale", "5"}))
      << "guidance leads away from the negative prompt of the image";
}

TEST_F(Numbers, GreedyCodesAreTheLikeliest) {
  ASSERT_EQ(run_model({"generate", "a red circle", "-o", path("g.png"), "--codes-out", path("g.json"),
                       "--temperature", "0", "--cfg-scale", "1", "-q"})
                .code,
            0);
  Json greedy = Json::parse(run_model({"score", "-p", "a red circle", "--codes", path("g.json"), "-q"}).out);
  Json other = Json::parse(run_model({"score", "-p", "a red circle", "--codes", encoded("a"), "-q"}).out);
  EXPECT_GT(greedy["logprobs"][0],
            -std::log(40.0));  // more than an even share of the smallest codebook there is
  EXPECT_GT(greedy["total"], other["total"]);
}

TEST(Tokenize, GivesIdsWithTheBeginTokenAndTheTextBack) {
  Result there = run_model({"tokenize", "a red circle, 图片!", "-q"});
  ASSERT_EQ(there.code, 0) << there.err;
  Json ids = Json::parse(there.out);
  ASSERT_TRUE(ids.is_array());
  EXPECT_EQ(ids[0], 300);  // its begin token
  std::string list;
  for (const Json& id : ids) list += id.dump() + " ";
  for (const std::string& text : {list, there.out}) {
    Result back = run_model({"tokenize", "--decode", text, "-q"});
    EXPECT_EQ(back.code, 0) << back.err;
    EXPECT_EQ(back.out, "a red circle, 图片!\n");
  }
}

TEST(Tokenize, RecordHasBoth) {
  Json record = Json::parse(run_model({"tokenize", "x", "--json", "-q"}).out);
  EXPECT_EQ(record["text"], "x");
  EXPECT_EQ(record["ids"], Json::parse(run_model({"tokenize", "x", "-q"}).out));
}

TEST(Tokenize, AnIdThatIsNotThereIsExitOne) {
  Result result = run_model({"tokenize", "--decode", "5000000", "-q"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  expect_one_error(result.err);
}

TEST(Tokenize, BrokenUtf8StaysValidJson) {
  Result result = run_model({"tokenize", "a\xff", "--json", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(Json::parse(result.out).is_object());
}

TEST(Info, TellsWhatAModelHolds) {
  Result result = run({"info", kModel, "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  Json info = Json::parse(result.out);
  std::vector<std::string> keys;
  for (const auto& [key, value] : info.items()) keys.push_back(key);
  keys.resize(6);
  EXPECT_EQ(keys, (std::vector<std::string>{"family", "layout", "parameters", "files", "types", "memory"}));
  EXPECT_EQ(info["family"], "janus");
  EXPECT_EQ(info["layout"], "transformers");
  EXPECT_GT(info["parameters"], 100000);
  int64_t bytes = 0;
  for (const auto& [type, size] : info["types"].items()) bytes += size.get<int64_t>();
  EXPECT_GE(info["memory"]["weights"], bytes);  // vectors become f32
  EXPECT_LE(info["memory"]["weights"], 4 * info["parameters"].get<int64_t>());
  int64_t bytes_of_parts = 0;
  for (const auto& [part, types] : info["parts"].items()) {
    for (const auto& [type, size] : types.items()) bytes_of_parts += size.get<int64_t>();
  }
  EXPECT_EQ(bytes_of_parts, bytes);
  EXPECT_LE(bytes, static_cast<int64_t>(std::filesystem::file_size(kModel + "/model.safetensors")));
  EXPECT_GE(bytes, 2 * info["parameters"].get<int64_t>());
  EXPECT_GT(info["memory"]["cache"], 0);
  EXPECT_GT(info["memory"]["scratch"], 0);
  EXPECT_EQ(info["image_size"], kModelSide);
  EXPECT_EQ(info["layers"], 2);
  Json wide = Json::parse(run({"info", kModel, "--json", "--type", "f32"}).out);
  EXPECT_EQ(wide["memory"]["weights"], 4 * info["parameters"].get<int64_t>());
  EXPECT_NE(run({"info", kModel}).out.find("transformers layout"), std::string::npos);
}

TEST(Info, TellsTheBuiltInModel) {
  Result result = run({"info", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["model"], "janus-tiny");
  EXPECT_NE(result.err.find("janus-tiny"), std::string::npos);
}

// Whether the program, in this environment, multiplies in tiles.
bool has_matrix_unit() { return device_traits("cpu").splits_activations; }

TEST(Bench, MeasuresEveryPartInRecordsOfTheContract) {
  Result result = run_model({"bench", "--json", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> parts{"read_bandwidth", "f32_peak",     "int8_peak",   "load",
                                 "vision",         "prefill",      "text_decode", "image_decode",
                                 "image_decode",   "image_decode", "vq_decode"};
  std::vector<int> rows{1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 1};
  if (has_matrix_unit()) {
    parts.insert(parts.begin() + 3, "matrix_peak");
    rows.insert(rows.begin() + 3, 1);
    parts.insert(parts.end() - 1, 3, "image_decode");
    rows.insert(rows.end() - 1, {16, 32, 64});
  }
  const std::set<std::string> peaks{"f32_peak", "int8_peak", "matrix_peak"},
      without_operations{"read_bandwidth", "load"};
  std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), parts.size()) << result.out;
  for (size_t i = 0; i < parts.size(); ++i) {
    Json record = Json::parse(lines[i]);
    std::vector<std::string> keys;
    for (const auto& [key, value] : record.items()) keys.push_back(key);
    EXPECT_EQ(keys, (std::vector<std::string>{"what", "rows", "type", "ms", "bytes", "gb_per_s", "gop_per_s",
                                              "fraction"}));
    EXPECT_EQ(record["what"], parts[i]);
    EXPECT_EQ(record["rows"], rows[i]);
    EXPECT_GT(record["ms"], 0) << lines[i];
    EXPECT_EQ(record["bytes"] > 0, !peaks.contains(parts[i])) << lines[i];
    EXPECT_EQ(record["gop_per_s"].is_null(), without_operations.count(parts[i]) == 1) << lines[i];
    if (parts[i] != "load") {
      EXPECT_GE(record["fraction"], 0) << lines[i];
    }
  }
}

TEST(Bench, MeasuresWhatIsAskedFor) {
  const Result result = run_model({"bench", "--json", "-q", "--only", "vq_decode", "--only", "text_decode"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> found;
  for (const std::string& line : lines_of(result.out)) found.push_back(Json::parse(line)["what"]);
  if (has_matrix_unit()) std::erase(found, "matrix_peak");
  EXPECT_EQ(found, (std::vector<std::string>{"read_bandwidth", "f32_peak", "int8_peak", "load", "text_decode",
                                             "vq_decode"}));
  const Result wrong = run_model({"bench", "--only", "all"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("found \"all\""), std::string::npos) << wrong.err;
}

}  // namespace
}  // namespace janus::test
