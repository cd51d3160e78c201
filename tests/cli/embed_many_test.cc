// janus embed of many images: each as it is embedded alone, in one array or in records.
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

struct Npy {
  std::string header, values;  // the latter as they lie in the file
};

Npy read_npy(const std::string& path) {
  const std::string bytes = read_file(path);
  const size_t length =
      static_cast<uint8_t>(bytes.at(8)) + 256 * static_cast<size_t>(static_cast<uint8_t>(bytes.at(9)));
  EXPECT_EQ((10 + length) % 64, 0U);
  return {bytes.substr(10, length), bytes.substr(10 + length)};
}

std::vector<float> floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

class EmbedMany : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    std::filesystem::create_directory(path("p"));
    for (int i = 0; i < 5; ++i)
      image_file("p/" + std::to_string(i) + ".png", 10 + i, 20 - i, static_cast<uint8_t>(40 * i));
  }
  static Result embed(Words words) {
    words.insert(words.begin(), {"embed", "-q"});
    return run_model(words);
  }
  std::vector<Json> lines(const std::string& name) const {
    std::vector<Json> found;
    for (const std::string& line : lines_of(read_file(path(name)))) found.push_back(Json::parse(line));
    return found;
  }
};

TEST_F(EmbedMany, EveryRowIsWhatItsImageGivesAlone) {
  const Words shapes{"vision",  "none", "(5, 64, 48)", "vision", "mean", "(5, 48)",
                     "aligned", "max",  "(5, 40)",     "pixels", "none", "(5, 3, 16, 16)"};
  for (size_t i = 0; i < shapes.size(); i += 3) {
    const Words form{"--stage", shapes[i], "--pool", shapes[i + 1]};
    SCOPED_TRACE(shapes[i] + " " + shapes[i + 1]);
    std::string alone;
    for (int image = 0; image < 5; ++image) {
      Words words{path("p/" + std::to_string(image) + ".png"), "-o", path("one.npy")};
      words.insert(words.end(), form.begin(), form.end());
      ASSERT_EQ(embed(words).code, 0);
      alone += read_npy(path("one.npy")).values;
    }
    for (const char* batch : {"1", "2", "8"}) {
      Words words{path("p"), "-o", path("all.npy"), "-b", batch, "--decoders", "3"};
      words.insert(words.end(), form.begin(), form.end());
      const Result result = embed(words);
      ASSERT_EQ(result.code, 0) << result.err;
      const Npy all = read_npy(path("all.npy"));
      EXPECT_NE(all.header.find("'shape': " + shapes[i + 2]), std::string::npos) << all.header;
      EXPECT_EQ(all.values == alone, true) << "batch " << batch;
    }
  }
}

TEST_F(EmbedMany, TheIndexNamesTheRowsAndErrorsHaveNone) {
  write_file(path("p/3.png"), "no picture");
  const Result result =
      embed({path("p"), "-o", path("v.npy"), "--stage", "vision", "--pool", "mean", "--json"});
  EXPECT_EQ(result.code, 3) << result.err;
  expect_one_error(result.err);
  const std::vector<Json> index = lines("v.jsonl");
  EXPECT_EQ(result.out, read_file(path("v.jsonl")));
  ASSERT_EQ(index.size(), 5U);
  for (int i = 0, row = 0; i < 5; ++i) {
    EXPECT_EQ(index[i]["key"], path("p/" + std::to_string(i) + ".png"));
    EXPECT_EQ(index[i].contains("error"), i == 3);
    EXPECT_EQ(index[i].contains("row"), i != 3);
    if (i == 3) continue;
    EXPECT_EQ(index[i]["row"], row++);
  }
  EXPECT_EQ(index[0]["shape"], Json({48}));
  EXPECT_NE(read_npy(path("v.npy")).header.find("(4, 48)"), std::string::npos);
  EXPECT_EQ(names(), (Words{"p", "v.jsonl", "v.npy"}));
}

TEST_F(EmbedMany, RecordsHoldTheSameNumbers) {
  ASSERT_EQ(embed({path("p"), "-o", path("v.npy"), "--stage", "vision"}).code, 0);
  ASSERT_EQ(embed({path("p"), "-o", path("r.jsonl"), "--stage", "vision"}).code, 0);
  const std::vector<float> expected = floats(read_npy(path("v.npy")).values);
  size_t at = 0;
  for (const Json& record : lines("r.jsonl")) {
    ASSERT_EQ(record["embedding"].size(), 64U);
    for (const Json& vector : record["embedding"]) {
      ASSERT_EQ(vector.size(), 48U);
      for (const Json& number : vector) ASSERT_EQ(number.get<float>(), expected[at++]);
    }
  }
  EXPECT_EQ(at, expected.size());
}

