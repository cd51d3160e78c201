// Makes one image from a prompt: generate MODEL_FOLDER PROMPT OUT.png [SEED]
#include <janus/janus.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s MODEL_FOLDER PROMPT OUT.png [SEED]\n", argv[0]);
    return 2;
  }
  const auto model = janus::open_model(janus::Checkpoint::open(argv[1]), janus::open_device("auto"));

  janus::GenerateOptions options;
  options.prompt = argv[2];
  if (argc > 4) options.sampling.seed = static_cast<uint32_t>(std::strtoul(argv[4], nullptr, 10));
  const auto save = [&](const janus::GeneratedImage& made) {
    const auto png = janus::encode_image(made.image, janus::ImageFormat::png);
    std::ofstream out(argv[3], std::ios::binary);
    out.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
    if (!out.flush())
      throw janus::Error(std::string(argv[3]) + ": expected a file to write; give another path");
  };
  model->generate(options, save);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "generate: %s\n", error.what());
  return 1;
}
