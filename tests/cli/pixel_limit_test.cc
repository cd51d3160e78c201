// --limit-pixels, and what the largest image takes that it lets through.
#include "tests/cli/program.h"

namespace janus::test {
namespace {

// Of that size, with no pixels to speak of.
std::string gif(int width, int height) {
  std::string size;
  for (const int side : {width, height}) {
    size += static_cast<char>(side);
    size += static_cast<char>(side >> 8);
  }
  std::string file = "GIF89a";
  file += size;
  file.append("\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0", 14);
  file += size;
  file.append("\0\x02\x02\x4C\x01\0;", 7);
  return file;
}

class PixelLimitOption : public InFolder {
 protected:
  std::string picture(const std::string& name, int width, int height) const {
    const Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3, 90)};
    const std::vector<std::byte> file = encode_image(image, *image_format_of(name));
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    write_file(path(name), {reinterpret_cast<const char*>(file.data()), file.size()});
    return path(name);
  }
};

TEST_F(PixelLimitOption, RefusesAPngAboveItInEveryCommand) {
  const std::string png = picture("a.png", 40, 30);
  const std::vector<std::vector<std::string>> commands{
      {"describe", png},
      {"encode", png, "-o", path("x.json")},
      {"score", "--image", png, "--text", "a"},
      {"score", png, "-p", "a"},
      {"embed", png, "-o", path("x.npy")},
      {"chat", "--image", png},
  };
  for (std::vector<std::string> command : commands) {
    SCOPED_TRACE(command.front());
    command.insert(command.end(), {"-q", "--limit-pixels", "1199"});
    const Result refused = run_model(command);
    EXPECT_EQ(refused.code, 1) << refused.err;
    expect_one_error(refused.err);
    EXPECT_NE(refused.err.find("expected 1 to 1199 pixels"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("found 40 x 30"), std::string::npos) << refused.err;
    command.back() = "1200";
    EXPECT_EQ(run_model(command).code, 0);
  }
}

TEST_F(PixelLimitOption, IsAnErrorOfItsItemInCaption) {
  picture("in/large.png", 40, 30);
  picture("in/small.png", 20, 30);
  const Result result =
      run_model({"caption", path("in"), "-o", path("out.jsonl"), "-q", "--limit-pixels", "600"});
  EXPECT_EQ(result.code, 3) << result.err;
  const std::string journal = read_file(path("out.jsonl"));
  EXPECT_NE(journal.find("expected 1 to 600 pixels"), std::string::npos) << journal;
}

#if JANUS_WITH_IMAGES
TEST_F(PixelLimitOption, ShrinksAJpegAndSaysSo) {
  const std::string jpeg = picture("a.jpg", 400, 300);
  const Result result = run_model({"describe", jpeg, "--limit-pixels", "30000"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("decoded at 1/2 of its sides"), std::string::npos) << result.err;
}
#endif

TEST_F(PixelLimitOption, BoundsTheMemoryOfAFewBytes) {
  // 100 million pixels: three bytes each, and one more while a palette is looked up.
  constexpr int64_t kMostBytes = int64_t{480} << 20;
  write_file(path("a.gif"), gif(10'000, 10'000));
  const Result result = run_model({"describe", path("a.gif")});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_LT(result.peak_bytes, kMostBytes);
  write_file(path("b.gif"), gif(10'000, 10'001));
  const Result refused = run_model({"describe", path("b.gif"), "-q"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_LT(refused.peak_bytes, int64_t{64} << 20);
}

}  // namespace
}  // namespace janus::test
