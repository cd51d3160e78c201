// The parts of a model that draws by flow.
#include "cli/commands/bench.h"
#include "cli/commands/bench_requests.h"
#include "core/tensor/ops.h"

namespace janus::cli {
namespace {

constexpr int64_t kFlowPrompt = 20;  // tokens of a prompt for an image
constexpr int kRows = 2;             // with the prompt, and without
constexpr float kTime = 0.5F;

}  // namespace

void Bench::flow_parts(const OnLine& on_line) {
  if (asked("prefill")) on_line(rows_prefill());
  if (asked("flow_step")) on_line(flow_steps());
  const bool uvit = asked("uvit_encode") || asked("uvit_decode");
  if (!uvit && !asked("vae_decode")) return;

  const std::vector<float> latent = flow_->noise(/*seed=*/0);
  if (uvit) {
    const FlowTime time = flow_->at(kTime);
    FlowInput input;
    const auto encode = [&] {
      input = flow_->read(latent, time);
      ops::to_host(input.tokens.rows(0, 1));  // a device may be behind
    };
    encode();
    if (asked("uvit_encode"))
      on_line(pass_of("uvit_encode", Part::uvit_encode, 0, [&] { return time_of(encode); }));
    if (asked("uvit_decode")) {
      const std::vector<Tensor> rows(kRows, input.tokens);
      const Tensor hidden =
          ops::concatenate(rows).reshape({kRows, input.tokens.size(0), input.tokens.size(1)});
      on_line(passes("uvit_decode", kRows, model_.cost(Part::uvit_decode, 0),
                     [&] { return time_of([&] { flow_->velocity(hidden, input, time); }); }));
    }
  }
  if (asked("vae_decode")) {
    on_line(pass_of("vae_decode", Part::vae_decode, 0,
                    [&] { return time_of([&] { flow_->make_image(latent, {}); }); }));
  }
}

Measurement Bench::rows_prefill() {
  const int64_t tokens = flow_->tokens();
  PassCost cost = model_.cost(Part::prefill, tokens);
  cost.operations *= kRows;
  return passes("prefill", kRows, cost, [&] {
    Engine engine(model_, {.rows = kRows});
    for (int row = 0; row < kRows; ++row) {
      AnswerRequest request = sample_answer(model_, tokens, 1);
      request.prompt_ids.front() += row;  // else the second row would copy the first
      engine.submit(std::move(request), AnswerSink{});
    }
    return time_of([&] {
      while (engine.step()) {
      }
    });
  });
}

Measurement Bench::flow_steps() {
  progress_.update("flow_step", 0, 0);
  Engine engine(model_, {.rows = kRows});
  // One step more than is measured at either end: the first reads the prompt, the last decodes the image.
  engine.submit(ImageRequest{.prompt_ids = sample_prompt(model_, kFlowPrompt), .steps = kPasses + 2},
                ImageSink{});
  engine.step();
  return passes("flow_step", kRows, model_.cost(Part::flow_step, kFlowPrompt),
                [&] { return time_of([&] { engine.step(); }); });
}

}  // namespace janus::cli
