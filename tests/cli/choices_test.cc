// janus describe --choices and janus score --jsonl: answers of which one is to be chosen, by hand from
// scores.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

class Choices : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    for (int i = 0; i < 2; ++i)
      image_file(std::to_string(i) + ".png", 10 + i, 20, static_cast<uint8_t>(80 * i));
  }
  static Json score(const std::string& image, const std::string& prompt, const std::string& text) {
    const Result result = run_model({"score", "-q", "--image", image, "-p", prompt, "--text", text});
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  }
  // What --choices must say of the texts, by scores of each alone.
  static Json by_hand(const std::string& image, const std::string& prompt, const Words& texts, bool by_mean) {
    std::vector<Json> plain, spaced;
    for (const std::string& text : texts) {
      plain.push_back(score(image, prompt, text));
      spaced.push_back(score(image, prompt, " " + text));
    }
    const auto highest = [](const std::vector<Json>& scores) {
      double most = -1e9;
      for (const Json& one : scores) most = std::max(most, one["total"].get<double>());
      return most;
    };
    Json result{{"spaced", highest(spaced) > highest(plain)}, {"choices", Json::array()}};
    double best = -1e9;
    for (size_t i = 0; i < texts.size(); ++i) {
      Json one = result["spaced"] ? spaced[i] : plain[i];
      one["text"] = texts[i];
      one["mean"] = one["total"].get<double>() / static_cast<double>(one["ids"].size());
      const double value = one[by_mean ? "mean" : "total"];
      if (value > best) {
        best = value;
        result["choice"] = i;
        result["text"] = texts[i];
      }
      result["choices"].push_back(one);
    }
    return result;
  }
  static void expect_choice(const Json& found, const Json& wanted) {
    for (const char* key : {"spaced", "choice", "text"}) EXPECT_EQ(found[key], wanted[key]) << found;
    ASSERT_EQ(found["choices"].size(), wanted["choices"].size());
    for (size_t i = 0; i < wanted["choices"].size(); ++i) {
      for (const char* key : {"text", "ids", "logprobs", "total", "mean"})
        EXPECT_EQ(found["choices"][i][key], wanted["choices"][i][key]) << i << ' ' << key;
    }
  }
};

TEST_F(Choices, TheLikeliestIsTheAnswer) {
  const Words texts{"A red square.", "Dog", "B"};
  for (const bool by_mean : {true, false}) {
    Words words{
        "describe", path("0.png"), path("1.png"), "-p", "Which?", "--choices", " A red square. , Dog,B",
        "-q",       "--json"};
    if (!by_mean) words.insert(words.end(), {"--choose-by", "total"});
    const Result result = run_model(words);
    ASSERT_EQ(result.code, 0) << result.err;
    const auto lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 2U);
    for (size_t i = 0; i < lines.size(); ++i) {
      const Json found = Json::parse(lines[i]);
      EXPECT_EQ(found["by"], by_mean ? "mean" : "total");
      EXPECT_EQ(found["prompt"], "Which?");
      expect_choice(found, by_hand(path(std::to_string(i) + ".png"), "Which?", texts, by_mean));
    }
  }
}

TEST_F(Choices, WordsAndTables) {
  const Json wanted = by_hand(path("0.png"), "Which?", {"Yes, it is", "No"}, true);
  const Words words{"describe", path("0.png"), "-p", "Which?", "--choices", R"(["Yes, it is", "No"])", "-q"};
  const Result plain = run_model(words);
  ASSERT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(plain.out, wanted["text"].get<std::string>() + "\n");
  Words table = words;
  table.push_back("--table");
  EXPECT_EQ(run_model(table).out, path("0.png") + "  " + wanted["text"].get<std::string>() + "\n");
}

