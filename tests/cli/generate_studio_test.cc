// janus generate: choosing the best, sheets, previews and enlargements.
#include <sys/stat.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <thread>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

class Studio : public InFolder {
 protected:
  Result generate(std::vector<std::string> words, const Surroundings& around = {}) const {
    words.insert(words.begin(), {"generate", "a red circle left of a star"});
    return run_model(words, around);
  }
  Json settings(const std::string& name) const {
    Result result = run({"info", path(name), "--json"});
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(Studio, TheBestOfSeveralIsFoundByItsScoreAndMadeAgainByItsSeed) {
  for (const std::string ranker : {"self-caption", "self-vqa"}) {
    Result result =
        generate({"-o", path("best.png"), "--best-of", "6", "--ranker", ranker, "--json", "-s", "10"});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json record = Json::parse(result.out);
    ASSERT_EQ(record["candidates"].size(), 6U);
    double best = record["candidates"][0]["score"];
    std::set<double> scores;
    for (int k = 0; k < 6; ++k) {
      EXPECT_EQ(record["candidates"][k]["seed"], 10 + k);
      best = std::max(best, record["candidates"][k]["score"].get<double>());
      scores.insert(record["candidates"][k]["score"].get<double>());
    }
    EXPECT_GT(scores.size(), 1U) << "scores depend on the image";
    EXPECT_EQ(record["score"], best);
    const Json inside = settings("best.png");
    for (const char* key : {"seed", "score", "ranker", "best_of", "candidates"}) {
      EXPECT_EQ(inside[key], record[key]) << key;
    }
    result = generate({"-o", path("alone.png"), "-s", std::to_string(record["seed"].get<int>()), "--json"});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(Json::parse(result.out)["codes"], record["codes"]);
  }
}

TEST_F(Studio, APlaceholderInThePromptIsNotTheImagesPlace) {
  for (const std::string ranker : {"self-caption", "self-vqa"}) {
    const auto scores = [&](const std::string& prompt) {
      const Result result = run_model({"generate", prompt, "-o", path("p.png"), "--best-of", "2", "--ranker",
                                       ranker, "--json", "-s", "10"});
      EXPECT_EQ(result.code, 0) << result.err;
      return result.code == 0 ? Json::parse(result.out)["candidates"].size() : 0;
    };
    EXPECT_EQ(scores("a ring <image_placeholder>"), 2U) << ranker;
    EXPECT_EQ(scores("<image_placeholder> or <image_placeholder>"), 2U) << ranker;
  }
}

TEST_F(Studio, TheScoreIsTheCaptionsProbability) {
  ASSERT_EQ(generate({"-o", path("x.png"), "--best-of", "1"}).code, 0);
  // Paraphrases and both beginnings together are likelier than any one, and not than their number.
  double total = 0;
  for (const std::string text : {"a red circle left of a star", " a red circle left of a star",
                                 "a star right of a red circle", " a star right of a red circle"}) {
    Result result = run_model({"score", "--image", path("x.png"), "--text", text});
    ASSERT_EQ(result.code, 0) << result.err;
    total += std::exp(Json::parse(result.out)["total"].get<double>());
  }
  EXPECT_NEAR(settings("x.png")["score"].get<double>(), std::log(total), 1e-4);
}

TEST_F(Studio, SeveralAreKeptInOrderOfTheirScores) {
  Result result = generate(
      {"-o", path("k-%d.png"), "--best-of", "5", "--keep", "3", "--json", "--codes-out", path("c.json")});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 3U);
  double last = 0;
  for (size_t k = 0; k < 3; ++k) {
    const Json record = Json::parse(lines[k]);
    EXPECT_EQ(record["index"], k);
    EXPECT_EQ(record["rank"], k);
    EXPECT_EQ(record["output"], path("k-" + std::to_string(k) + ".png"));
    EXPECT_TRUE(k == 0 || record["score"].get<double>() <= last) << k;
    last = record["score"];
    EXPECT_EQ(Json::parse(read_file(path("c-00" + std::to_string(k) + ".json")))["codes"], record["codes"]);
  }
  EXPECT_EQ(names().size(), 6U);
}

TEST_F(Studio, ListsChooseForEachPrompt) {
  write_file(path("list.txt"), "one\ntwo\n");
  const std::vector<std::string> words{"generate",  "--prompts", path("list.txt"), "-o", path("o-%d.png"),
                                       "--best-of", "3",         "--keep",         "2",  "--json",
                                       "-m",        kModel};
  Result result = run(words);
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(Json::parse(lines[0])["candidates"][0]["seed"], 42);
  EXPECT_EQ(Json::parse(lines[2])["candidates"][0]["seed"], 45);
  std::string second = read_file(path("o-2.png"));
  std::filesystem::remove(path("o-2.png"));
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_file(path("o-2.png")), second);
}

