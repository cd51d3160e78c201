// Stands in for the engine in builds of fuzzers, whose readers compute nothing.
#include "generator/engine/engine_model.h"

namespace janus {

// Every prompt fits tests/fuzz/words_model.h.
void check_image_prompt(const EngineModel& /*model*/, const ImageRequest& /*request*/) {}

PromptImage prompt_image(const Image& image, const PreprocessConfig& config) {
  return std::make_shared<const std::vector<float>>(preprocess(image, config));
}

}  // namespace janus
