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
  const auto model = janus::open_model(janus::Checkpoint::open(argv[1]), janus::open_device("auto"));
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
