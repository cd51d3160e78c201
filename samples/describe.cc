// Answers a question about one image: describe MODEL_FOLDER IMAGE [QUESTION]
#include <janus/janus.h>

#include <cstdio>
#include <exception>
#include <string_view>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL_FOLDER IMAGE [QUESTION]\n", argv[0]);
    return 2;
  }
  const janus::Checkpoint checkpoint = janus::Checkpoint::open(argv[1]);
  // Throws where memory will not hold the model and what it is to do.
  const janus::FittingDevice fitting =
      janus::open_fitting_device({.checkpoint = checkpoint,
                                  .model = argv[1],
                                  .device = "auto",
                                  .options = {},
                                  .work = {.prompt_images = 1, .new_tokens = 512}});
  const auto model = janus::open_model(checkpoint, fitting.device);
  const janus::Image image = janus::read_image(argv[2]).image;

  janus::DescribeOptions options;
  if (argc > 3) options.prompt = argv[3];
  const auto print = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); };
  model->describe({&image, 1}, options, print);
  std::puts("");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "describe: %s\n", error.what());
  return 1;
}