TEST_F(Choices, AreOfAllImagesTogether) {
  const Result result =
      run_model({"describe", path("0.png"), path("1.png"), "--together", "--choices", "A,B", "-q", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["choices"].size(), 2U);
}

TEST_F(Choices, WrongOnesAreRefused) {
  const std::vector<Words> wrong{{"--choices", "A"},
                                 {"--choices", "A,,B"},
                                 {"--choices", "A,B,A"},
                                 {"--choices", "[\"A\", 2]"},
                                 {"--choices", "[\"A\""},
                                 {"--choices", "A,B", "--temperature", "1"},
                                 {"--choices", "A,B", "--draft", "off"},
                                 {"--choose-by", "total"},
                                 {"--choices", "A,B", "--choose-by", "length"}};
  for (Words words : wrong) {
    words.insert(words.begin(), {"describe", path("0.png")});
    const Result result = run_model(words);
    EXPECT_EQ(result.code, 2) << result.err;
    expect_one_error(result.err);
  }
}

TEST_F(Choices, AListHasARecordALine) {
  std::filesystem::create_directory(path("list"));
  std::filesystem::copy(path("0.png"), path("list/a.png"));
  write_file(path("list/q.jsonl"),
             R"({"id": 5, "image": "a.png", "prompt": "Which?", "choices": ["Yes", "No"], "label": "yes"})"
             "\n\n"
             R"({"image": ["a.png", ")" +
                 path("1.png") + R"("], "texts": [" A", "B"]})" +
                 "\n"
                 R"({"image": "gone.png", "choices": ["Yes", "No"]})"
                 "\n"
                 R"({"prompt": "Without one?", "texts": "x"})"
                 "\n");
  const Result result = run_model({"score", "--jsonl", path("list/q.jsonl"), "-p", "Default?"});
  EXPECT_EQ(result.code, 3);
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 4U);
  const Json first = Json::parse(lines[0]), second = Json::parse(lines[1]), third = Json::parse(lines[2]),
             fourth = Json::parse(lines[3]);
  EXPECT_EQ(first["line"], 1);
  EXPECT_EQ(first["item"]["id"], 5);
  EXPECT_EQ(first["item"]["label"], "yes");
  EXPECT_TRUE(first.contains("model"));
  expect_choice(first, by_hand(path("0.png"), "Which?", {"Yes", "No"}, true));
  EXPECT_EQ(second["line"], 3);
  ASSERT_EQ(second["scores"].size(), 2U);
  EXPECT_EQ(second["scores"][0]["text"], " A");
  EXPECT_TRUE(third.contains("error"));
  EXPECT_NE(third["error"].get<std::string>().find("list/gone.png"), std::string::npos);
  EXPECT_EQ(fourth["scores"].size(), 1U);
  EXPECT_NE(result.err.find("3 of 4 questions are scored, 1 failed"), std::string::npos) << result.err;
}

TEST_F(Choices, AWrongListIsOneErrorBeforeAnyWork) {
  const std::vector<std::string> wrong{"",
                                       "[1]",
                                       "{\"image\": \"0.png\"",
                                       R"({"image": "0.png"})",
                                       R"({"image": "0.png", "texts": []})",
                                       R"({"image": "0.png", "texts": [""]})",
                                       R"({"image": "0.png", "texts": [1]})",
                                       R"({"image": "0.png", "choices": ["A"]})",
                                       R"({"image": "0.png", "choices": ["A", "B"], "texts": ["A"]})",
                                       R"({"image": 3, "texts": ["A"]})",
                                       R"({"image": "-", "texts": ["A"]})",
                                       R"({"image": "0.png", "prompt": " ", "texts": ["A"]})",
                                       "{\"image\": \"\xff\", \"texts\": [\"A\"]}"};
  for (const std::string& text : wrong) {
    write_file(path("q.jsonl"), text + "\n");
    const Result result = run_model({"score", "--jsonl", path("q.jsonl")});
    EXPECT_EQ(result.code, 1) << text;
    EXPECT_EQ(result.out, "") << text;
    expect_one_error(result.err);
  }
  for (const Words& more : {Words{"--image", path("0.png")}, Words{"--text", "x"}, Words{"--cfg-scale", "2"},
                            Words{path("0.png")}, Words{"--limit", "2"}}) {
    Words words{"score", "--jsonl", path("q.jsonl")};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run_model(words).code, 2) << more.front();
  }
  EXPECT_EQ(run_model({"score", path("0.png"), "-p", "x", "--choose-by", "mean"}).code, 2);
}

}  // namespace
}  // namespace janus::test