TEST_F(EmbedMany, PoolingAndLengthsAreWhatTheySay) {
  const std::string image = path("p/2.png");
  const auto values = [&](Words form) {
    form.insert(form.begin(), {image, "-o", path("x.npy"), "--stage", "vision"});
    EXPECT_EQ(embed(form).code, 0);
    return floats(read_npy(path("x.npy")).values);
  };
  const std::vector<float> all = values({}), mean = values({"--pool", "mean"}),
                           most = values({"--pool", "max"}), unit = values({"--pool", "mean", "--normalize"}),
                           rows = values({"--normalize"});
  double squares = 0;
  for (const float x : mean) squares += double{x} * x;
  for (size_t d = 0; d < 48; ++d) {
    double sum = 0;
    float greatest = all[d];
    for (size_t n = 0; n < 64; ++n) {
      sum += all[48 * n + d];
      greatest = std::max(greatest, all[48 * n + d]);
    }
    EXPECT_NEAR(mean[d], sum / 64, 1e-6);
    EXPECT_EQ(most[d], greatest);
    EXPECT_NEAR(unit[d], mean[d] / std::sqrt(squares), 1e-6);
  }
  for (size_t n = 0; n < 64; ++n) {
    double length = 0;
    for (size_t d = 0; d < 48; ++d) length += double{rows[48 * n + d]} * rows[48 * n + d];
    EXPECT_NEAR(length, 1, 1e-5);
  }
}

TEST_F(EmbedMany, ReadsListsAndChoosesAsCaptionDoes) {
  write_file(path("list.txt"), path("p/4.png") + "\n" + path("p/0.png") + "\n");
  ASSERT_EQ(embed({"@" + path("list.txt"), "-o", path("v.npy")}).code, 0);
  EXPECT_EQ(lines("v.jsonl")[0]["key"], path("p/4.png"));
  ASSERT_EQ(
      run_model({"embed", "-q", "@-", "-o", path("w.npy")}, {.input = read_file(path("list.txt"))}).code, 0);
  EXPECT_EQ(read_file(path("w.npy")), read_file(path("v.npy")));
  ASSERT_EQ(embed({path("p"), "-o", path("v.npy"), "--where", "width>=13 or width==10"}).code, 0);
  EXPECT_EQ(lines("v.jsonl").size(), 3U);
  ASSERT_EQ(embed({path("p/1.png"), "-o", path("s.npy"), "--limit", "1"}).code, 0);
  EXPECT_NE(read_npy(path("s.npy")).header.find("(1, 64, 40)"), std::string::npos);
}

TEST_F(EmbedMany, WhatStandsThereIsKept) {
  write_file(path("v.jsonl"), "{\"mine\": 1}\n");
  const Result refused = embed({path("p"), "-o", path("v.npy")});
  EXPECT_EQ(refused.code, 1);
  expect_one_error(refused.err);
  EXPECT_EQ(names(), (Words{"p", "v.jsonl"}));
  EXPECT_EQ(embed({path("p"), "-o", path("v.npy"), "--overwrite"}).code, 0);
  EXPECT_EQ(embed({path("p"), "-o", path("v.npy")}).code, 0) << "an index of ours is replaced";

  const std::string before = read_file(path("v.npy"));
  std::filesystem::create_directory(path("bad"));
  write_file(path("bad/a.png"), "no picture");
  EXPECT_EQ(embed({path("bad"), "-o", path("v.npy")}).code, 1) << "an array of none is no result";
  EXPECT_EQ(read_file(path("v.npy")), before);
  EXPECT_EQ(embed({path("bad"), "-o", path("r.jsonl")}).code, 3);
  EXPECT_EQ(lines("r.jsonl").size(), 1U);
  for (const Words& wrong : {Words{path("p"), "-o", "-"},
                             {path("p"), "-", "-o", path("x.npy")},
                             {path("p"), "-o", path("x.png")},
                             {path("p"), "-o", path("x.npy"), "--stage", "pixels", "--pool", "mean"}}) {
    const Result result = embed(wrong);
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
  }
}

}  // namespace
}  // namespace janus::test
