// How long a running request waits for its next token while another one joins: hold_up [CONFIG] [TYPE]
// [THREADS], of random weights (default janus-pro-1b, q8_0 and all processors). Prints milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "generator/engine/engine.h"
#include "generator/engine/engine_model.h"
#include "generator/model.h"
#include "generator/random_checkpoint.h"

namespace janus {
namespace {

using Clock = std::chrono::steady_clock;

// Times between the tokens of one answer.
class Gaps {
 public:
  void token() {
    const auto now = Clock::now();
    if (begun_) all_.push_back(std::chrono::duration<double, std::milli>(now - last_).count());
    begun_ = true;
    last_ = now;
  }
  size_t count() const { return all_.size(); }
  double longest() const { return *std::max_element(all_.begin(), all_.end()); }
  double median() const {
    std::vector<double> sorted = all_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
  void restart() { all_.clear(); }

 private:
  bool begun_ = false;
  Clock::time_point last_;
  std::vector<double> all_;
};

void measure(const std::string& config, const std::string& type, int threads) {
  constexpr int kAlone = 12, kPromptTokens = 608;
  const auto model = open_model(random_checkpoint(config), open_device("cpu", {.threads = threads}),
                                {.type = weight_type_from_name(type)});
  const auto id = static_cast<int32_t>(model->info().vocab_size / 3);
  Engine engine(*model);
  Gaps gaps;
  // Nearly every token is as likely as any other, so that the answer does not end.
  engine.submit(
      AnswerRequest{
          .prompt_ids = std::vector<int32_t>(32, id), .max_tokens = 4000, .sampling = {.temperature = 1e4F}},
      {.on_progress = [&](const char* phase, int64_t, int64_t) {
        if (phase == std::string("writing")) gaps.token();
      }});
  while (gaps.count() < kAlone) engine.step();
  std::printf("%s %s, a token alone: median %.0f ms, longest %.0f ms\n", config.c_str(), type.c_str(),
              gaps.median(), gaps.longest());

  const auto join = [&](const char* what, AnswerRequest request) {
    gaps.restart();
    const auto begin = Clock::now();
    bool answered = false;
    request.max_tokens = 1;
    engine.submit(std::move(request), {.on_done = [&](Answer&) { answered = true; }});
    while (!answered) engine.step();
    std::printf("while %s: median %.0f ms, longest %.0f ms, %zu tokens in %.1f s\n", what, gaps.median(),
                gaps.longest(), gaps.count(), std::chrono::duration<double>(Clock::now() - begin).count());
  };
  join("a prompt of 608 tokens joins", {.prompt_ids = std::vector<int32_t>(kPromptTokens, id + 1)});
  const auto side = model->info().image_size;
  const PromptImage pixels =
      std::make_shared<const std::vector<float>>(static_cast<size_t>(3) * side * side, 0.5F);
  const int32_t placeholder = model->engine_model().placeholder_id();
  if (placeholder >= 0) {
    join("a question about an image joins",
         {.prompt_ids = std::vector<int32_t>(static_cast<size_t>(model->info().image_tokens), placeholder),
          .images = {pixels}});
  }
  const auto start = Clock::now();
  gaps.restart();
  bool made = false;
  engine.submit(ImageRequest{.prompt_ids = std::vector<int32_t>(32, id)},
                {.on_done = [&](GeneratedImage&) { made = true; }});
  while (gaps.count() < kAlone) engine.step();
  std::printf("beside an image: median %.0f ms, longest %.0f ms (%s, %.1f s)\n", gaps.median(),
              gaps.longest(), made ? "made" : "under way",
              std::chrono::duration<double>(Clock::now() - start).count());
}

}  // namespace
}  // namespace janus

int main(int argc, char** argv) try {
  janus::measure(argc > 1 ? argv[1] : "janus-pro-1b", argc > 2 ? argv[2] : "q8_0",
                 argc > 3 ? std::atoi(argv[3]) : 0);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hold_up: %s\n", error.what());
  return 1;
}
