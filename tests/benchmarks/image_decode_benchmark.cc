// Image files of 1 and 12 megapixels into RGB, beside what OpenCV takes for its BGR. As a test it runs one
// iteration.
#include <benchmark/benchmark.h>

#include <map>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "tests/vision/seeded_image.h"
#include "vision/image_file.h"

namespace janus {
namespace {

struct Size {
  int width, height;
};
constexpr Size kOneMegapixel{1152, 864}, kTwelveMegapixels{4000, 3000};

// A gradient with a little noise, as `extension` says: JPEG and WebP at quality 95, PNG at zlib's level 6,
// TIFF with LZW and a predictor.
const std::vector<uint8_t>& encoded(const std::string& extension, Size size) {
  static std::map<std::pair<std::string, int>, std::vector<uint8_t>> made;
  std::vector<uint8_t>& file = made[{extension, size.width}];
  if (!file.empty()) return file;
  Image image = test::seeded_image(size.width, size.height, 2, 1);
  const cv::Mat pixels(image.height, image.width, CV_8UC3, image.pixels.data());
  std::vector<int> settings;
  if (extension == ".png") settings = {cv::IMWRITE_PNG_COMPRESSION, 6};
  if (extension == ".webp") settings = {cv::IMWRITE_WEBP_QUALITY, 95};
  cv::imencode(extension, pixels, file, settings);
  return file;
}

void set_rate(benchmark::State& state, Size size) {
  state.counters["Mpixel/s"] =
      benchmark::Counter(size.width * size.height * 1e-6, benchmark::Counter::kIsIterationInvariantRate);
}

void DecodeImage(benchmark::State& state, const char* extension, Size size) {
  const std::vector<uint8_t>& file = encoded(extension, size);
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_image(std::as_bytes(std::span(file)), extension).image.pixels.data());
  }
  set_rate(state, size);
}

void OpenCv(benchmark::State& state, const char* extension, Size size) {
  const std::vector<uint8_t>& file = encoded(extension, size);
  for (auto _ : state) benchmark::DoNotOptimize(cv::imdecode(file, cv::IMREAD_UNCHANGED).data);
  set_rate(state, size);
}

void register_all(const char* extension) {
  for (const auto& [name, size] : {std::pair("1MP", kOneMegapixel), std::pair("12MP", kTwelveMegapixels)}) {
    const std::string kind = std::string(extension) + "/" + name;
    for (const auto& [reader, function] :
         {std::pair("DecodeImage", &DecodeImage), std::pair("OpenCv", &OpenCv)}) {
      benchmark::RegisterBenchmark((std::string(reader) + kind).c_str(), function, extension, size)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

const bool kRegistered = [] {
  for (const char* extension : {".jpg", ".png", ".webp", ".tif"}) register_all(extension);
  return true;
}();

}  // namespace
}  // namespace janus
