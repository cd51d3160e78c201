// The same prompt and seed give the same latent on the CPU and on the device of the test, but for rounding,
// and nearly the same image. By ids: the build may lack the tokenizer.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "generator/model.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

struct Case {
  WeightType type;
  // Relative L2 of the latents' difference. In f32 both add in f32; else the cache holds bf16, in which the
  // last bit is 2^-8 of a number.
  double most;
};

class FlowDevices : public testing::TestWithParam<Case> {
 protected:
  GeneratedImage draw(const std::shared_ptr<Device>& device) const {
    const auto model = open_model(checkpoint_, device, {.type = GetParam().type});
    return test::generate(*model, {.prompt_ids = kPrompt, .steps = 3, .sampling = {.seed = 11}}).front();
  }

  // The small model; on a GPU what has learnt to draw.
  const Checkpoint checkpoint_ =
      Checkpoint::open(std::getenv("JANUS_TEST_GENERATIONS") == nullptr
                           ? std::string(JANUS_TEST_DATA "/flow/models/plain")
                           : std::string(JANUS_SOURCE_DIR "/samples/janus-flow-tiny/model"));
  static inline const std::vector<int32_t> kPrompt{1, 17, 40, 9, 23, 5, 60, 31, 8};
};

TEST_P(FlowDevices, DrawTheSameImage) {
  const GeneratedImage expected = draw(open_device("cpu")), found = draw(oracle::test_device());
  ASSERT_EQ(found.latent.values.size(), expected.latent.values.size());
  double apart = 0, whole = 0;
  for (size_t i = 0; i < expected.latent.values.size(); ++i) {
    const double value = expected.latent.values[i];
    apart += std::pow(found.latent.values[i] - value, 2);
    whole += value * value;
  }
  EXPECT_TRUE(std::sqrt(apart / whole) <= GetParam().most) << std::sqrt(apart / whole);
  ASSERT_EQ(found.image.pixels.size(), expected.image.pixels.size());
  double levels = 0;
  for (size_t i = 0; i < expected.image.pixels.size(); ++i) {
    levels += std::abs(found.image.pixels[i] - expected.image.pixels[i]);
  }
  EXPECT_LE(levels / static_cast<double>(expected.image.pixels.size()), 255 * GetParam().most);
}

INSTANTIATE_TEST_SUITE_P(Types, FlowDevices,
                         testing::Values(Case{WeightType::f32, 1e-5}, Case{WeightType::bf16, 2e-3},
                                         Case{WeightType::f16, 2e-3}),
                         [](const auto& test) { return std::string(name_of(test.param.type)); });

}  // namespace
}  // namespace janus
