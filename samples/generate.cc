// Makes one picture from words: generate MODEL_FOLDER PROMPT OUT.png [SEED]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "core/checkpoint.h"
#include "core/device.h"
#include "generator/model.h"
#include "vision/image_file.h"

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s MODEL_FOLDER PROMPT OUT.png [SEED]\n", argv[0]);
    return 2;
  }
  const auto model = janus::open_model(janus::Checkpoint::open(argv[1]), janus::open_device("auto"));

  janus::GenerateOptions options;
  options.prompt = argv[2];
  if (argc > 4) options.sampling.seed = static_cast<uint32_t>(std::strtoul(argv[4], nullptr, 10));
  const janus::GeneratedImages made = model->generate(options, {});

  const janus::Array pixels = model->decode(made.images[0].codes);  // [3, h, w]
  const auto height = static_cast<int>(pixels.shape[1]), width = static_cast<int>(pixels.shape[2]);
  const auto png =
      janus::encode_image(janus::to_image(pixels.values, width, height), janus::ImageFormat::png);
  std::ofstream out(argv[3], std::ios::binary);
  if (!out.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()))
           .flush()) {
    std::fprintf(stderr, "generate: %s cannot be written\n", argv[3]);
    return 1;
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "generate: %s\n", error.what());
  return 1;
}