TEST_F(Studio, ASheetShowsEveryImage) {
  ASSERT_EQ(generate({"-o", path("x.png"), "-b", "3", "--grid", path("sheet.png"), "-q"}).code, 0);
  const Image sheet = read_image(path("sheet.png")).image;
  // Two columns of images enlarged to 192.
  EXPECT_EQ(sheet.width, 2 * 192 + 3 * 8);
  for (int k = 0; k < 3; ++k) {
    const Image image = read_image(path("x-00" + std::to_string(k) + ".png")).image;
    const Image large = resize_bicubic(image, 192, 192);
    const int left = 8 + k % 2 * 200, top = 8 + k / 2 * (192 + 8 + 36);
    for (int y = 0; y < 192; y += 7) {
      for (int x = 0; x < 192; ++x) {
        for (int c = 0; c < 3; ++c) {
          ASSERT_EQ(sheet.pixels[((top + y) * sheet.width + left + x) * 3 + c],
                    large.pixels[(y * 192 + x) * 3 + c]);
        }
      }
    }
  }
}

TEST_F(Studio, TheSheetOfAListThatWentOnIsWhole) {
  write_file(path("list.txt"), "one\ntwo\nthree\n");
  std::vector<std::string> words{"generate",       "--prompts", path("list.txt"),  "-o",
                                 path("o-%d.png"), "--grid",    path("sheet.png"), "-m",
                                 kModel,           "-q"};
  ASSERT_EQ(run(words).code, 0);
  std::string whole = read_file(path("sheet.png"));
  std::filesystem::remove(path("o-1.png"));
  std::filesystem::remove(path("sheet.png"));
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_file(path("sheet.png")), whole);
  std::filesystem::remove(path("sheet.png"));
  ASSERT_EQ(run(words).code, 0) << "nothing left to draw";
  EXPECT_EQ(read_file(path("sheet.png")), whole);
}

TEST_F(Studio, APreviewGrowsAndEndsAsTheImage) {
  const std::vector<std::string> words{"generate",    "a red circle",    "-o", path("x.png"), "--preview",
                                       path("p.png"), "--preview-every", "1",  "-m",          kModel};
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_image(path("p.png")).image.pixels, read_image(path("x.png")).image.pixels);
  ASSERT_EQ(generate({"-o", path("y.png"), "-b", "3", "--preview", path("p.png")}).code, 0);
  const Image row = read_image(path("p.png")).image;
  EXPECT_EQ(row.width, 3 * kModelSide);
  EXPECT_EQ(row.height, kModelSide);
}

TEST_F(Studio, APreviewIsGreyWhereNothingIsGenerated) {
  // A named pipe sees every preview: each is a whole PNG with at least one more line than the last.
  ASSERT_EQ(mkfifo(path("p.png").c_str(), 0600), 0);
  std::string seen;
  std::thread reader([&] {
    for (int end = open(path("p.png").c_str(), O_RDONLY); true;) {
      std::array<char, 65536> block{};
      const ssize_t size = read(end, block.data(), block.size());
      if (size > 0) seen.append(block.data(), static_cast<size_t>(size));
      if (seen.size() > 4 && seen.find("quit") != std::string::npos) break;
      if (size == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  Result result = generate({"-o", path("x.png"), "--preview", path("p.png"), "--preview-every", "2"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::ofstream(path("p.png")) << "quit";
  reader.join();
  int images = 0;
  for (size_t at = seen.find("\x89PNG"); at != std::string::npos;) {
    const size_t end = std::min(seen.find("\x89PNG", at + 1), seen.find("quit", at));
    const std::string file = seen.substr(at, end - at);
    const Image image = decode_image(std::as_bytes(std::span(file)), "preview").image;
    int grey_rows = 0;
    for (int y = 0; y < image.height; ++y) {
      const auto row = image.pixels.begin() + y * image.width * 3;
      grey_rows +=
          std::all_of(row, row + image.width * 3, [](uint8_t value) { return value == 127; }) ? 1 : 0;
    }
    EXPECT_EQ(grey_rows, std::max(0, kModelSide - (images + 1) * 2 * (kModelSide / 8))) << images;
    ++images;
    at = seen.find("\x89PNG", at + 1);
  }
  EXPECT_EQ(images, 4);
}

TEST_F(Studio, EnlargesOrSaysThatThisBuildCannot) {
  Result result = generate({"-o", path("x.png"), "--upscale", "2"});
  if (JANUS_WITH_OPENCV == 0) {
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("--upscale"), std::string::npos) << result.err;
    return;
  }
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_image(path("x.png")).image.width, 2 * kModelSide);
  EXPECT_EQ(settings("x.png")["width"], 2 * kModelSide);
  EXPECT_EQ(settings("x.png")["upscale"], 2);
}

}  // namespace
}  // namespace janus::test
