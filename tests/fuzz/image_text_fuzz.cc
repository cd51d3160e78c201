// What a picture says of how it was made: text in PNG, JPEG and WebP, the settings in it, and those of other
// programs.
#include "generator/parameters_text.h"
#include "generator/settings_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/png_checksums.h"
#include "vision/image_file.h"

namespace {

std::string written(janus::ImageFormat format, const janus::ImageText& text) {
  const janus::Image image{.width = 1, .height = 1, .pixels = {1, 2, 3}};
  const std::vector<std::byte> file = janus::encode_image(image, format, text);
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

void read(const std::string& file) {
  janus::fuzz::takes([&] {
    const janus::ImageText text = janus::read_image_text(std::as_bytes(std::span(file)), "picture");
    if (const auto settings = janus::settings_of(text)) {
      for (const auto& [key, value] : settings->items()) (void)janus::text_setting(*settings, key.c_str());
    }
    for (const auto& [key, value] : text) (void)janus::parse_parameters(value);
  });
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  const janus::ImageText text{
      {"janus",
       R"({"prompt": "a red circle", "negative_prompt": "blue", "seed": 7, "cfg_scale": 4.5, "temperature": 1.0,)"
       R"( "top_k": 5, "top_p": 0.9, "width": 64, "height": 64, "model": "janus-tiny", "version": "0.1.0"})"},
      {"parameters",
       "a red circle\nNegative prompt: blue\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123, "
       "Size: 512x512, Model: \"a, b\""},
      {"Title", "caf\xC3\xA9 \xE6\xBC\xA2"}};
  std::vector<std::string> seeds;
  for (const auto format : {janus::ImageFormat::png, janus::ImageFormat::jpeg, janus::ImageFormat::webp})
    seeds.push_back(written(format, text));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string file(janus::fuzz::text_of(data, size));
  (void)janus::parse_parameters(file);
  read(file);
  if (janus::fuzz::mend_png_checksums(file)) read(file);
  return 0;
}
