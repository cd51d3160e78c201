// The same prompt and seed give the same codes on the CPU and on the device of the test, or the two sample
// different ones where their scores are as good as equal. By ids: the build may lack the tokenizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "tests/core/model_files.h"
#include "tests/support/damaged.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

struct Case {
  WeightType type;
  // Scores nearer than this may change places. In f32 both add in f32; else the cache holds bf16, in which
  // the last bit is 2^-8 of a number, and guidance makes more of it.
  double margin;
};

class Devices : public testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<Model> open(const std::shared_ptr<Device>& device) const {
    return open_model(checkpoint_, device, {.type = GetParam().type});
  }
  // What the sampling of `code` at `step` compares: guided log-probability and noise.
  static double score(const Model& model, const GenerateOptions& options, uint32_t seed, ImageCodes codes,
                      size_t step, int32_t code) {
    codes.codes[step] = code;
    const float guidance = options.guidance.value_or(ImageDefaults{}.guidance);
    const Score all =
        model.score({.prompt_ids = kPrompt, .codes = std::move(codes), .guidance = guidance}).front();
    const auto id = static_cast<uint32_t>(code);
    const uint32_t word = philox4x32_10({id / 4, static_cast<uint32_t>(step), 0, 0}, {seed, 0})[id % 4];
    return all.logprobs[step] - std::log(-std::log((word + 0.5) * 0x1p-32));
  }

  // The small model; on a GPU also what is built in, which has learnt to generate.
  const Checkpoint checkpoint_ =
      Checkpoint::open(std::getenv("JANUS_TEST_GENERATIONS") == nullptr
                           ? std::string(JANUS_TEST_DATA "/models/grouped-query")
                           : std::string(JANUS_SOURCE_DIR "/samples/janus-tiny/model"));
  static inline const std::vector<int32_t> kPrompt{1, 17, 40, 9, 23, 5, 60, 31, 8};
};

TEST_P(Devices, SampleTheSameCodes) {
  const auto cpu = open(open_device("cpu")), other = open(oracle::test_device());
  const GenerateOptions options{.prompt_ids = kPrompt, .count = 3, .sampling = {.seed = 11}};
  const std::vector<GeneratedImage> expected = test::generate(*cpu, options),
                                    found = test::generate(*other, options);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t image = 0; image < expected.size(); ++image) {
    const std::vector<int32_t>&a = expected[image].codes.codes, &b = found[image].codes.codes;
    ASSERT_EQ(a.size(), b.size());
    const auto step = static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
    if (step == a.size()) continue;
    const uint32_t seed = options.sampling.seed + static_cast<uint32_t>(image);
    const double gap = score(*cpu, options, seed, expected[image].codes, step, a[step]) -
                       score(*cpu, options, seed, expected[image].codes, step, b[step]);
    std::printf("image %zu: codes part at %zu of %zu, scores %.2g apart\n", image, step, a.size(), gap);
    EXPECT_TRUE(std::abs(gap) <= GetParam().margin) << "image " << image << ", code " << step << ": " << gap;
  }
}

// A code that one image samples and the other does not has a damaged embedding.
TEST_P(Devices, DamageEndsTheImageThatMeetsItAlone) {
  if (GetParam().type != WeightType::bf16) GTEST_SKIP() << "the same for all";
  const auto device = oracle::test_device();
  const auto whole = open(device);
  const GenerateOptions options{.prompt_ids = kPrompt, .count = 2, .sampling = {.seed = 11}};
  const std::vector<GeneratedImage> expected = test::generate(*whole, options);
  const std::vector<int32_t>&bad = expected[0].codes.codes, &good = expected[1].codes.codes;
  const auto code = std::find_if(bad.begin(), bad.end() - 1, [&](int32_t id) {
    return std::find(good.begin(), good.end(), id) == good.end();
  });
  ASSERT_NE(code, bad.end() - 1);
  const Checkpoint damaged = test::damaged(checkpoint_, "model.generation_embeddings.weight",
                                           std::numeric_limits<float>::quiet_NaN(), *code, 1);
  const auto model = open_model(damaged, device, {.type = GetParam().type});
  Engine engine(*model, {.rows = 4});
  std::string error;
  std::vector<int32_t> codes;
  for (const uint32_t seed : {11U, 12U}) {
    engine.submit(ImageRequest{.prompt_ids = kPrompt, .sampling = {.seed = seed}},
                  {.on_done = [&](GeneratedImage& image) { codes = image.codes.codes; },
                   .on_error =
                       [&](const std::exception_ptr& found) {
                         error = test::error_of([&] { std::rethrow_exception(found); });
                       }});
  }
  while (engine.step()) {
  }
  test::expect_error(error, {"embeddings of codes", "expected finite numbers"});
  EXPECT_EQ(codes, good);
}

std::vector<Case> cases() {
  std::vector<Case> cases{{WeightType::f32, 1e-3}, {WeightType::bf16, 0.1}};
  for (const DType type : block_types()) cases.push_back({type, 0.2});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Types, Devices, testing::ValuesIn(cases()),
                         [](const auto& test) { return std::string(name_of(test.param.type)); });

}  // namespace
}  // namespace janus
